package sheet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"passmill/jobs/sheet"
)

// jobBook opens a workbook whose sheet job has these rows.
func jobBook(t *testing.T, rows ...[]any) *sheet.Book {
	t.Helper()
	file := t.TempDir() + "/job.xlsx"
	f := excelize.NewFile()
	defer f.Close()
	f.SetSheetName("Sheet1", "JOB")
	for i, row := range rows {
		f.SetSheetRow("JOB", fmt.Sprintf("A%d", i+1), &row)
	}
	if err := f.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	b, err := sheet.OpenBook(t.Context(), sheet.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestSettings(t *testing.T) {
	b := jobBook(t, []any{" key", "VALUE "}, []any{"template", "card", "a note"}, nil, []any{nil, nil, "a note alone"}, []any{"source.header", 2}, []any{nil, "lost"})
	settings, at, ok, err := b.Settings(t.Context())
	if err != nil || !ok || at.String() != "job.xlsx, JOB" {
		t.Fatalf("got %v, %v, %v", at, ok, err)
	}
	var got []string
	for _, s := range settings {
		got = append(got, fmt.Sprintf("%s %s=%s %s", s.KeyAt.Cell(), s.Key, s.ValueAt.Cell(), cellString(s.Value)))
	}
	want := `JOB!A2 template=JOB!B2 "card"; JOB!A4 =JOB!B4 -; JOB!A5 source.header=JOB!B5 number("2" 2); JOB!A6 =JOB!B6 "lost"`
	if text := strings.Join(got, "; "); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// TestSettingsWithoutHeader checks that the first row may be a key, and that only
// the first may be a header.
func TestSettingsWithoutHeader(t *testing.T) {
	b := jobBook(t, []any{"template", "card"}, []any{"key", "value"})
	if settings, _, _, err := b.Settings(t.Context()); err != nil || len(settings) != 2 {
		t.Errorf("got %v, %v", settings, err)
	}
}

// TestTooManySettings checks that rows of something else are not taken for keys.
func TestTooManySettings(t *testing.T) {
	b := jobBook(t, make([][]any, 0)...)
	if _, _, ok, err := b.Settings(t.Context()); !ok || err != nil {
		t.Errorf("an empty sheet: %v, %v", ok, err)
	}
	rows := make([][]any, 1001)
	for i := range rows {
		rows[i] = []any{fmt.Sprint("k", i), "v"}
	}
	if _, _, _, err := jobBook(t, rows...).Settings(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 1000 rows") {
		t.Errorf("got %v", err)
	}
}
