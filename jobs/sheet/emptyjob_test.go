package sheet_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

// TestWriteJob checks that the workbook that is a whole job reads back as one, and
// that what is typed into it is understood.
func TestWriteJob(t *testing.T) {
	fields := append(slices.Clone(declared), jobs.Field{Name: "backFields", Type: jobs.TypeJSON, Optional: true}, jobs.Field{Name: "HeaderFields", Type: jobs.TypeJSON})
	var b bytes.Buffer
	if err := sheet.WriteJob(&b, []sheet.Line{{"template", "card", "where"}, {"name", "", ""}, {"serial", "Member ID", ""}}, fields); err != nil {
		t.Fatal(err)
	}
	file := write(t, "job.xlsx", b.Bytes())
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if diff := cmp.Diff([]string{"Job", "Passes", "passmill lists", "Fields"}, f.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got):\n%s", diff)
	}
	f.SetCellStr("Passes", "A2", "1")
	f.SetSheetRow("Fields", "A2", &[]any{"1", "HeaderFields", 1, "k", "L", 12.5})
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}

	book, err := sheet.OpenBook(t.Context(), sheet.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	settings, at, ok, err := book.Settings(t.Context())
	if err != nil || !ok || len(settings) != 3 || at.Sheet != "Job" {
		t.Fatalf("got %v, %v, %v, %v", settings, at, ok, err)
	}
	if s := settings[2]; s.Key != "serial" || s.Value.Text != "Member ID" || s.ValueAt.Cell() != "Job!B4" || settings[1].Value != (jobs.Cell{}) {
		t.Errorf("got settings %+v", settings)
	}
	rows, err := book.Source(t.Context(), sheet.Options{Sheet: "Passes"})
	if err != nil {
		t.Fatal(err)
	}
	j, err := book.Join(t.Context(), rows, "Fields", sheet.SkipHidden, sheet.FieldsOptions{
		Sections: []string{"HeaderFields", "backFields"}, Serial: jobs.Field{Name: "Member ID"}, SerialOf: func(r jobs.Row) string { return r.Cells[0].Text },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if len(j.Columns()) != 12+2 || len(j.Notes()) > 0 {
		t.Errorf("columns %v, notes %v", j.Columns(), j.Notes())
	}
	for row, err := range j.Rows(t.Context()) {
		if want := `[{"key":"k","label":"L","value":12.5}]`; err != nil || row.Cells[12].Text != want {
			t.Errorf("got %v, %v, want %s", row.Cells, err, want)
		}
	}
	if err := sheet.WriteJob(&b, nil, fields[10:]); err == nil {
		t.Error("no field but lists: got no error")
	}
}
