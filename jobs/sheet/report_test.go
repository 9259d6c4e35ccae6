package sheet_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

var reportTime = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// userBook makes a workbook as people have them: formats, a formula, widths,
// a hidden row, a note, names, a second sheet that was open when it was saved.
func userBook(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetSheetName("Sheet1", "It's members"))
	for i, row := range [][]any{{"ID", "Name", "Points"}, {"00042", "Ada", 7}, {"2", "Bob", 12.5}, {"3", "Cy", nil}, {"4", "Di", 1}} {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		must(f.SetSheetRow("It's members", cell, &row))
	}
	must(f.SetCellFormula("It's members", "C4", "C2*2"))
	must(f.MergeCell("It's members", "E2", "F2"))
	must(f.MergeCell("It's members", "E3", "F3"))
	white, err := f.NewStyle(&excelize.Style{NumFmt: 4, Font: &excelize.Font{Bold: true, Color: "FFFFFF"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"0000FF"}},
		Border: []excelize.Border{{Type: "top", Color: "00FF00", Style: 2}}, Alignment: &excelize.Alignment{Horizontal: "center"}})
	must(err)
	must(f.SetCellStyle("It's members", "C3", "C3", white))
	must(f.SetColWidth("It's members", "B", "B", 33))
	must(f.SetRowVisible("It's members", 5, false))
	must(f.AddComment("It's members", excelize.Comment{Cell: "C3", Author: "Eve", Text: "ask Bob"}))
	must(f.AddComment("It's members", excelize.Comment{Cell: "A2", Author: "Eve", Text: "first"}))
	_, err = f.NewSheet("Prices")
	must(err)
	must(f.SetCellFormula("Prices", "B1", "SUM(1,2)"))
	must(f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: "Prices!$A$1:$B$2", Scope: "Prices"}))
	f.SetActiveSheet(1)
	path := filepath.Join(t.TempDir(), "members.xlsx")
	must(f.SaveAs(path))
	return path
}

func problemAt(s *sheet.Source, row int, column, field, code string) jobs.Problem {
	p := jobs.Problem{Field: field, Code: code, Severity: jobs.Refused, Message: "is wrong", Fix: "mend it", Value: "=1+1"}
	p.Origin = jobs.Origin{File: "members.xlsx", Sheet: "It's members", Row: row, Column: column}
	return p
}

func openSource(t *testing.T, path string) *sheet.Source {
	t.Helper()
	s, err := sheet.Open(t.Context(), sheet.Options{File: path, Limits: sheet.Wide()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// writeReport makes a report and opens it.
func writeReport(t *testing.T, o sheet.ReportOptions, problems ...jobs.Problem) (*excelize.File, []string) {
	t.Helper()
	o.File, o.Job, o.Now = filepath.Join(t.TempDir(), "problems.xlsx"), "members", reportTime
	r, err := sheet.NewReport(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, p := range problems {
		r.Add(p)
	}
	remarks, err := r.Write(t.Context(), jobs.Count{Rows: 4, Made: 2, Refused: 2})
	if err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(o.File); err != nil || runtime.GOOS != "windows" && stat.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", stat.Mode(), err)
	}
	f, err := excelize.OpenFile(o.File)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, remarks
}

// TestReportCopy: the report is the user's own workbook, and all that is theirs
// is as it was.
func TestReportCopy(t *testing.T) {
	path := userBook(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := openSource(t, path)
	whole := jobs.Problem{Code: "certificate", Severity: jobs.Refused, Message: "has expired"}
	row := problemAt(s, 2, "", "", "not-filled")
	column := jobs.Problem{Origin: jobs.Origin{Column: "B"}, Field: "Nam", Code: "unused-column", Severity: jobs.LooksWrong, Message: "no field takes the column"}
	f, remarks := writeReport(t, sheet.ReportOptions{Source: s, SourceFile: path},
		whole, column, problemAt(s, 3, "C", "Points", "not-a-whole-number"), row, problemAt(s, 4, "C", "Points", "missing"))
	if len(remarks) != 1 || !strings.HasPrefix(remarks[0], "This is a copy") {
		t.Errorf("remarks %q", remarks)
	}
	const own = "It's members"
	if got := f.GetSheetList(); !slices.Equal(got, []string{"passmill report", own, "Prices"}) {
		t.Fatalf("sheets %q", got)
	}
	check := func(what string, got, want any, err error) {
		t.Helper()
		if got != want || err != nil {
			t.Errorf("%s is %v, want %v (%v)", what, got, want, err)
		}
	}
	formula, err := f.GetCellFormula(own, "C4")
	check("the formula of C4", formula, "C2*2", err)
	formula, err = f.GetCellFormula("Prices", "B1")
	check("the formula of the other sheet", formula, "SUM(1,2)", err)
	width, err := f.GetColWidth(own, "B")
	check("the width of B", width, 33.0, err)
	visible, err := f.GetRowVisible(own, 5)
	check("whether the hidden row is shown", visible, false, err)
	check("the sheet that is shown", f.GetActiveSheetIndex(), 0, nil)
	for _, part := range []string{"xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"} {
		data, _ := f.Pkg.Load(part) // a sheet that is selected besides gets what is typed into the one that is shown
		check("whether "+part+" is selected", strings.Contains(string(data.([]byte)), `tabSelected="true"`), false, nil)
	}
	for _, name := range f.GetDefinedName() {
		if name.Name == "_xlnm.Print_Area" {
			check("the scope of the print area", name.Scope, "Prices", nil)
		}
	}
	id, err := f.GetCellStyle(own, "C3")
	if err != nil {
		t.Fatal(err)
	}
	style, err := f.GetStyle(id)
	check("the format of C3", style.NumFmt, 4, err)
	check("bold in C3", style.Font.Bold, true, nil)
	check("the letters of C3", style.Font.Color, "7A0A0A", nil)
	check("the ground of C3", style.Fill.Color[0], "F9CFCF", nil)
	check("the border of C3", len(style.Border), 1, nil)
	check("the alignment of C3", style.Alignment.Horizontal, "center", nil)
	notes := notesOf(t, f, own)
	for at, want := range map[string]string{
		"C3": "refused: Points: is wrong.\nTo mend it: mend it.\n\nYour own note: ask Bob", "A2": "Your own note: first",
		"C4": "refused: Points: is wrong", "B1": "looks wrong: Nam: no field takes the column",
	} {
		if !strings.Contains(notes[at], want) {
			t.Errorf("the note on %s says %q, want %q", at, notes[at], want)
		}
	}
	if len(notes) != 4 {
		t.Errorf("notes %q", notes)
	}
	linked, target, err := f.GetCellHyperLink("passmill report", lineOf(t, f, "C3"))
	if err != nil || !linked || target != "'It''s members'!C3" {
		t.Errorf("the link leads to %q (%v), %v", target, linked, err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the user's own file has changed (%v)", err)
	}
}

// lineOf returns where the summary names a cell.
func lineOf(t *testing.T, f *excelize.File, named string) string {
	t.Helper()
	rows, err := f.GetRows("passmill report")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if len(row) > 2 && row[2] == named {
			cell, _ := excelize.CoordinatesToCellName(3, i+1)
			return cell
		}
	}
	t.Fatalf("no line for %s in %q", named, rows)
	return ""
}

func notesOf(t *testing.T, f *excelize.File, name string) map[string]string {
	t.Helper()
	list, err := f.GetComments(name)
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{}
	for _, n := range list {
		text := n.Text
		for _, p := range n.Paragraph {
			text += p.Text
		}
		notes[n.Cell] += text
	}
	return notes
}

// TestReportBounds: beyond its bounds a report leaves out what it must, and says
// so in its first sheet.
func TestReportBounds(t *testing.T) {
	path := userBook(t)
	s := openSource(t, path)
	problems := []jobs.Problem{problemAt(s, 4, "C", "Points", "missing"), problemAt(s, 2, "A", "ID", "bad-text"), problemAt(s, 2, "B", "Name", "bad-text")}
	for name, test := range map[string]struct {
		limits  sheet.ReportLimits
		remarks []string
		rows    []string // of the sheet with the rows: their numbers
		notes   int
	}{
		"too many cells": {sheet.ReportLimits{Cells: 3, Whole: 1}, []string{"too large to be copied"}, []string{"Row", "2", "4"}, 3},
		"too many rows":  {sheet.ReportLimits{Rows: 3}, []string{"too large to be copied"}, []string{"Row", "2", "3", "4"}, 3},
		"merged":         {sheet.ReportLimits{Merges: 1}, []string{"too large to be copied"}, []string{"Row", "2", "3", "4"}, 3},
		"links":          {sheet.ReportLimits{Linked: 2}, []string{"This is a copy", "The first 2 lines below are linked"}, nil, 4},
		"too large":      {sheet.ReportLimits{Unpacked: 1000}, []string{"too large to be copied"}, []string{"Row", "2", "3", "4"}, 3},
		"notes":          {sheet.ReportLimits{Noted: 2}, []string{"This is a copy", "The first 2 cells with a problem have notes; 1 more"}, nil, 3},
		"lines":          {sheet.ReportLimits{Listed: 1}, []string{"This is a copy", "Only the first 1 of 3 problems are listed"}, nil, 3},
		"rows and notes": {sheet.ReportLimits{Cells: 1, Noted: 1, Listed: 2}, []string{"too large", "The first 1 cell with", "Only the first 2 of 3"}, []string{"Row", "2", "3", "4"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f, remarks := writeReport(t, sheet.ReportOptions{Source: s, SourceFile: path, Limits: test.limits}, problems...)
			if len(remarks) != len(test.remarks) {
				t.Fatalf("remarks %q", remarks)
			}
			rows, err := f.GetRows("passmill report")
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range test.remarks {
				if !strings.Contains(remarks[i], want) || rows[2+i][0] != remarks[i] {
					t.Errorf("remark %q, in the sheet %q, want %q", remarks[i], rows[2+i], want)
				}
			}
			if notes := notesOf(t, f, "It's members"); len(notes) != test.notes {
				t.Errorf("notes %q", notes)
			}
			if test.rows == nil {
				return
			}
			copied, err := f.GetCols("It's members")
			if err != nil || !slices.Equal(copied[0], test.rows) {
				t.Errorf("rows %q, want %q (%v)", copied, test.rows, err)
			}
		})
	}
}

// TestReportNotCopied: a workbook that can't be copied as it is becomes rows,
// and the report says why.
func TestReportNotCopied(t *testing.T) {
	path := userBook(t)
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.NewSheet("Passmill Report"); err != nil { // the name of the summary's own sheet
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	s := openSource(t, path)
	made, remarks := writeReport(t, sheet.ReportOptions{Source: s, SourceFile: path}, problemAt(s, 3, "C", "Points", "missing"))
	if len(remarks) != 1 || !strings.HasPrefix(remarks[0], "The workbook could not be copied without loss. The other sheet holds all rows") {
		t.Errorf("remarks %q", remarks)
	}
	if value, err := made.GetCellValue("It's members", "D3"); value != "12.50" || err != nil {
		t.Errorf("D3 is %q, %v", value, err)
	}
}

// TestReportGaps: excelize numbers new parts by counting, and would write over
// one where the numbers have a gap. Then the workbook is not copied.
func TestReportGaps(t *testing.T) {
	path := userBook(t)
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"A2", "C3"} {
		if err := f.DeleteComment("It's members", cell); err != nil {
			t.Fatal(err)
		}
	}
	f.Pkg.Store("xl/drawings/vmlDrawing2.vml", []byte("<xml/>")) // pictures of another sheet's headers lie so
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	s := openSource(t, path)
	made, remarks := writeReport(t, sheet.ReportOptions{Source: s, SourceFile: path}, problemAt(s, 3, "C", "Points", "missing"))
	if len(remarks) != 1 || !strings.Contains(remarks[0], "could not be copied without loss") {
		t.Errorf("remarks %q", remarks)
	}
	if notes := notesOf(t, made, "It's members"); len(notes) != 1 {
		t.Errorf("notes %q", notes)
	}
}

// TestReportIsText: nothing that comes from the user's data is a formula, in
// whatever it begins with, and nothing is lost of it.
func TestReportIsText(t *testing.T) {
	begins := []string{"=", "+", "-", "@", "\t=", " =", "\u00a0=", "%", "|", "'=", "＝"}
	ends := []string{`1+1`, `HYPERLINK("http://example.com","x")`, `cmd|' /C calc'!A0`, `<b>&amp;"]]>`, `_x0041_`}
	var b strings.Builder
	b.WriteString("ID;Text\n")
	var values []string
	for _, begin := range begins {
		for _, end := range ends {
			values = append(values, begin+end)
			b.WriteString("1;\"" + strings.ReplaceAll(begin+end, `"`, `""`) + "\"\n")
		}
	}
	path := filepath.Join(t.TempDir(), "m.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openSource(t, path)
	var problems []jobs.Problem
	for row, err := range s.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		v := row.Cells[1].Text
		o := row.Origin
		o.Column = "B"
		problems = append(problems, jobs.Problem{Origin: o, Field: v, Serial: v, Code: "bad-text", Severity: jobs.Refused, Message: v, Fix: v, Value: v})
	}
	for _, v := range []string{"\x00=1+1", "\r=1+1"} { // no CSV file gives them, but a workbook does
		values = append(values, v)
		problems = append(problems, jobs.Problem{Origin: jobs.Origin{File: "m.csv", Row: 2, Column: "A"}, Code: "bad-text", Severity: jobs.Refused, Message: "m " + v, Value: v})
	}
	f, _ := writeReport(t, sheet.ReportOptions{Source: s, SourceFile: path}, problems...)
	if note := notesOf(t, f, "m.csv")["B2"]; !strings.Contains(note, "m [U+0000]=1+1") || !strings.Contains(note, "m [U+000D]=1+1") {
		t.Errorf("the note says %q", note)
	}
	seen := map[string]bool{}
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for j := range row {
				at, _ := excelize.CoordinatesToCellName(j+1, i+1)
				formula, err := f.GetCellFormula(name, at)
				kind, err2 := f.GetCellType(name, at)
				number := kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset
				if formula != "" || err != nil || err2 != nil || kind == excelize.CellTypeFormula || number && strings.Trim(row[j], "0123456789,") != "" {
					t.Errorf("%s!%s is a formula or of type %v: %q, %v, %v", name, at, kind, row[j], err, err2)
				}
				seen[row[j]] = true
			}
		}
	}
	// As a reader of workbooks sees them, the values are all there.
	for _, value := range values {
		want := strings.NewReplacer("\r", "[U+000D]", "\x00", "[U+0000]").Replace(value)
		if !seen[want] {
			t.Errorf("%q is not in the report as %q", value, want)
		}
	}
}

// A query is a source whose rows have neither numbers nor letters.
type query [][]string

func (q query) Columns() (columns []jobs.Column) {
	for _, name := range q[0] {
		columns = append(columns, jobs.Column{Name: name})
	}
	return columns
}

func (q query) Rows(context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		for i, texts := range q[1:] {
			row := jobs.Row{Origin: jobs.Origin{File: "members.db", Row: i + 1}}
			for _, text := range texts {
				row.Cells = append(row.Cells, jobs.Cell{Text: text, Kind: jobs.TextCell})
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// TestReportOfQuery: a source that is no file gives a report too; a problem
// without a column is shown at its field's column, or at the serial number.
func TestReportOfQuery(t *testing.T) {
	q := query{{"Name", "Member ID"}, {"Ada", "1"}, {"Bob", "2"}, {"Cy", "3"}}
	at := func(row int) jobs.Origin { return jobs.Origin{File: "members.db", Row: row} }
	f, _ := writeReport(t, sheet.ReportOptions{Source: q, Serial: 1},
		jobs.Problem{Origin: at(3), Field: "name", Code: "too-long", Severity: jobs.Refused, Message: "m"},
		jobs.Problem{Origin: at(1), Code: "not-filled", Severity: jobs.Advice, Message: "m"},
		jobs.Problem{Origin: jobs.Origin{File: "members.db"}, Code: "odd", Severity: jobs.Advice, Message: "of the whole"})
	rows, err := f.GetRows("Rows")
	want := [][]string{{"Row", "Name", "Member ID"}, {"1", "Ada", "1"}, {"3", "Cy", "3"}}
	if err != nil || !slices.EqualFunc(rows, want, slices.Equal[[]string]) {
		t.Errorf("rows %q, want %q (%v)", rows, want, err)
	}
	notes := notesOf(t, f, "Rows")
	if len(notes) != 2 || notes["B3"] == "" || notes["C2"] == "" {
		t.Errorf("notes %q", notes)
	}
}

// TestReportSource: who mends a report and saves it as the workbook is
// understood: the first sheet is passed over, and old colours are not kept.
func TestReportSource(t *testing.T) {
	path := userBook(t)
	s := openSource(t, path)
	f, _ := writeReport(t, sheet.ReportOptions{Source: s, SourceFile: path}, problemAt(s, 3, "C", "Points", "missing"))
	again := openSource(t, f.Path)
	if columns := again.Columns(); len(columns) != 3 || columns[0].Name != "ID" {
		t.Fatalf("columns %+v", columns)
	}
	_, remarks := writeReport(t, sheet.ReportOptions{Source: again, SourceFile: f.Path}, problemAt(again, 2, "A", "ID", "missing"))
	if len(remarks) != 1 || !strings.Contains(remarks[0], "is a report itself") {
		t.Errorf("remarks %q", remarks)
	}
}

// TestReportOverwrites: a report takes the place of an older report, and of
// nothing else.
func TestReportOverwrites(t *testing.T) {
	path := userBook(t)
	s := openSource(t, path)
	f, _ := writeReport(t, sheet.ReportOptions{Source: s, SourceFile: path}, problemAt(s, 3, "C", "Points", "missing"))
	other := filepath.Join(t.TempDir(), "other.xlsx")
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(other, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.xlsx")
	if err := os.Link(path, link); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		f.Path: "", path: "is the source itself", link: "is the source itself", other: "is no report of passmill", filepath.Join(t.TempDir(), "r.csv"): "must end in .xlsx",
		filepath.Join(t.TempDir(), "none", "r.xlsx"): "its folder does not exist",
	} {
		r, err := sheet.NewReport(sheet.ReportOptions{File: file, Source: s, SourceFile: path})
		if err == nil {
			r.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
	r, err := sheet.NewReport(sheet.ReportOptions{File: f.Path, Source: s, SourceFile: path})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Write(ended, jobs.Count{}); err == nil {
		t.Error("a report was written after the end of the context")
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(f.Path), ".passmill-report-*")); len(left) > 0 || err != nil {
		t.Errorf("left behind: %q, %v", left, err)
	}
}
