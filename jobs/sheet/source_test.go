package sheet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

// TestIteration checks early breaks, cancellation and reading again, and that
// nothing is left open or lying about, for a source that spills and for CSV.
func TestIteration(t *testing.T) {
	const rows = 2000
	csv := "a,b\n" + strings.Repeat("1,2\n", rows)
	for name, file := range map[string]string{
		"workbook": bulky(t, rows),
		"csv":      write(t, "rows.csv", []byte(csv)),
	} {
		t.Run(name, func(t *testing.T) {
			open := descriptors()
			dir := t.TempDir()
			s, err := sheet.Open(t.Context(), sheet.Options{File: file, TempDir: dir, Limits: sheet.Wide()})
			if err != nil {
				t.Fatal(err)
			}
			for row, err := range s.Rows(t.Context()) {
				if err != nil || row.Origin.Row != 2 {
					t.Fatalf("first row: got %v, %v", row.Origin, err)
				}
				break
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			for _, err = range s.Rows(ctx) {
				if n++; n == 300 {
					cancel()
				}
			}
			if !errors.Is(err, context.Canceled) || n > 1000 {
				t.Errorf("cancelled: got %d rows and %v", n, err)
			}
			again, err := collect(t, s)
			if err != nil || len(again) != rows {
				t.Errorf("again: got %d rows, %v; want %d", len(again), err, rows)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left in the folder: %v", left)
			}
			if now := descriptors(); now != open {
				t.Errorf("got %d open files, want %d as before", now, open)
			}
		})
	}
}

// bulky makes a workbook that does not fit into a spool's memory.
func bulky(t *testing.T, rows int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`<row><c t="inlineStr"><is><t>Name</t></is></c></row>`)
	for range rows {
		b.WriteString(`<row><c t="inlineStr"><is><t>` + noise[:20<<10] + `</t></is></c></row>`)
	}
	return write(t, "bulky.xlsx", edit(t, workbook(t, 1, 1, false), map[string]func([]byte) []byte{sheetXML: to(rowsXML(b.String()))}))
}

// descriptors counts the open files of this process, where the system tells.
func descriptors() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// TestOpenCancelled checks that Open ends with its context and cleans up.
func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	open := descriptors()
	dir := t.TempDir()
	for _, file := range []string{workbookFile(t, 5000, 3, true), write(t, "rows.csv", []byte("a,b\n1,2\n"))} {
		if _, err := sheet.Open(ctx, sheet.Options{File: file, TempDir: dir}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	}
	if now := descriptors(); now != open {
		t.Errorf("got %d open files, want %d as before", now, open)
	}
}

// TestOwnFolder checks that a folder of the package's own is made when there is
// something to spill, is private, and goes; and that dead processes' go too.
func TestOwnFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("TMPDIR is another variable there")
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dead := tmp + "/passmill-sheet-999999999-1"
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(dead, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	s, err := sheet.Open(t.Context(), sheet.Options{File: bulky(t, 500)})
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(tmp)
	list = slices.DeleteFunc(list, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), "passmill-sheet-") })
	if err != nil || len(list) != 1 || list[0].Name() == "passmill-sheet-999999999-1" {
		t.Fatalf("got %v, %v; want one folder of this process", list, err)
	}
	if info, err := list[0].Info(); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got mode %v, %v; want 0700", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(tmp + "/" + list[0].Name()); len(list) > 0 {
		t.Errorf("left: %v", list)
	}
}

// TestFullDisk checks that a folder which takes no bytes is an error.
func TestFullDisk(t *testing.T) {
	refused(t, sheet.Options{File: bulky(t, 500), TempDir: t.TempDir() + "/gone"}, "temporary")
}

// TestHash checks the hash against the standard library's.
func TestHash(t *testing.T) {
	for _, data := range [][]byte{workbook(t, 10, 3, true), []byte("a,b\n1,2\n")} {
		s, err := sheet.Open(t.Context(), sheet.Options{File: write(t, "rows", data)})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if got := s.Hash(); !bytes.Equal(got[:], sum[:16]) {
			t.Errorf("got %x, want the first half of %x", got, sum)
		}
		s.Close()
	}
}

// several is a workbook with several sheets, one hidden, one that is a chart.
func several(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for _, name := range []string{"Old", "Members", "Gäste"} {
		f.NewSheet(name)
		f.SetSheetRow(name, "A1", &[]any{"Name", "City"})
		f.SetSheetRow(name, "A2", &[]any{name, "Halle"})
		f.SetSheetRow(name, "A3", &[]any{"hidden", "Halle"})
		f.SetRowVisible(name, 3, false)
	}
	f.DeleteSheet("Sheet1")
	f.SetActiveSheet(1)
	if err := f.SetSheetVisible("Old", false); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return write(t, "several.xlsx", b.Bytes())
}

// TestSheets checks how a sheet is chosen.
func TestSheets(t *testing.T) {
	file := several(t)
	for name, want := range map[string]string{"": "Members", "gäste": "Gäste", "OLD": "Old"} {
		_, rows, err := read(t, sheet.Options{File: file, Sheet: name})
		if err != nil || len(rows) != 1 || rows[0].Cells[0].Text != want || rows[0].Origin.Sheet != want {
			t.Errorf("sheet %q: got %v, %v; want one row with %q", name, lines(rows), err, want)
		}
	}
	_, rows, err := read(t, sheet.Options{File: file, Hidden: sheet.KeepHidden})
	if err != nil || len(rows) != 2 {
		t.Errorf("hidden rows kept: got %v, %v", lines(rows), err)
	}
	refused(t, sheet.Options{File: file, Sheet: "Membrs"}, `no sheet "Membrs"`, `"Old", "Members", "Gäste"`, `did you mean "Members"?`)
}

// TestHeaders checks what is wrong with headers.
func TestHeaders(t *testing.T) {
	inline := func(cells ...string) string {
		row := "<row>"
		for _, c := range cells {
			row += `<c t="inlineStr"><is><t>` + c + `</t></is></c>`
		}
		return row + "</row>"
	}
	book := func(rows string) string {
		return write(t, "headers.xlsx", edit(t, workbook(t, 1, 1, false), map[string]func([]byte) []byte{sheetXML: to(rowsXML(rows))}))
	}
	refused(t, sheet.Options{File: book("")}, "it is empty")
	refused(t, sheet.Options{File: book(inline("", " ") + inline("a"))}, "row 1 should hold", "row 2")
	refused(t, sheet.Options{File: book(inline("a")), Header: 7}, "row 7 should hold", "row 1")
	refused(t, sheet.Options{File: book(inline("a")), Header: -1}, "rows count from 1")
	refused(t, sheet.Options{File: book(inline("First name", "x", "FIRST_NAME", "X", "x"))}, "A1 and C1", "B1, D1 and E1")
	columns, _, err := read(t, sheet.Options{File: book(inline("title") + inline("a", "b") + inline("1", "2")), Header: 2})
	if want := []jobs.Column{{Name: "a", Ref: "A"}, {Name: "b", Ref: "B"}}; err != nil || !slices.Equal(columns, want) {
		t.Errorf("got %v, %v; want %v", columns, err, want)
	}
}

// TestNotes checks what is said about a sheet as a whole.
func TestNotes(t *testing.T) {
	var rows strings.Builder
	rows.WriteString(`<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c></row>`)
	for range 15 {
		rows.WriteString(`<row><c><f>A1</f></c><c><v>1234567890123450</v></c></row>`)
	}
	rows.WriteString(`<row hidden="1"><c><v>1</v></c></row>`)
	part := strings.Replace(rowsXML(rows.String()), "</worksheet>", `<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A5:B5"/></mergeCells></worksheet>`, 1)
	file := write(t, "notes.xlsx", edit(t, workbook(t, 1, 1, false), map[string]func([]byte) []byte{sheetXML: to(part)}))
	s, err := sheet.Open(t.Context(), sheet.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got []string
	for _, p := range s.Notes() {
		if p.Origin.File != "notes.xlsx" || p.Origin.Sheet != "Members" || p.Fix == "" {
			t.Errorf("got %+v, which lacks its place or what to do", p)
		}
		if p.Code == "hidden-rows" && !strings.Contains(p.Fix, "hidden: keep under source in the job") {
			t.Errorf("got fix %q, which does not say how", p.Fix)
		}
		got = append(got, p.Code+": "+p.Message)
	}
	want := []string{
		"formula-without-value: a formula has no stored result, so its cell is read as empty (A2, A3, A4, A5, A6, A7, A8, A9, A10, A11 and 5 more)",
		"long-number: a number has more than 15 digits, and spreadsheets replace the rest by zeros (B2, B3, B4, B5, B6, B7, B8, B9, B10, B11 and 5 more)",
		"merged-header: cells of the header row are merged, and only the first cell of each has the name (A1:B1)",
		"hidden-rows: hidden rows were left out: 1",
		"unnamed-column: a column has values but no name, so it is called by its letters (B1)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFlavours checks workbooks that are written otherwise than usual.
func TestFlavours(t *testing.T) {
	good := workbook(t, 50, 6, true)
	want, err := linesOf(t, good)
	if err != nil || len(want) != 50 {
		t.Fatalf("got %d rows, %v", len(want), err)
	}
	wideParts := make(map[string]func([]byte) []byte)
	for _, name := range []string{sheetXML, stringsXML, stylesXML, bookXML} {
		wideParts[name] = func(old []byte) []byte { return utf16LE(strings.Replace(string(old), "UTF-8", "UTF-16", 1)) }
	}
	strict := func(old []byte) []byte {
		return bytes.ReplaceAll(old, []byte("http://schemas.openxmlformats.org/spreadsheetml/2006/main"), []byte("http://purl.oclc.org/ooxml/spreadsheetml/main"))
	}
	cases := map[string]map[string]func([]byte) []byte{
		"UTF-16":                wideParts,
		"UTF-8 mark":            {sheetXML: func(old []byte) []byte { return append([]byte("\ufeff"), old...) }},
		"Latin-1":               {stylesXML: sub("UTF-8", "ISO-8859-1")},
		"strict":                {sheetXML: strict, bookXML: strict, stringsXML: strict},
		"wrong counts":          {stringsXML: sub("<sst ", `<sst count="1" uniqueCount="2" `)},
		"a broken drawing":      {"xl/drawings/drawing1.xml": to("<broken")},
		"an absolute target":    {"xl/_rels/workbook.xml.rels": sub(`"worksheets/sheet1.xml"`, `"/xl/worksheets/sheet1.xml"`)},
		"a target in backslash": {"xl/_rels/workbook.xml.rels": sub(`"worksheets/sheet1.xml"`, `"worksheets\sheet1.xml"`)},
	}
	for name, parts := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := linesOf(t, edit(t, good, parts))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func linesOf(t *testing.T, book []byte) ([]string, error) {
	t.Helper()
	_, rows, err := read(t, sheet.Options{File: write(t, "flavour.xlsx", book)})
	return lines(rows), err
}

// TestOpenDocument checks that the sheets of LibreOffice are refused with what to
// do about it, in the words of both programs' menus.
func TestOpenDocument(t *testing.T) {
	flat := write(t, "flat.fods", []byte(`<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>`))
	for _, file := range []string{"testdata/files/poi__SampleSS.ods", flat} {
		refused(t, sheet.Options{File: file}, "OpenDocument", "in LibreOffice choose File, Save As and the type Excel 2007-365 (.xlsx)", "in Excel choose File, Save As and Excel Workbook")
	}
	if _, err := sheet.OpenBook(t.Context(), sheet.Options{File: "testdata/files/poi__SampleSS.ods"}); err == nil || !strings.Contains(err.Error(), "LibreOffice") {
		t.Errorf("as a job: %v", err)
	}
}
