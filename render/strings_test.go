package render_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"passmill/render"
)

var ignorePlaces = cmpopts.IgnoreUnexported(render.Entry{})

func TestParseStrings(t *testing.T) {
	const text = "/* head */\n\"a\" = \"x \\\"y\\\" \\n \\U00e4 \\\\\"; // tail\n b.c=\"// no comment\";\n\"\" = \"two\nlines\";"
	want := []render.Entry{{Key: "a", Value: "x \"y\" \n ä \\"}, {Key: "b.c", Value: "// no comment"}, {Key: "", Value: "two\nlines"}}
	got, err := render.ParseStrings("pass.strings", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, ignorePlaces); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStringsMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"\"a\" = \"1\";\n\"a\" = \"2\";\n\"a\" = \"3\";": "s:2:1: the key \"a\" stands twice\ns:3:1: the key \"a\" stands twice",
		"\"a\" = \"1\"\n\"b\" = \"2\";":                  "s:2:1: \";\" is expected here; a line reads \"key\" = \"value\";",
		"\"a\" \"1\";":                                   "s:1:5: \"=\" is expected here; a line reads \"key\" = \"value\";",
		"\"a\" = \"1":                                    "s:1:7: this string is not closed; a quote is missing",
		"/* a":                                           "s:1:1: this comment is not closed",
		"\"a\" = \"\\q\";":                               "s:1:8: a backslash stands before nothing that it could mean; write \\\\ for the character itself",
		"\"a\" = \"\xff\";":                              "s: neither UTF-8 nor UTF-16 with a byte order mark; save it as one of them",
		"\xfe\xff\xd8\x00":                               "s: holds half a character of UTF-16; save it again",
		"\xff\xfea":                                      "s: cut off within a character of UTF-16",
	} {
		_, err := render.ParseStrings("s", []byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%q: got error %v, want %s", text, err, want)
		}
	}
}

// TestStringsRoundTrip checks that any entries survive being written and read.
func TestStringsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []render.Entry
		for i, key := range rapid.SliceOfDistinct(rapid.String(), rapid.ID).Draw(t, "keys") {
			want = append(want, render.Entry{Key: key, Value: rapid.String().Draw(t, "value"+string(rune('a'+i%26)))})
		}
		data := render.AppendStrings(nil, want)
		got, err := render.ParseStrings("s", data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, ignorePlaces); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

func FuzzStrings(f *testing.F) {
	f.Add([]byte("\"a\" = \"\\ud83d\\ude00 \\U0000\";"))
	f.Add([]byte("\xfe\xff\x00a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := render.ParseStrings("s", data)
		if err != nil {
			return
		}
		twice, err := render.ParseStrings("s", render.AppendStrings(nil, once))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(once, twice, ignorePlaces, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestRealStrings reads the UTF-16 files of a real pass.
func TestRealStrings(t *testing.T) {
	data, err := os.ReadFile("testdata/passes/kpkpass-boardingpass-v1-de.strings")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := render.ParseStrings("pass.strings", data)
	if err != nil {
		t.Fatal(err)
	}
	want := render.Entry{Key: "seatchangeMessage", Value: "Sitzplatznummer geändert in %@"}
	if len(entries) < 4 || entries[3].Value != want.Value {
		t.Errorf("got %v, want %v as the fourth", entries, want)
	}
}

func TestFillStrings(t *testing.T) {
	tmpl := compile(t, render.Source{
		JSON: []byte(`{"description": "$$Title"}`),
		Strings: map[string][]byte{
			"en.lproj/pass.strings": []byte(`"hello" = "Dear \"$$Title\"";`),
			"de.lproj/pass.strings": []byte(`"hello" = "Hallo $$Title$$Extra"; /* gone */ "b" = "5 $$$$";`),
			"fr.lproj/pass.strings": []byte(`"hello" = "plain"; // kept`),
			"ru.lproj/pass.strings": []byte(`"hello" = "да";`),
		},
		Fields: []render.Field{{Name: "Title", Languages: []string{"de"}}, {Name: "Extra", Optional: true}},
	}, identity)
	if diff := cmp.Diff([]string{"pass.json", "de.lproj/pass.strings", "en.lproj/pass.strings"}, tmpl.Files()); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	constant := tmpl.Constant()
	if got := string(constant["fr.lproj/pass.strings"]); got != `"hello" = "plain"; // kept` {
		t.Errorf("the French file became %q", got)
	}
	if got := string(constant["ru.lproj/pass.strings"]); !strings.HasPrefix(got, "\xff\xfe\"\x00h\x00") {
		t.Errorf("the Russian file is %q, want UTF-16", got)
	}
	fillBoth := func(texts map[string]string) (de, en string) {
		files, err := tmpl.Fill(nil, render.Input{Values: values(tmpl, texts), Serial: "S"})
		if err != nil {
			t.Fatal(err)
		}
		return string(files[1]), string(files[2])
	}
	de, en := fillBoth(map[string]string{"Title": "D\"r;", "Title@de": "Doktor"})
	if want := "\"hello\" = \"Hallo Doktor\";\n\"b\" = \"5 $$\";\n\"D\\\"r;\" = \"Doktor\";\n"; de != want {
		t.Errorf("German: got %q, want %q", de, want)
	}
	if want := "\"hello\" = \"Dear \\\"D\\\"r;\\\"\";\n"; en != want {
		t.Errorf("English: got %q, want %q", en, want)
	}
	de, _ = fillBoth(map[string]string{"Title": "Dr"})
	if want := "\"hello\" = \"Hallo Dr\";\n\"b\" = \"5 $$\";\n"; de != want {
		t.Errorf("without a German value: got %q, want %q", de, want)
	}
	de, _ = fillBoth(map[string]string{"Title": "ä😀"})
	if entries, err := render.ParseStrings("s", []byte(de)); err != nil || utf8.ValidString(de) || entries[0].Value != "Hallo ä😀" {
		t.Errorf("beyond ASCII: got %q (%v), want UTF-16", de, err)
	}
}
