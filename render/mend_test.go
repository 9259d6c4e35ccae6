package render_test

import (
	"testing"

	"passmill/render"
)

func TestMend(t *testing.T) {
	n, mended, err := render.Mend("pass.json", []byte("{\"a\": 1, // one\n\"a\": [2,],\n/* two */}"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(n.AppendJSON(nil)), `{"a":1,"a":[2]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := []string{
		"pass.json:1:10: JSON has no comments; remove it",
		"pass.json:2:1: the key \"a\" stands twice in one object",
		"pass.json:2:8: a comma too many before \"]\"; remove it",
		"pass.json:2:10: a comma too many before \"}\"; remove it",
		"pass.json:3:1: JSON has no comments; remove it",
	}
	if len(mended) != len(want) {
		t.Fatalf("got %v, want %v", mended, want)
	}
	for i := range want {
		if mended[i].Error() != want[i] {
			t.Errorf("got %v, want %s", mended[i], want[i])
		}
	}
	for _, bad := range []string{`{"a" 1}`, "{", "\xff", `{"a": 1} x`, ""} {
		if n, _, err := render.Mend("pass.json", []byte(bad)); err == nil || n != nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestMendStrings(t *testing.T) {
	entries, mended, err := render.MendStrings("de.lproj/pass.strings", []byte("\"a\" = \"1\";\n\"a\" = \"2\";\n"))
	if err != nil || len(entries) != 2 || len(mended) != 1 || mended[0].Line != 2 {
		t.Errorf("got %v, %v, %v", entries, mended, err)
	}
	for _, bad := range []string{`"a" = `, "\xff\xfe\x00", "bplist00\xd1"} {
		if _, _, err := render.MendStrings("de.lproj/pass.strings", []byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
