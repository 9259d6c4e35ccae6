package render_test

import (
	"strings"
	"testing"

	"passmill/render"
)

// TestDecodeLoosely checks that what real passes have is read past, and noted.
func TestDecodeLoosely(t *testing.T) {
	const text = "\ufeff{ // made by hand\n  \"a\": [1, 2,], /* and */\n  \"b\": \"// no comment\",,\n  \"a\": 3,\n}"
	n, notes, err := render.DecodeLoosely("pass.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(n.AppendJSON(nil)), `{"a":[1,2],"b":"// no comment","a":3}`; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	var lines []string
	for _, note := range notes {
		lines = append(lines, note.Error())
	}
	got := strings.Join(lines, "\n")
	for _, want := range []string{
		"pass.json:1:4: JSON has no comments", "pass.json:2:13: a comma too many", "pass.json:2:17: JSON has no comments",
		"pass.json:3:24: a comma too many", `pass.json:4:3: the key "a" stands twice in one object`, "pass.json:4:9: a comma too many",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no note %q among\n%s", want, got)
		}
	}
	if len(notes) != 6 {
		t.Errorf("%d notes, want 6:\n%s", len(notes), got)
	}
	for _, bad := range []string{`{"a" 1}`, `{"a": 1`, `{'a': 1}`, ``, "\xff", `{"a": 1} x`} {
		if n, _, err := render.DecodeLoosely("pass.json", []byte(bad)); err == nil || n != nil {
			t.Errorf("%s is read as %v", bad, n)
		}
	}
}

func TestParseStringsLoosely(t *testing.T) {
	entries, mended, err := render.ParseStringsLoosely("de.lproj/pass.strings", []byte("\"a\" = \"1\";\n\"a\" = \"2\";\n"))
	if err != nil || len(entries) != 2 || len(mended) != 1 || mended[0].Line != 2 {
		t.Errorf("got %v, %v, %v", entries, mended, err)
	}
	for _, bad := range []string{`"a" = `, "\xff\xfe\x00", "bplist00\xd1"} {
		if _, _, err := render.ParseStringsLoosely("de.lproj/pass.strings", []byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
