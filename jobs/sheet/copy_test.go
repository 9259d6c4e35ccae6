package sheet_test

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"passmill/jobs/jobstest"
	"passmill/jobs/sheet"
)

// formulas are what spreadsheet programs take for formulas, or for the end of a cell.
var formulas = []string{
	"=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\x00=1", `=HYPERLINK("http://x","y")`, "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0",
	"+49 30 1234", "-5", "=", "+", "-", "@", `="a"`, "=A1;B1", "=\n1", "@import", "=IMPORTXML(1)", "=WEBSERVICE(1)", "=DDE()", "+cmd", "-cmd", "@cmd",
	`=1+1",=2`, "=1\",\n=2", "=\u202e1", "=１", "\t\t=1", "\r\n=1", "=’", "=''", "+''", "--1", "++1", "==1", "@@1", "-+1",
}

// copied copies rows with a further column, and returns the copy's file.
func copied(t *testing.T, file string, texts []string, add func(c *sheet.Copy, row int)) {
	t.Helper()
	source := jobstest.Rows{Header: []string{"Name"}}
	for _, text := range texts {
		source.List = append(source.List, []string{text})
	}
	c, err := sheet.NewCopy(sheet.CopyOptions{File: file, Source: source, Columns: []string{"Link", "State"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for row, err := range c.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		add(c, row.Origin.Row)
	}
	if _, _, err := c.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func addLink(c *sheet.Copy, row int) { _ = c.Add(row, "https://x", "ok") }

// TestCopyFormulas: no cell of a copy is a formula, in CSV and in a workbook.
func TestCopyFormulas(t *testing.T) {
	dir := t.TempDir()
	copied(t, filepath.Join(dir, "a.csv"), formulas, addLink)
	file, err := os.Open(filepath.Join(dir, "a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil || len(records) != len(formulas)+1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for i, r := range records[1:] {
		if !strings.HasPrefix(r[0], "'") || r[1] != "https://x" {
			t.Errorf("%q is written as %q", formulas[i], r)
		}
	}
	copied(t, filepath.Join(dir, "a.xlsx"), formulas, addLink)
	book, err := excelize.OpenFile(filepath.Join(dir, "a.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for i := range formulas {
		cell, _ := excelize.CoordinatesToCellName(1, i+2)
		kind, _ := book.GetCellType("Rows", cell)
		if formula, _ := book.GetCellFormula("Rows", cell); formula != "" || kind != excelize.CellTypeInlineString {
			t.Errorf("%q is of type %v, formula %q", formulas[i], kind, formula)
		}
	}
}

// TestCopyRows: rows keep their order and what was said of them; of what was refused the
// reason stands there; of rows to which nobody said anything there is no word.
func TestCopyRows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.csv")
	copied(t, file, []string{"a", "b", "c", "d"}, func(c *sheet.Copy, row int) {
		if row != 4 {
			addLink(c, row)
		}
		if row == 5 {
			c.Refuse(3, "why")
			c.Refuse(3, "another reason")
		}
	})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Name,Link,State\na,https://x,ok\nb,,why\nd,https://x,ok\n"; string(text) != want {
		t.Errorf("got\n%s", text)
	}
}

// TestCopyFiles: a copy goes nowhere but into a file that it may be written to, and what
// was there stays until it is whole.
func TestCopyFiles(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "source.csv")
	if err := os.WriteFile(source, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := jobstest.Rows{Header: []string{"Name"}, List: [][]string{{"a"}}, Err: errors.New("the source is gone")}
	for _, file := range []string{source, filepath.Join(dir, "a.txt"), filepath.Join(dir, "no", "a.csv"), dir + ".csv"} {
		if file == dir+".csv" {
			if err := os.Mkdir(file, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := sheet.NewCopy(sheet.CopyOptions{File: file, Source: rows, SourceFile: source}); err == nil {
			t.Errorf("%s may be written", file)
		}
	}
	c, err := sheet.NewCopy(sheet.CopyOptions{File: filepath.Join(dir, "a.csv"), Source: rows, Columns: []string{"Link", "State"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	failed := false
	for _, err := range c.Rows(t.Context()) {
		failed = failed || err != nil
	}
	if !failed {
		t.Error("the source's failure is not passed on")
	}
	if list, _ := filepath.Glob(filepath.Join(dir, "*a.csv*")); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
}
