package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

const workbookExample = "../../docs/examples/workbook"

// exampleSheets are what stands in the workbook of the example.
var exampleSheets = map[string][][]any{
	"Job": {
		{"Key", "Value", "Notes"},
		{"template", "boarding", "the folder beside this file"},
		{"serial", "Serial number", "the column on Passes"},
		{"certificate.p12", "demo/pretend-apple/pass.p12", "passmill demo makes it; phones refuse its passes"},
		{"certificate.passwordFile", "demo/pretend-apple/password.txt"},
		{"output.dir", "out"},
	},
	"Passes": {
		{"Serial number", "Relevant date", "Message", "Alt text"},
		{"X7KQ2M-1", "2027-03-14 10:25", "M1LOVELACE/ADA      X7KQ2M HAMMUCEX 0451 073Y012A0001 100", "EX 451"},
		{"X7KQ2M-2", "2027-03-14 10:25", "M1BYRON/ANNABELLA   X7KQ2M HAMMUCEX 0451 073Y012B0002 100", "EX 451"},
		{"P3ZD9A-1", "2027-03-15 06:40", "M1HOPPER/GRACE      P3ZD9A MUCHAMEX 0450 074Y003C0001 100"},
	},
	"Fields": {
		{"serial", "section", "position", "key", "label", "value", "changeMessage", "dateStyle", "timeStyle", "currencyCode"},
		{"X7KQ2M-1", "headerFields", 1, "gate", "Gate", "B12", "Gate changed to %@"},
		{"X7KQ2M-1", "primaryFields", 1, "depart", "Hamburg", "HAM"},
		{"X7KQ2M-1", "primaryFields", 2, "arrive", "Munich", "MUC"},
		{"X7KQ2M-1", "secondaryFields", 1, "passenger", "Passenger", "Ada Lovelace"},
		{"X7KQ2M-1", "auxiliaryFields", 1, "seat", "Seat", "12A"},
		{"X7KQ2M-1", "auxiliaryFields", 2, "boarding", "Boarding", "2027-03-14 10:25", "Boarding is at %@", "PKDateStyleNone", "PKDateStyleShort"},
		{"X7KQ2M-1", "backFields", 1, "bag", "Second bag", 35, nil, nil, nil, "EUR"},
		{"X7KQ2M-2", "headerFields", 1, "gate", "Gate", "B12", "Gate changed to %@"},
		{"X7KQ2M-2", "primaryFields", 1, "depart", "Hamburg", "HAM"},
		{"X7KQ2M-2", "primaryFields", 2, "arrive", "Munich", "MUC"},
		{"X7KQ2M-2", "secondaryFields", 1, "passenger", "Passenger", "Annabella Byron"},
		{"X7KQ2M-2", "auxiliaryFields", 1, "seat", "Seat", "12B"},
		{"P3ZD9A-1", "headerFields", 1, "gate", "Gate", "A4", "Gate changed to %@"},
		{"P3ZD9A-1", "primaryFields", 1, "depart", "Munich", "MUC"},
		{"P3ZD9A-1", "primaryFields", 2, "arrive", "Hamburg", "HAM"},
		{"P3ZD9A-1", "secondaryFields", 1, "passenger", "Passenger", "Grace Hopper"},
		{"P3ZD9A-1", "auxiliaryFields", 1, "seat", "Seat", "3C"},
	},
}

// writeExample makes the workbook of the example.
func writeExample(t *testing.T, name string) {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, sheet := range []string{"Job", "Passes", "Fields"} {
		if i == 0 {
			f.SetSheetName("Sheet1", sheet)
		} else if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for n, row := range exampleSheets[sheet] {
			cell, _ := excelize.CoordinatesToCellName(1, n+1)
			if err := f.SetSheetRow(sheet, cell, &row); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetColWidth(sheet, "A", "J", 18); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SaveAs(name); err != nil {
		t.Fatal(err)
	}
}

// TestExampleWorkbook runs what the example's README says, word by word.
func TestExampleWorkbook(t *testing.T) {
	file := filepath.Join(workbookExample, "boarding.xlsx")
	if *update {
		writeExample(t, file)
	}
	made := filepath.Join(t.TempDir(), "boarding.xlsx")
	writeExample(t, made)
	if diff := cmp.Diff(sheetsOf(t, made), sheetsOf(t, file)); diff != "" {
		t.Fatalf("%s is not what this test would write (-want +got); run it with -update:\n%s", file, diff)
	}
	follow(t, workbookExample)
	pass, err := os.ReadFile("out/X7KQ2M-1.pkpass")
	if err != nil {
		t.Fatal(err)
	}
	files, err := unpack(pass)
	want := `"auxiliaryFields":[{"key":"seat","label":"Seat","value":"12A"},{"key":"boarding","label":"Boarding","value":"2027-03-14T10:25:00+01:00",` +
		`"changeMessage":"Boarding is at %@","dateStyle":"PKDateStyleNone","timeStyle":"PKDateStyleShort"}]`
	if err != nil || !strings.Contains(string(files["pass.json"]), want) {
		t.Errorf("%v, got\n%s\nwant in it\n%s", err, files["pass.json"], want)
	}
}

func sheetsOf(t *testing.T, name string) map[string][][]string {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][][]string{}
	for _, sheet := range f.GetSheetList() {
		if all[sheet], err = f.GetRows(sheet); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
