package intake_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"passmill/templates"
	"passmill/templates/intake"
)

// archive makes an archive of files.
func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var entries []any
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entries = append(entries, name, files[name])
	}
	return raw(t, entries...)
}

// hold checks what the package promises of any archive: nothing panics, nothing
// is written but the folder and the file beside it, the template loads, and it
// gives the pass back, which Propose itself compares.
func hold(t *testing.T, data []byte) {
	p, err := intake.Parse(data)
	if err != nil {
		return
	}
	for _, keep := range []bool{false, true} {
		made, err := p.Propose(intake.Options{Keep: keep})
		if errors.Is(err, intake.ErrFault) {
			t.Fatal(err)
		}
		if err != nil {
			continue
		}
		if keep && len(made.Placeholders) != 1 {
			t.Fatalf("%d placeholders, want that of the serial number", len(made.Placeholders))
		}
		dir := t.TempDir()
		card := filepath.Join(dir, "card")
		if err := made.Write(card); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 || entries[0].Name() != "card" || entries[1].Name() != "card.csv" {
			t.Fatalf("wrote %v (%v)", entries, err)
		}
		loaded, err := templates.Open(card, ".")
		if err != nil {
			t.Fatal(err)
		}
		if len(loaded.Files) != len(made.Files) {
			t.Fatalf("%d files, want %d", len(loaded.Files), len(made.Files))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(archive(f, map[string]string{"pass.json": fullPass}))
	f.Add(archive(f, map[string]string{"a/pass.json": `{}`, "a/de.lproj/pass.strings": `"a" = "b";`, "../x": ""}))
	f.Fuzz(func(t *testing.T, data []byte) { hold(t, data) })
}

func FuzzPropose(f *testing.F) {
	f.Add(fullPass, `"Tier" = "Stufe"; "gold" = "Goldstufe $$ 0042-118-7";`, "\xff\xfea\x00=\x00b\x00;\x00")
	f.Add(`{"serialNumber": "$$$$", "a$$b": 1, "A": null, "a": [null, 1e3, -0], "userInfo": {"x": null, "X": "$$y"}, // c
		"generic": {"primaryFields": [{"key": "No", "value": " $ ", "label": "x"}, {"key": "no", "value": "a\r"}, {"value": 12.50, "currencyCode": "EUR"}, {"value": 1.234, "currencyCode": "EUR"},]}}`,
		`"x" = "y"; "x" = "z$$"; "$$k" = "v";`, "bplist00")
	f.Add(`{"serialNumber": 12345, "description": "$12345_ 12345$$ 012345", "semantics": {"passengerName": {"givenName": "$$a"}},
		"relevantDates": [{"date": "2026-12-31T18:00:00.5Z"}, {"startDate": "2026-12-31 18:00"}]}`, "", "")
	f.Fuzz(func(t *testing.T, pass, german, french string) {
		hold(t, archive(t, map[string]string{"pass.json": pass, "de.lproj/pass.strings": german, "fr-CA.lproj/pass.strings": french}))
	})
}
