package render_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/render"
)

// translated is a template whose fields have German and Portuguese columns.
func translated(t *testing.T, strings map[string][]byte) *render.Template {
	return compile(t, render.Source{
		JSON: []byte(`{"description": "$$Motto", "locations": [{"latitude": 1, "longitude": 2, "relevantText": "$$Near"}],
			"userInfo": {"label": "$$Other"}, "storeCard": {"backFields": [
			{"key": "a", "label": "$$Motto", "value": "$$Greeting"}, {"key": "b", "value": "Dear $$Other"}]}}`),
		Strings: strings,
		Fields: []render.Field{
			{Name: "Greeting", Optional: true, Languages: []string{"de", "pt-BR"}}, {Name: "Motto", Languages: []string{"de"}},
			{Name: "Near", Optional: true, Languages: []string{"de"}}, {Name: "Other", Optional: true, Languages: []string{"fr"}},
		},
	}, identity)
}

// TestTranslate checks what goes into the strings files by itself: the text of
// the pass is the key, and a language without a folder gets one.
func TestTranslate(t *testing.T) {
	tmpl := translated(t, map[string][]byte{"de.lproj/pass.strings": []byte(`"Tier" = "Stufe"; "Hello" = "from the folder";`)})
	want := []string{"pass.json", "de.lproj/pass.strings", "pt-BR.lproj/pass.strings"}
	if diff := cmp.Diff(want, tmpl.Files()); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	for name, test := range map[string]struct {
		values map[string]string
		de, pt string // "" means that the pass has no such file
	}{
		"nothing":      {map[string]string{"Motto": "M"}, "\"Tier\" = \"Stufe\";\n\"Hello\" = \"from the folder\";\n", ""},
		"a language":   {map[string]string{"Motto": "M", "Greeting": "Hi", "Greeting@de": "Servus"}, "\"Tier\" = \"Stufe\";\n\"Hello\" = \"from the folder\";\n\"Hi\" = \"Servus\";\n", ""},
		"every one":    {map[string]string{"Motto": "M", "Motto@de": "D", "Greeting": "H\"i", "Greeting@de": "x", "Greeting@pt-BR": "Oi"}, "\"Tier\" = \"Stufe\";\n\"Hello\" = \"from the folder\";\n\"M\" = \"D\";\n\"H\\\"i\" = \"x\";\n", "\"H\\\"i\" = \"Oi\";\n"},
		"row wins":     {map[string]string{"Motto": "M", "Greeting": "Hello", "Greeting@de": "from the row"}, "\"Tier\" = \"Stufe\";\n\"Hello\" = \"from the row\";\n", ""},
		"same text":    {map[string]string{"Motto": "A", "Motto@de": "B", "Near": "A", "Near@de": "B"}, "\"Tier\" = \"Stufe\";\n\"Hello\" = \"from the folder\";\n\"A\" = \"B\";\n", ""},
		"without text": {map[string]string{"Motto": "M", "Greeting@de": "Servus"}, "\"Tier\" = \"Stufe\";\n\"Hello\" = \"from the folder\";\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := tmpl.Fill(make([][]byte, 3), render.Input{Values: values(tmpl, test.values), Serial: "S"})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(files[1]); got != test.de {
				t.Errorf("German: got %q, want %q", got, test.de)
			}
			if got := string(files[2]); got != test.pt || (files[2] == nil) != (test.pt == "") {
				t.Errorf("Portuguese: got %q, want %q", got, test.pt)
			}
		})
	}
}

// TestTranslateWide checks that a file is UTF-16 as soon as a value needs it.
func TestTranslateWide(t *testing.T) {
	tmpl := translated(t, nil)
	files, err := tmpl.Fill(nil, render.Input{Values: values(tmpl, map[string]string{"Motto": "Zoë", "Motto@de": "😀"}), Serial: "S"})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := render.ParseStrings("s", files[1])
	if err != nil || len(entries) != 1 || entries[0].Key != "Zoë" || entries[0].Value != "😀" || string(files[1][:2]) != "\xff\xfe" {
		t.Errorf("got %q (%v), want one entry in UTF-16", files[1], err)
	}
}

// TestTranslatedTwice checks that a text with two translations is refused: a
// phone would show one of them in both places.
func TestTranslatedTwice(t *testing.T) {
	tmpl := translated(t, nil)
	_, err := tmpl.Fill(nil, render.Input{Values: values(tmpl, map[string]string{"Motto": "Gold", "Motto@de": "Stufe", "Near": "Gold", "Near@de": "Metall"}), Serial: "S"})
	at, ok := errors.AsType[*render.ValueError](err)
	if !ok || !errors.Is(err, render.ErrTranslatedTwice) || at.Name != "Near@de" {
		t.Errorf("got error %v, want one that names Near@de", err)
	}
}
