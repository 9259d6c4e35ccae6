package intake_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passmill/jobs/sheet"
	"passmill/templates/intake"
)

// TestCSV: a job reads from the CSV file what was written, to the letter,
// whatever begins like a formula, holds separators or is text of other lands.
func TestCSV(t *testing.T) {
	file := filepath.Join(t.TempDir(), "card.csv")
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[=+@;,|"\t\n x0-9-]{1,12}`),
		rapid.SampledFrom([]string{"=1+1", "+49 30", "-5", "@x", "sep=;", "\"", "a\n\nb", "\ufeffx", "1;2;3;4", "x\u2028y", "é", "ÿþ"}))
	rapid.Check(t, func(t *rapid.T) {
		var fields []map[string]any
		for range rapid.IntRange(0, 5).Draw(t, "fields") {
			fields = append(fields, map[string]any{"key": "x", "value": text.Draw(t, "value")})
		}
		pass, err := json.Marshal(map[string]any{"serialNumber": text.Draw(t, "serial"), "generic": map[string]any{"primaryFields": fields}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := intake.Parse(raw(t, "pass.json", string(pass)))
		if err != nil {
			t.Fatal(err)
		}
		made, err := p.Propose(intake.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, made.CSV(), 0o600); err != nil {
			t.Fatal(err)
		}
		source, err := sheet.Open(t.Context(), sheet.Options{File: file, Header: 1, Limits: sheet.Wide()})
		if err != nil {
			t.Fatalf("%q: %v", made.CSV(), err)
		}
		defer source.Close()
		header, cells := made.Row()
		rows := 0
		for row, err := range source.Rows(t.Context()) {
			if err != nil {
				t.Fatalf("%q: %v", made.CSV(), err)
			}
			rows++
			var names, texts []string
			for i, c := range source.Columns() {
				names = append(names, c.Name)
				texts = append(texts, strings.TrimSpace(row.Cells[i].Text))
			}
			if diff := cmp.Diff(header, names) + cmp.Diff(cells, texts); diff != "" {
				t.Fatalf("%q (-written +read):\n%s", made.CSV(), diff)
			}
		}
		if rows != 1 {
			t.Fatalf("%q: %d rows, want 1", made.CSV(), rows)
		}
	})
}
