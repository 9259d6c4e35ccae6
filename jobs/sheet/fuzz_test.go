package sheet_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"passmill/jobs/sheet"
)

// FuzzSheet feeds XML as the part of a sheet. Whatever it is, reading never
// panics, and the rows delivered are the rows counted, each further down than
// the one before, or there is an error.
func FuzzSheet(f *testing.F) {
	good := workbook(f, 2, 6, true)
	f.Add([]byte(rowsXML(`<row r="1"><c t="s"><v>0</v></c></row><row r="2"><c s="2"><v>46000.5</v></c><c t="b"><v>1</v></c></row>`)))
	f.Add([]byte(rowsXML(`<row><c t="inlineStr"><is><r><t>a_x000D_</t></r></is></c></row><row hidden="1"><c><v>1E-5</v></c></row>`)))
	f.Add([]byte(rowsXML(`<row><c t="str"><f>A1</f><v>x</v></c></row><row r="9"><c r="C9" t="d"><v>2026-01-01</v></c><c t="e"><v>#N/A</v></c></row>`)))
	f.Add(utf16LE(rowsXML(`<row><c t="inlineStr"><is><t>ä</t></is></c></row>`)))
	f.Fuzz(func(t *testing.T, part []byte) {
		book := edit(t, good, map[string]func([]byte) []byte{sheetXML: func([]byte) []byte { return part }})
		check(t, write(t, "fuzz.xlsx", book))
	})
}

// FuzzStyles feeds number formats and values.
func FuzzStyles(f *testing.F) {
	f.Add("dd.mm.yyyy", "46000.5")
	f.Add(`[$-407]#,##0.00 "€";[Red]-0`, "-1E+10")
	f.Add("[h]:mm:ss.000 AM/PM e g b", "0.1")
	f.Add("# ??/??;@;;", "1.5")
	f.Fuzz(func(t *testing.T, code, value string) {
		var v strings.Builder
		if !utf8.ValidString(code) || xml.EscapeText(&v, []byte(value)) != nil {
			t.Skip()
		}
		check(t, styled(t, false, code, `s="1"`, "<v>"+v.String()+"</v>"))
	})
}

// FuzzCSV feeds text files.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("a;b\n\"1\n2\";3\n"))
	f.Add([]byte("sep=|\r\na|b\r\n1|2|\r\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	f.Add([]byte("n\xe4me\tb\r1\t\"\"\"2\"\r"))
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, write(t, "fuzz.csv", data))
	})
}

// check reads a file and checks what holds for every file.
func check(t *testing.T, file string) {
	t.Helper()
	watchdog := time.AfterFunc(20*time.Second, func() { panic("reading hangs") })
	defer watchdog.Stop()
	s, err := sheet.Open(t.Context(), sheet.Options{File: file, TempDir: t.TempDir()})
	if err != nil {
		return
	}
	defer s.Close()
	width := len(s.Columns())
	rows, err := collect(t, s)
	if err != nil {
		return
	}
	if s.Count() > 0 && s.Count() != len(rows) {
		t.Errorf("got %d rows, but Count is %d", len(rows), s.Count())
	}
	last := 0
	for _, row := range rows {
		if row.Origin.Row <= last || len(row.Cells) > width {
			t.Errorf("row %d after row %d has %d cells of %d columns", row.Origin.Row, last, len(row.Cells), width)
		}
		last = row.Origin.Row
	}
	again, err := collect(t, s)
	if err != nil || len(again) != len(rows) {
		t.Errorf("again: got %d rows and %v, want %d", len(again), err, len(rows))
	}
}
