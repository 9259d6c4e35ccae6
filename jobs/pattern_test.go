package jobs_test

import (
	"io/fs"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passmill/jobs"
)

func name(t testing.TB, pattern, serial string, row int, folder bool) string {
	t.Helper()
	p, err := jobs.ParsePattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return p.Name(serial, row, folder)
}

func TestNames(t *testing.T) {
	tests := []struct {
		pattern, serial string
		folder          bool
		want            string
	}{
		{"{serial}.pkpass", "M-00042", false, "M-00042.pkpass"},
		{"{serial}.pkpass", "M-00042", true, "1e/M-00042.pkpass"},
		{"{hash:2}/{serial}.pkpass", "M-00042", true, "1e/M-00042.pkpass"},
		{"{hash}.pkpass", "M-00042", false, "1e26277736bdd997f17202a1d0502973.pkpass"},
		{"passes/{row}.pkpass", "M-00042", true, "passes/7.pkpass"},
		{"{serial}.pkpass", "../../etc/x", false, "=2E.=2F..=2Fetc=2Fx.pkpass"},
		{"{serial}.pkpass", "a b=c", false, "a=20b=3Dc.pkpass"},
		{"{serial}.pkpass", "CON", false, "=43ON.pkpass"},
		{"{serial}.pkpass", "com1.x", false, "=63om1.x.pkpass"},
		{"{serial}.pkpass", "ü", false, "=C3=BC.pkpass"},
		{"x-{serial}-{row}.pkpass", ".", false, "x-=2E-7.pkpass"},
	}
	for _, test := range tests {
		got := name(t, test.pattern, test.serial, 7, test.folder)
		if got != test.want {
			t.Errorf("%s of %q: got %q, want %q", test.pattern, test.serial, got, test.want)
		}
	}
}

// TestNamesAreSafe: whatever the serial number, the name is one file inside the
// sink, short enough, and no other serial's.
func TestNamesAreSafe(t *testing.T) {
	p, err := jobs.ParsePattern("{serial}.pkpass")
	if err != nil {
		t.Fatal(err)
	}
	serials := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z.=~/%-]{0,200}`), rapid.StringMatching(`(con|NUL|\.\.|C:)[./\\]?.{0,3}`))
	rapid.Check(t, func(t *rapid.T) {
		a, b := serials.Draw(t, "a"), serials.Draw(t, "b")
		nameA, nameB := p.Name(a, 1, false), p.Name(b, 2, false)
		if a != b && nameA == nameB {
			t.Errorf("%q and %q have the same name %q", a, b, nameA)
		}
		if a != "" && !fs.ValidPath(nameA) || strings.ContainsAny(nameA, `/\:*?"<>| `) || len(nameA) > 200 || strings.HasPrefix(nameA, ".") && a != "" {
			t.Errorf("%q has the unsafe name %q", a, nameA)
		}
		for _, r := range nameA {
			if r < '!' || r > '~' {
				t.Errorf("%q has the unsafe name %q", a, nameA)
			}
		}
	})
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"seriel": "serial", "MAP": "map", "xyz": "", "outptu": "output"} {
		if got := jobs.Nearest(word, []string{"serial", "map", "output"}); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestValuesRoundTrip(t *testing.T) {
	fields := []jobs.Field{{Name: "A"}, {Name: "Bee"}, {Name: "C"}}
	rapid.Check(t, func(t *rapid.T) {
		values := make([]jobs.Value, len(fields))
		for i := range values {
			if rapid.Bool().Draw(t, "present") {
				values[i] = jobs.Value{Text: rapid.String().Draw(t, "text"), JSON: rapid.String().Draw(t, "json"), Present: true}
			}
		}
		data := jobs.AppendValues(nil, fields, values)
		got := make([]jobs.Value, len(fields))
		if err := jobs.ParseValues(data, fields, got); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != values[i] {
				t.Errorf("got %+v, want %+v", got, values)
			}
		}
	})
}

func FuzzParseValues(f *testing.F) {
	fields := []jobs.Field{{Name: "A"}, {Name: "B"}}
	f.Add(jobs.AppendValues(nil, fields, []jobs.Value{{Text: "x", Present: true}, {Text: "1", JSON: "1", Present: true}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		values := make([]jobs.Value, len(fields))
		if jobs.ParseValues(data, fields, values) != nil {
			return
		}
		again := make([]jobs.Value, len(fields))
		if err := jobs.ParseValues(jobs.AppendValues(nil, fields, values), fields, again); err != nil || again[0] != values[0] || again[1] != values[1] {
			t.Errorf("what was read from %x does not survive being written", data)
		}
	})
}
