package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/jobs/sheet"
	"passmill/jobs/sheet/sheettest"
)

// write puts data into a file of the test.
func write(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// workbook returns a small workbook as bytes.
func workbook(tb testing.TB, rows, columns int, shared bool) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := sheettest.WriteWorkbook(&b, rows, columns, shared); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// edit returns a workbook in which parts are replaced; a part that does not
// exist is added.
func edit(tb testing.TB, book []byte, parts map[string]func(old []byte) []byte) []byte {
	tb.Helper()
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	add := func(name string, data []byte) {
		w, err := out.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	done := make(map[string]bool)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		if change := parts[f.Name]; change != nil {
			data = change(data)
		}
		add(f.Name, data)
		done[f.Name] = true
	}
	for name, change := range parts {
		if !done[name] {
			add(name, change(nil))
		}
	}
	if err := out.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

const (
	sheetXML   = "xl/worksheets/sheet1.xml"
	stringsXML = "xl/sharedStrings.xml"
	stylesXML  = "xl/styles.xml"
	bookXML    = "xl/workbook.xml"
)

// to replaces a part by text.
func to(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }

// sub replaces text in a part.
func sub(old, new string) func([]byte) []byte {
	return func(data []byte) []byte { return []byte(strings.Replace(string(data), old, new, 1)) }
}

// rowsXML makes a sheet part of the inside of its sheetData.
func rowsXML(rows string) string {
	return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`
}

// read returns all rows of a file, with cells cloned.
func read(tb testing.TB, o sheet.Options) ([]jobs.Column, []jobs.Row, error) {
	tb.Helper()
	if o.TempDir == "" {
		o.TempDir = tb.TempDir()
	}
	s, err := sheet.Open(tb.Context(), o)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	}()
	rows, err := collect(tb, s)
	return s.Columns(), rows, err
}

func collect(tb testing.TB, s *sheet.Source) ([]jobs.Row, error) {
	var rows []jobs.Row
	for row, err := range s.Rows(tb.Context()) {
		if err != nil {
			return rows, err
		}
		row.Cells = append([]jobs.Cell(nil), row.Cells...)
		rows = append(rows, row)
	}
	return rows, nil
}

// lines returns rows as short text: "2: "Zoë" 12".
func lines(rows []jobs.Row) []string {
	var list []string
	for _, row := range rows {
		line := fmt.Sprintf("%d:", row.Origin.Row)
		for _, c := range row.Cells {
			line += " " + cellString(c)
		}
		list = append(list, line)
	}
	return list
}

// refused opens and reads a file and checks that the error has the words.
func refused(t *testing.T, o sheet.Options, words ...string) {
	t.Helper()
	_, rows, err := read(t, o)
	if err == nil {
		t.Fatalf("got %d rows and no error, want an error with %q", len(rows), words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got error %q, want %q in it", err, w)
		}
	}
	if !strings.Contains(err.Error(), filepath.Base(o.File)) {
		t.Errorf("got error %q, which does not name the file", err)
	}
}
