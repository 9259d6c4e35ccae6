package sheet_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

var update = flag.Bool("update", false, "write the golden files anew")

// others are sheets of the fixtures that their first rows don't show.
var others = []sheet.Options{
	{File: "PhpSpreadsheet__issue.3613.xlsx", Sheet: "1月", Header: 2},
	{File: "PhpSpreadsheet__issue.3613.xlsx", Sheet: "6月", Header: 2, Hidden: sheet.KeepHidden},
	{File: "PhpSpreadsheet__data_with_tables.xlsx", Sheet: "Second"},
	{File: "PhpSpreadsheet__AutoFilter_Basic_Office365.xlsx", Hidden: sheet.KeepHidden},
	{File: "calamine__whitespace_trim.xlsx", Sheet: "SharedStrings"},
	{File: "exceljs__test-issue-1669.xlsx", Sheet: "Sheet2", Hidden: sheet.KeepHidden},
	{File: "exceljs__many-columns.xlsx", Header: 2},
	{File: "poi__51626_contact.xlsx", Hidden: sheet.KeepHidden},
	{File: "poi__DateFormatTests.xlsx", Sheet: "Tests"},
	{File: "poi__TwoSheetsOneHidden.xlsx", Sheet: "Sheet1"},
	{File: "poi__TwoSheetsOneHidden.xlsx", Sheet: "Sheet3"},
	{File: "poi__reordered_sheets.xlsx", Sheet: "Sheet2"},
	{File: "poi__right-to-left.xlsx", Sheet: "عربى"},
	{File: "poi__stress020.xlsx", Header: 3},
	{File: "poi__xxe_in_schema.xlsx", Header: 9},
}

// TestFixtures compares what the package makes of files by many programs with
// what it made of them when somebody last looked.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/files/*")
	if err != nil || len(files) < 50 {
		t.Fatalf("got %d fixtures, %v", len(files), err)
	}
	var b strings.Builder
	for _, file := range files {
		fmt.Fprintf(&b, "== %s\n%s\n", filepath.Base(file), describe(t, sheet.Options{File: file}))
	}
	for _, o := range others {
		fmt.Fprintf(&b, "== %s, sheet %q, header %d, hidden %d\n", o.File, o.Sheet, o.Header, o.Hidden)
		o.File = filepath.Join("testdata/files", o.File)
		fmt.Fprintf(&b, "%s\n", describe(t, o))
	}
	const golden = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("fixtures read otherwise than golden.txt says (-want +got); look at the change and run with -update:\n%s", diff)
	}
}

// describe returns the columns, rows and notes of a file, or its error.
func describe(t *testing.T, o sheet.Options) string {
	t.Helper()
	o.TempDir = t.TempDir()
	s, err := sheet.Open(t.Context(), o)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	defer s.Close()
	var b strings.Builder
	for _, c := range s.Columns() {
		fmt.Fprintf(&b, "column %s %q\n", c.Ref, c.Name)
	}
	n := 0
	for row, err := range s.Rows(t.Context()) {
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			break
		}
		n++
		fmt.Fprintf(&b, "%s:", row.Origin)
		for _, c := range row.Cells {
			b.WriteString(" " + cellString(c))
		}
		b.WriteString("\n")
	}
	if s.Count() > 0 && s.Count() != n {
		t.Errorf("%s: got %d rows, but Count is %d", o.File, n, s.Count())
	}
	for _, p := range s.Notes() {
		fmt.Fprintf(&b, "%s %s: %s\n", p.Severity, p.Code, p)
	}
	return b.String()
}

func cellString(c jobs.Cell) string {
	switch c.Kind {
	case jobs.EmptyCell:
		return "-"
	case jobs.TextCell:
		return fmt.Sprintf("%q", c.Text)
	}
	return fmt.Sprintf("%s(%q %s)", [...]string{"", "", "number", "date", "bool", "error"}[c.Kind], c.Text, c.Raw)
}
