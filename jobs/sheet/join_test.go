package sheet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"passmill/jobs"
	"passmill/jobs/jobstest"
	"passmill/jobs/sheet"
)

// twoSheets returns a workbook with the sheets Passes, whose first column is the
// serial number, and Fields.
func twoSheets(tb testing.TB, passes, fields [][]any) string {
	tb.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for name, rows := range map[string][][]any{"Passes": passes, "Fields": fields} {
		if _, err := f.NewSheet(name); err != nil {
			tb.Fatal(err)
		}
		for i, row := range rows {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		tb.Fatal(err)
	}
	return write(tb, "m.xlsx", b.Bytes())
}

// join opens both sheets.
func join(tb testing.TB, file string, sections ...string) (*sheet.Joined, error) {
	tb.Helper()
	book, err := sheet.OpenBook(tb.Context(), sheet.Options{File: file, TempDir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := book.Close(); err != nil {
			tb.Error(err)
		}
	})
	rows, err := book.Source(tb.Context(), sheet.Options{Sheet: "passes"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { rows.Close() })
	return book.Join(tb.Context(), rows, "FIELDS", sheet.SkipHidden, sheet.FieldsOptions{
		Sections: sections, Serial: jobs.Field{Name: "Serial"}, TimeZone: "Europe/Berlin",
		SerialOf: func(r jobs.Row) string { return strings.TrimSpace(r.Cells[0].Text) },
	})
}

var fieldHeader = []any{"serial", "section", "position", "key", "label", "value"}

func TestJoinedSource(t *testing.T) {
	passes, fields := [][]any{{"Serial", "Name"}}, [][]any{fieldHeader}
	for i := range 300 { // more than are looked up at once
		serial := fmt.Sprintf("S%03d", i)
		passes = append(passes, []any{serial, "n"})
		if i%3 > 0 {
			fields = append(fields, []any{serial, "backFields", 2, "b", "", "last"}, []any{serial, "backFields", 1, "a", "", i})
		}
	}
	j, err := join(t, twoSheets(t, passes, fields), "backFields", "headerFields")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	jobstest.TestSource(t, j)
	if names := j.Columns(); len(names) != 4 || names[2].Name != "backFields" || names[3].Ref != "" {
		t.Errorf("columns are %v", names)
	}
	n := 0
	for row, err := range j.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`[{"key":"a","value":%d},{"key":"b","value":"last"}]`, n)
		if n%3 == 0 {
			want = ""
		}
		if got := row.Cells[2].Text; got != want || row.Cells[3] != (jobs.Cell{}) {
			t.Errorf("row %d has %s and %v, want %s", row.Origin.Row, got, row.Cells[3], want)
		}
		if want != "" {
			rows := []int{row.Lists[0].Rows[0].Row, row.Lists[0].Rows[1].Row}
			if row.Lists[0].Cell != 2 || rows[0] != rows[1]+1 || row.Lists[0].Columns["value"] != "F" || row.Lists[0].Rows[0].Sheet != "Fields" {
				t.Errorf("row %d: the list comes from %+v", row.Origin.Row, row.Lists[0])
			}
		}
		n++
	}
	if n != 300 || len(j.Notes()) > 0 {
		t.Errorf("%d rows, notes %v", n, j.Notes())
	}
}

// TestPassFields checks what single rows become.
func TestPassFields(t *testing.T) {
	header := append(slices.Clone(fieldHeader), "attributedValue", "numberStyle", "timeStyle", "dataDetectorTypes", "isRelative", "row", "Change message", "semantics")
	tests := map[string]struct {
		row  []any
		want string
	}{
		"text":           {[]any{"k", "L", "v"}, `{"key":"k","label":"L","value":"v"}`},
		"quotes":         {[]any{"k", `"L"`, `<a> & "$$x"`}, `{"key":"k","label":"\"L\"","value":"<a> & \"$$x\""}`},
		"number":         {[]any{"k", nil, 1234.5}, `{"key":"k","value":1234.5}`},
		"text of digits": {[]any{"k", nil, "007"}, `{"key":"k","value":"007"}`},
		"text as number": {[]any{"k", nil, "1234.5", nil, "PKNumberStyleDecimal"}, `{"key":"k","value":1234.5,"numberStyle":"PKNumberStyleDecimal"}`},
		"truth value":    {[]any{"k", nil, true}, `{"key":"k","value":"TRUE"}`},
		"date":           {[]any{"k", nil, "31.12.2026 18:00", nil, nil, "PKDateStyleShort"}, `{"key":"k","value":"2026-12-31T18:00:00+01:00","timeStyle":"PKDateStyleShort"}`},
		"detectors":      {[]any{"k", nil, "v", nil, nil, nil, "PKDataDetectorTypeLink, PKDataDetectorTypeAddress"}, `{"key":"k","value":"v","dataDetectorTypes":["PKDataDetectorTypeLink","PKDataDetectorTypeAddress"]}`},
		"no detectors":   {[]any{"k", nil, "v", nil, nil, nil, "none"}, `{"key":"k","value":"v","dataDetectorTypes":[]}`},
		"others":         {[]any{"k", nil, nil, "<a>", nil, nil, nil, "yes", 1, "now %@", `{"seats": []}`}, `{"key":"k","attributedValue":"<a>","changeMessage":"now %@","isRelative":true,"row":1,"semantics":{"seats":[]}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			j, err := join(t, twoSheets(t, [][]any{{"Serial"}, {"1"}}, [][]any{header, append([]any{"1", "back", 1}, test.row...)}), "backFields")
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			for row, err := range j.Rows(t.Context()) {
				if err != nil || row.Cells[1].Text != "["+test.want+"]" || row.Problems != nil {
					t.Errorf("got %s, %v, %v; want %s", row.Cells[1].Text, row.Problems, err, test.want)
				}
			}
		})
	}
}

// TestTooManyFields checks that one pass can't fill the memory.
func TestTooManyFields(t *testing.T) {
	fields := [][]any{fieldHeader}
	for i := range 500 {
		fields = append(fields, []any{"1", "back", nil, fmt.Sprint("k", i), "", "v"}, []any{fmt.Sprint("nobody", i), "back", nil, "k", "", "v"})
	}
	j, err := join(t, twoSheets(t, [][]any{{"Serial"}, {"1"}}, fields), "backFields")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for row, err := range j.Rows(t.Context()) {
		if err != nil || len(row.Lists[0].Rows) > 201 || len(row.Problems) != 1 || row.Problems[0].Code != "too-many-fields" || row.Problems[0].Origin.Cell() != "Fields!A402" {
			t.Errorf("got %d fields, %v, %v", len(row.Lists[0].Rows), row.Problems, err)
		}
	}
	notes := j.Notes()
	if len(notes) != 101 || notes[0].Origin.Cell() != "Fields!A3" || !strings.HasPrefix(notes[100].Message, "400 more rows") {
		t.Errorf("got %d notes: %v", len(notes), notes[len(notes)-1])
	}
}

// TestHiddenPass checks that the fields of a hidden row are no mistake.
func TestHiddenPass(t *testing.T) {
	file := twoSheets(t, [][]any{{"Serial"}, {"1"}, {"2"}}, [][]any{fieldHeader, {"2", "back", 1, "k", "", "v"}})
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetRowVisible("Passes", 3, false); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	j, err := join(t, file, "backFields")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for _, n := range j.Notes() {
		if n.Severity == jobs.Refused {
			t.Errorf("got %v", n)
		}
	}
}

// TestAnyText checks that no text changes the shape of the list that it stands in.
func TestAnyText(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune(`"\{}[],:<>&$'`)), rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.So)))
		words := rapid.SliceOfN(word, 1, 40).Draw(r, "words")
		fields := [][]any{fieldHeader}
		for i, w := range words {
			fields = append(fields, []any{"1", "back", i, fmt.Sprint("k", i), w, "v" + w})
		}
		j, err := join(t, twoSheets(t, [][]any{{"Serial"}, {"1"}}, fields), "backFields")
		if err != nil {
			r.Fatal(err)
		}
		defer j.Close()
		for row, err := range j.Rows(t.Context()) {
			var got []map[string]string
			if err != nil || json.Unmarshal([]byte(row.Cells[1].Text), &got) != nil || len(got) != len(words) {
				r.Fatalf("got %v, %s", err, row.Cells[1].Text)
			}
			for i, w := range words {
				if got[i]["value"] != "v"+w || got[i]["label"] != strings.TrimSpace(w) || got[i]["key"] != fmt.Sprint("k", i) {
					r.Fatalf("field %d is %q, want %q", i, got[i], w)
				}
			}
		}
	})
}
