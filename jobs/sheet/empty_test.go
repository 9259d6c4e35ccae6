package sheet_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

var declared = []jobs.Field{
	{Name: "Member ID", Note: "As printed on the card."},
	{Name: "Tier", OneOf: []string{"silver", "gold"}, Optional: true},
	{Name: "Shop", OneOf: []string{"Halle, Saale", "Berlin"}},
	{Name: "City", OneOf: manyCities()},
	{Name: "Newsletter", Type: jobs.TypeBoolean, Default: "false"},
	{Name: "Points", Type: jobs.TypeInteger},
	{Name: "Balance", Type: jobs.TypeMoney},
	{Name: "Ends", Type: jobs.TypeDate, TimeZone: "Europe/Berlin", At: "23:59:59"},
	{Name: "Starts", Type: jobs.TypeDateTime, At: "09:00:00"},
	{Name: "Motto", Languages: []string{"de", "fr"}, MaxLength: 40},
}

func manyCities() []string {
	var list []string
	for i := range 100 {
		list = append(list, fmt.Sprintf("City %d", i))
	}
	return list
}

// TestWriteEmpty checks the empty workbook: it reads back with the declared
// columns and no rows, and a filled one with what was filled in.
func TestWriteEmpty(t *testing.T) {
	var b bytes.Buffer
	if err := sheet.WriteEmpty(&b, "Members [2026]: a name that is longer than allowed", declared); err != nil {
		t.Fatal(err)
	}
	file := write(t, "empty.xlsx", b.Bytes())
	columns, rows, err := read(t, sheet.Options{File: file})
	if err != nil || len(rows) != 0 {
		t.Fatalf("got %d rows, %v", len(rows), err)
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	want := []string{"Member ID", "Tier", "Shop", "City", "Newsletter", "Points", "Balance", "Ends", "Starts", "Motto", "Motto@de", "Motto@fr"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("columns, -want +got:\n%s", diff)
	}
	s, err := sheet.Open(t.Context(), sheet.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !hasNote(s, "no-rows") {
		t.Errorf("got notes %v, want no-rows", s.Notes())
	}
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name := f.GetSheetName(0)
	checkRules(t, f, name)
	f.SetCellStr(name, "A2", "00042")
	f.SetCellInt(name, "F2", 7)
	f.SetCellFloat(name, "G2", 1234.5, -1, 64)
	f.SetCellFloat(name, "H2", 46387, -1, 64)
	f.SetCellFloat(name, "I2", 46387.75, -1, 64)
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	_, rows, err = read(t, sheet.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	line := `2: "00042" - - - - number("7" 7) number("1,234.50" 1234.5) date("2026-12-31" 2026-12-31T00:00:00) date("2026-12-31 18:00" 2026-12-31T18:00:00)`
	if diff := cmp.Diff([]string{line}, lines(rows)); diff != "" {
		t.Errorf("filled in, -want +got:\n%s", diff)
	}
	if err := sheet.WriteEmpty(&b, "x", nil); err == nil {
		t.Error("no fields: got no error")
	}
}

// checkRules looks at notes and lists with excelize.
func checkRules(t *testing.T, f *excelize.File, name string) {
	t.Helper()
	notes, err := f.GetComments(name)
	if err != nil || len(notes) != 12 {
		t.Fatalf("got %d notes, %v; want 12", len(notes), err)
	}
	texts := make(map[string]string)
	for _, n := range notes {
		for _, run := range n.Paragraph {
			texts[n.Cell] += run.Text
		}
	}
	for cell, words := range map[string]string{
		"A1": "Text, required.\nAs printed on the card.", "B1": "Text, optional.\nOne of: silver, gold.",
		"D1": "City 19 and 80 more.", "E1": "true or false, optional.\nIf empty: false", "H1": "Date, required.\nTime zone: Europe/Berlin\nCounts until 23:59:59 of that day.",
		"I1": "Without a time of day, it counts at 09:00:00 of that day.",
		"J1": "Text, required.\nAt most 40 characters.", "K1": "Text, optional.",
	} {
		if !strings.Contains(texts[cell], words) {
			t.Errorf("note on %s: got %q, want %q in it", cell, texts[cell], words)
		}
	}
	rules, err := f.GetDataValidations(name)
	if err != nil {
		t.Fatal(err)
	}
	lists := make(map[string]string)
	for _, r := range rules {
		lists[r.Sqref] = r.Formula1
	}
	want := map[string]string{
		"B2:B1048576": `"silver,gold"`, "C2:C1048576": "'passmill lists'!$A$1:$A$2",
		"D2:D1048576": "'passmill lists'!$B$1:$B$100", "E2:E1048576": `"true,false"`,
	}
	if diff := cmp.Diff(want, lists); diff != "" {
		t.Errorf("lists, -want +got:\n%s", diff)
	}
	if city, err := f.GetCellValue("passmill lists", "B100"); err != nil || city != "City 99" {
		t.Errorf("last of the list: got %q, %v", city, err)
	}
}
