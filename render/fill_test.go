package render_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/render"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var identity = render.Identity{TypeID: "pass.example.club", TeamID: "ABCDE12345"}

func compile(t testing.TB, src render.Source, id render.Identity) *render.Template {
	t.Helper()
	tmpl, err := render.Compile(src, id)
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	return tmpl
}

// values returns the values of a template from a map of texts; what the map
// doesn't hold is absent.
func values(tmpl *render.Template, texts map[string]string) []render.Value {
	list := make([]render.Value, len(tmpl.Names()))
	for i, name := range tmpl.Names() {
		if text, ok := texts[name]; ok {
			list[i] = render.Value{Text: text, Present: true}
			if strings.HasPrefix(text, "json:") {
				list[i].Text = text[len("json:"):]
				list[i].JSON = list[i].Text
			}
		}
	}
	return list
}

// fill returns pass.json without what passmill sets in front of it.
func fill(t testing.TB, tmpl *render.Template, texts map[string]string) string {
	t.Helper()
	files, err := tmpl.Fill(nil, render.Input{Values: values(tmpl, texts), Serial: "S"})
	if err != nil {
		t.Fatalf("Fill: %v", err)
	}
	const head = `"formatVersion":1,"passTypeIdentifier":"pass.example.club","teamIdentifier":"ABCDE12345","serialNumber":"S"`
	got := strings.Replace(string(files[0]), head, "", 1)
	return strings.Replace(got, "{,", "{", 1)
}

var optional = []render.Field{{Name: "A", Optional: true}, {Name: "B", Optional: true}, {Name: "J", JSON: true, Optional: true}}

func TestFill(t *testing.T) {
	for _, test := range []struct {
		name, template, want string
		texts                map[string]string
	}{
		{"whole", `{"description":"$$A"}`, `{"description":"x"}`, map[string]string{"A": "x"}},
		{"within text", `{"description":"Dear $$A, $${B}s"}`, `{"description":"Dear x, ys"}`, map[string]string{"A": "x", "B": "y"}},
		{"names fold", `{"a":"$$a","b":"$$A","c":"$${ A }"}`, `{"a":"x","b":"x","c":"x"}`, map[string]string{"A": "x"}},
		{"literal", `{"a":"$$$$A costs $5","b":"$$$$$$A"}`, `{"a":"$$A costs $5","b":"$$x"}`, map[string]string{"A": "x"}},
		{"not scanned again", `{"a":"$$A"}`, `{"a":"$$B $$$$"}`, map[string]string{"A": "$$B $$$$"}},
		{"escaped", `{"a":"$$A"}`, `{"a":"\",\"b\":\"\\\n\u0000é"}`, map[string]string{"A": "\",\"b\":\"\\\n\x00é"}},
		{"number", `{"storeCard":{"headerFields":[{"key":"k","value":"$$A"}]}}`, `{"storeCard":{"headerFields":[{"key":"k","value":1.50}]}}`, map[string]string{"A": "json:1.50"}},
		{"number in text", `{"a":"$$A points"}`, `{"a":"7 points"}`, map[string]string{"A": "json:7"}},
		{"number where text is", `{"barcode":{"message":"$$A"}}`, `{"barcode":{"message":"0123"}}`, map[string]string{"A": "0123"}},
		{"list", `{"locations":"$$J"}`, `{"locations":[{"latitude":1,"longitude":2}]}`, map[string]string{"J": `json:[{"latitude":1,"longitude":2}]`}},
		{"numbers exact", `{"maxDistance":1.500e2,"a":"$$A"}`, `{"maxDistance":1.500e2,"a":"x"}`, map[string]string{"A": "x"}},
		{"html", `{"storeCard":{"backFields":[{"key":"k","attributedValue":"<a href='$$A'>$$B</a>"}]}}`,
			`{"storeCard":{"backFields":[{"key":"k","attributedValue":"<a href='x&#39;y'>&lt;b&gt;</a>"}]}}`, map[string]string{"A": "x'y", "B": "<b>"}},
		{"absent", `{"logoText":"$$A","a":"$$B"}`, `{"a":"y"}`, map[string]string{"B": "y"}},
		{"absent within text", `{"logoText":"Dear $$A"}`, `{"logoText":"Dear "}`, nil},
		{"absent and blank", `{"logoText":"$$A $$B","a":1}`, `{"a":1}`, nil},
		{"empty is not absent", `{"logoText":"$$A"}`, `{"logoText":""}`, map[string]string{"A": ""}},
		{"field", `{"storeCard":{"headerFields":[{"key":"k","label":"L","value":"$$A"},{"key":"l","value":1}]}}`, `{"storeCard":{"headerFields":[{"key":"l","value":1}]}}`, nil},
		{"field with attributed value", `{"storeCard":{"backFields":[{"key":"k","value":"$$A","attributedValue":"x"}]}}`, `{"storeCard":{"backFields":[{"key":"k","attributedValue":"x"}]}}`, nil},
		{"label only", `{"storeCard":{"headerFields":[{"key":"k","label":"$$A","value":1}]}}`, `{"storeCard":{"headerFields":[{"key":"k","value":1}]}}`, nil},
		{"group and style", `{"storeCard":{"headerFields":[{"key":"k","value":"$$A"}]},"a":1}`, `{"storeCard":{},"a":1}`, nil},
		{"barcodes", `{"barcodes":[{"format":"PKBarcodeFormatQR","message":"$$A"}],"a":1}`, `{"a":1}`, nil},
		{"one of two barcodes", `{"barcodes":[{"format":"x","message":"$$A"},{"message":"y"}]}`, `{"barcodes":[{"message":"y"}]}`, nil},
		{"barcode", `{"barcode":{"format":"PKBarcodeFormatQR","message":"$$A"},"a":1}`, `{"a":1}`, nil},
		{"location", `{"locations":[{"latitude":"$$A","longitude":"$$B"},{"latitude":1,"longitude":2}]}`, `{"locations":[{"latitude":1,"longitude":2}]}`, map[string]string{"A": "json:1"}},
		{"interval", `{"relevantDates":[{"startDate":"s","endDate":"$$A"},{"date":"$$B","relevantDate":"r"}]}`, `{"relevantDates":[{"relevantDate":"r"}]}`, nil},
		{"emptied object", `{"semantics":{"seats":[{"seatRow":"$$A"}],"eventName":"$$B"},"a":1}`, `{"a":1}`, nil},
		{"empty from the start", `{"storeCard":{"backFields":[]},"userInfo":{},"a":"$$A"}`, `{"storeCard":{"backFields":[]},"userInfo":{}}`, nil},
		{"list of strings", `{"associatedStoreIdentifiers":[1,"$$A"]}`, `{"associatedStoreIdentifiers":[1]}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			tmpl := compile(t, render.Source{JSON: []byte(test.template), Fields: optional}, identity)
			if got := fill(t, tmpl, test.texts); got != test.want {
				t.Errorf("%s\n got %s\nwant %s", test.template, got, test.want)
			}
		})
	}
}

func TestFillReportsEveryBadValue(t *testing.T) {
	tmpl := compile(t, render.Source{JSON: []byte(`{"a":"$$One","b":"$$Two","c":"$$Three","d":"$$Four"}`)}, identity)
	_, err := tmpl.Fill(nil, render.Input{Serial: "S", Values: []render.Value{
		{}, {Text: "a\xff", Present: true}, {Text: "x", JSON: `["x"]`, Present: true}, {},
	}})
	want := "One has no value, but is required\nTwo is not valid UTF-8\n" +
		"Three is not JSON of the kind that was declared: it is an array\nFour has no value, but is required"
	if err == nil || err.Error() != want {
		t.Errorf("got error %v\nwant %s", err, want)
	}
	for value, want := range map[string]string{`{"a":"secret}`: "line 1, column 6", `["a","b"`: "line 1, column 9", `12 secret`: "line 1, column 4"} {
		_, err := tmpl.Fill(nil, render.Input{Serial: "S", Values: []render.Value{{JSON: value, Present: true}, {}, {}, {}}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got error %v, want %s and no words of the value", value, err, want)
		}
	}
	for _, sentinel := range []error{render.ErrNoValue, render.ErrNotUTF8, render.ErrNotJSON} {
		if !errors.Is(err, sentinel) {
			t.Errorf("error is not %q", sentinel)
		}
	}
	if ve, ok := errors.AsType[*render.ValueError](err); !ok || ve.Name != "One" {
		t.Errorf("got ValueError %v, want one of One", ve)
	}
}

// TestLargeObjects checks that a value with thousands of keys costs no more than
// its length, and that a key that stands twice is still found.
func TestLargeObjects(t *testing.T) {
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, `"%d":1,`, i)
	}
	if _, err := render.Decode("f", []byte("{"+b.String()+`"x":1}`)); err != nil {
		t.Error(err)
	}
	if _, err := render.Decode("f", []byte("{"+b.String()+`"7":1}`)); err == nil {
		t.Error("a key that stands twice was taken")
	}
}

func TestFillBounds(t *testing.T) {
	tmpl := compile(t, render.Source{JSON: []byte(`{"a":"$$A"}`)}, identity)
	empty, err := tmpl.Fill(nil, render.Input{Serial: "S", Values: []render.Value{{Present: true}}})
	if err != nil {
		t.Fatal(err)
	}
	room := render.MaxPass - len(empty[0])
	for extra, want := range map[int]error{-1: nil, 0: nil, 1: render.ErrTooLarge} {
		value := render.Value{Text: strings.Repeat("x", room+extra), Present: true}
		if _, err := tmpl.Fill(nil, render.Input{Serial: "S", Values: []render.Value{value}}); !errors.Is(err, want) {
			t.Errorf("%d bytes over the limit: got error %v, want %v", extra, err, want)
		}
	}
}

func TestWebService(t *testing.T) {
	id := identity
	id.WebServiceURL = "https://example.com/passes"
	tmpl := compile(t, render.Source{JSON: []byte(`{"description":"d"}`)}, id)
	if _, err := tmpl.Fill(nil, render.Input{Serial: "S", Token: "short"}); err == nil {
		t.Error("a token of five characters was taken")
	}
	files, err := tmpl.Fill(nil, render.Input{Serial: "S", Token: "0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	want := `"webServiceURL":"https://example.com/passes","authenticationToken":"0123456789abcdef"`
	if !strings.Contains(string(files[0]), want) {
		t.Errorf("got %s\nwant it to contain %s", files[0], want)
	}
}

func TestNames(t *testing.T) {
	tmpl := compile(t, render.Source{
		JSON: []byte(`{"$$logoText", "description":"$$Member_ID", "serialNumber":"$$memberid",
			"locations":"$$Places", "maxDistance":"$$Far", "a":"$$Far away"}`),
		Strings: map[string][]byte{"de.lproj/pass.strings": []byte(`"hi" = "Hallo $$Greeting $$MemberID";`)},
		Fields:  []render.Field{{Name: "Greeting", Languages: []string{"de", "fr"}}},
	}, identity)
	want := []render.Field{
		{Name: "memberid", Type: render.String},
		{Name: "logoText", Type: render.String, Optional: true},
		{Name: "Places", Type: render.List, JSON: true},
		{Name: "Far", Type: render.String},
		{Name: "Greeting", Languages: []string{"de", "fr"}, Type: render.String},
		{Name: "Greeting@de", Type: render.String, Optional: true},
	}
	if diff := cmp.Diff(want, tmpl.Fields()); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got := tmpl.SerialField(); got != "memberid" {
		t.Errorf("serial number comes from %q, want memberid", got)
	}
}

func TestSources(t *testing.T) {
	tmpl := compile(t, render.Source{JSON: []byte(`{"logoText":"x","storeCard":{"primaryFields":[
		{"key":"a","value":1},{"key":"b","value":"$$A"},{"key":"c","value":"$$B $$C"}]},
		"barcodes":[{"message":"$$A"},{"message":"$$C-$$D"}]}`), Fields: optional}, identity)
	in := render.Input{Serial: "S", Values: values(tmpl, map[string]string{"B": "b", "C": "c", "D": "d"})}
	for path, want := range map[string][]string{
		"barcodes[0].message":              {"C", "D"}, // the first one dropped
		"storeCard.primaryFields[1].value": {"B", "C"},
		"storeCard.primaryFields[0].value": nil,
		"storeCard":                        {"A", "B", "C"},
		"serialNumber":                     nil,
		"logoText":                         nil,
		"nothing[0].here":                  nil,
	} {
		if diff := cmp.Diff(want, tmpl.Sources(in, path)); diff != "" {
			t.Errorf("sources of %s (-want +got):\n%s", path, diff)
		}
	}
}

// TestInside checks which part of a path lies inside of a value, in both dialects.
func TestInside(t *testing.T) {
	tmpl := compile(t, render.Source{JSON: []byte(`{"logoText":"$$Title", "storeCard":{"$$headerFields", "backFields":"$$Back",
		"primaryFields":[{"key":"a","value":"$$Title of $$Title"}]}}`), Fields: []render.Field{{Name: "Back", JSON: true}}}, identity)
	in := render.Input{Serial: "S", Values: values(tmpl, map[string]string{
		"Title": "t", "headerFields": `json:[{"key":"a","value":1}]`, "Back": `json:[{"key":"b","value":2}]`,
	})}
	for path, want := range map[string]string{
		"storeCard.headerFields[1].dateStyle": "[1].dateStyle",
		"storeCard.headerFields":              "",
		"storeCard.backFields[0].key":         "[0].key",
		"storeCard.primaryFields[0].value":    "",
		"logoText":                            "",
		"nothing[0].here":                     "",
	} {
		if got := tmpl.Inside(in, path); got != want {
			t.Errorf("inside of %s: got %q, want %q", path, got, want)
		}
	}
}

// golden compares got with a file in testdata/golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); -update rewrites it:\n%s", path, diff)
	}
}
