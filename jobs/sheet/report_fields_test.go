package sheet_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

// badFields makes a workbook with two passes whose fields are wrong, and returns
// it with the problems as a check finds them.
func badFields(t *testing.T) (*sheet.Joined, string, []jobs.Problem) {
	t.Helper()
	path := twoSheets(t, [][]any{{"Name", "Serial"}, {"Ada", "S1"}, {"Bob", "S2"}, {"Cy", "S3"}}, [][]any{
		append(slices.Clone(fieldHeader), "numberStile"),
		{"S1", "header", 1, "a", "Gate", "B7"},
		{"S3", "hedder", 1, "a", "Gate", "B8"},
		{"S3", "header", nil, nil, "Gate", "B9"},
		{"S9", "header", 1, "a", "Gate", "B1"},
	})
	book, err := sheet.OpenBook(t.Context(), sheet.Options{File: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	rows, err := book.Source(t.Context(), sheet.Options{Sheet: "Passes"})
	if err != nil {
		t.Fatal(err)
	}
	j, err := book.Join(t.Context(), rows, "Fields", sheet.SkipHidden, sheet.FieldsOptions{
		Sections: []string{"headerFields"}, Serial: jobs.Field{Name: "Serial"}, SerialOf: func(r jobs.Row) string { return r.Cells[1].Text },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	problems := j.Notes()
	for row, err := range j.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		problems = append(problems, row.Problems...)
	}
	rule := jobs.Problem{ // of the dictionary as a whole
		Origin: jobs.Origin{File: "m.xlsx", Sheet: "Fields", Row: 2}, Serial: "S1", Field: "headerFields", Code: "some-rule", Severity: jobs.LooksWrong, Message: "looks odd",
	}
	list := jobs.Problem{ // of a list that no cell holds
		Origin: jobs.Origin{File: "m.xlsx", Sheet: "Passes", Row: 3}, Serial: "S2", Field: "headerFields", Code: "missing", Severity: jobs.Refused, Message: "is required and empty",
	}
	return j, path, append(problems, rule, list)
}

// TestReportFields: in a copy, what is wrong with pass fields is marked on their
// own sheet, and the lines of the summary lead there.
func TestReportFields(t *testing.T) {
	j, path, problems := badFields(t)
	f, remarks := writeReport(t, sheet.ReportOptions{Source: j, SourceFile: path, Serial: 1}, problems...)
	if len(remarks) != 1 || !strings.HasPrefix(remarks[0], "This is a copy") {
		t.Fatalf("remarks %q", remarks)
	}
	for name, want := range map[string][]string{"Passes": {"B3"}, "Fields": {"A2", "A5", "B3", "D4", "G1"}} {
		if got := slices.Sorted(maps.Keys(notesOf(t, f, name))); !slices.Equal(got, want) {
			t.Errorf("notes of %s on %q, want %q", name, got, want)
		}
		for _, at := range want {
			id, err := f.GetCellStyle(name, at)
			if err != nil || id == 0 {
				t.Errorf("%s!%s is not coloured (%v)", name, at, err)
			}
		}
	}
	if note := notesOf(t, f, "Fields")["B3"]; note != "refused: section: is no section of a pass.\nTo mend it: write headerFields." {
		t.Errorf("the note on B3 says %q", note)
	}
	for _, at := range []string{"B3", "G1", "A5"} {
		if linked, target, err := f.GetCellHyperLink("passmill report", lineOf(t, f, at)); !linked || target != "'Fields'!"+at || err != nil {
			t.Errorf("the line of %s leads to %q, %v", at, target, err)
		}
	}
	if linked, target, _ := f.GetCellHyperLink("passmill report", lineOf(t, f, "show")); !linked || target != "'Fields'!A2" {
		t.Errorf("the line of a whole field leads to %q", target)
	}
}

// TestReportFieldsOfRows: where the workbook is not copied, they are marked on the
// row of their pass.
func TestReportFieldsOfRows(t *testing.T) {
	for name, limits := range map[string]sheet.ReportLimits{
		"whole":         {Cells: 20, Whole: 10}, // 8 and 29: either sheet alone, the one with the rows fits
		"only bad rows": {Unpacked: 1000, Whole: 1},
	} {
		t.Run(name, func(t *testing.T) {
			j, path, problems := badFields(t)
			other := problems[len(problems)-2] // the row has a problem of its own at its serial number, too
			other.Origin.Sheet, other.Origin.Row, other.Origin.Column, other.Severity = "Passes", 4, "B", jobs.Advice
			f, remarks := writeReport(t, sheet.ReportOptions{Source: j, SourceFile: path, Serial: 1, Limits: limits}, append(problems, other)...)
			if len(remarks) != 1 || !strings.Contains(remarks[0], "too large to be copied") {
				t.Fatalf("remarks %q", remarks)
			}
			notes := notesOf(t, f, "Passes")
			if got := slices.Sorted(maps.Keys(notes)); !slices.Equal(got, []string{"C2", "C4", "D3"}) { // D: the list itself
				t.Errorf("notes on %q", got)
			}
			for _, want := range []string{"refused: Fields!B3: section: is no section", "refused: Fields!D4: key: is required", "advice: headerFields: looks odd"} {
				if !strings.Contains(notes["C4"], want) {
					t.Errorf("the note says %q, want %q", notes["C4"], want)
				}
			}
			if !strings.HasPrefix(notes["C4"], "refused:") {
				t.Errorf("the note does not begin with the worst: %q", notes["C4"])
			}
			linked, target, err := f.GetCellHyperLink("passmill report", lineOf(t, f, "D4"))
			if !linked || target != "'Passes'!C4" || err != nil {
				t.Errorf("the line of Fields!D4 leads to %q, %v", target, err)
			}
			if linked, target, _ := f.GetCellHyperLink("passmill report", lineOf(t, f, "A5")); linked {
				t.Errorf("the line of a field without a pass leads to %q", target)
			}
		})
	}
}

// TestReportStrayFields: fields of no pass hinder none, but are to be mended.
func TestReportStrayFields(t *testing.T) {
	j, path, problems := badFields(t)
	problems = slices.DeleteFunc(problems, func(p jobs.Problem) bool { return p.Code != "no-such-pass" })
	file := filepath.Join(t.TempDir(), "r.xlsx")
	r, err := sheet.NewReport(sheet.ReportOptions{File: file, Source: j, SourceFile: path, Serial: 1, Now: reportTime})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, p := range problems {
		r.Add(p)
	}
	if _, err := r.Write(t.Context(), jobs.Count{Rows: 3, Made: 3}); err != nil {
		t.Fatal(err)
	}
	made, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	for at, want := range map[string]string{"A1": "m.xlsx: 1 problem of no row to mend", "A10": "Of no row", "B10": "1"} {
		if got, err := made.GetCellValue("passmill report", at); got != want || err != nil {
			t.Errorf("%s says %q, want %q (%v)", at, got, want, err)
		}
	}
}
