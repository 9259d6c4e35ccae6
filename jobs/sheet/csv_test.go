package sheet_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

// TestCSV checks what is detected, and what rows are called.
func TestCSV(t *testing.T) {
	utf16BE := func(text string) string {
		var b []byte
		for _, r := range text {
			b = append(b, byte(r>>8), byte(r))
		}
		return string(b)
	}
	cases := []struct {
		name, text string
		want       []string // columns, then rows
	}{
		{"commas", "name,city\nZoë,Halle\n", []string{"name|city", `2: "Zoë" "Halle"`}},
		{"semicolons and decimal commas", "name;price\na;1,50\nb;2,25\n", []string{"name|price", `2: "a" "1,50"`, `3: "b" "2,25"`}},
		{"tabs", "name\tprice\na\t1,50\n", []string{"name|price", `2: "a" "1,50"`}},
		{"bars", "name|price\na|1,50\n", []string{"name|price", `2: "a" "1,50"`}},
		{"one column with decimal commas", "price\n1,50\n2,25\n", []string{"price", `2: "1,50"`, `3: "2,25"`}},
		{"sep line", "sep=|\r\nname|city,x\r\na|b\r\n", []string{"name|city,x", `2: "a" "b"`}},
		{"sep line after a byte order mark", "\ufeffSEP=;\nname;city\na;b\n", []string{"name|city", `2: "a" "b"`}},
		{"byte order mark", "\ufeffname,city\na,b\n", []string{"name|city", `2: "a" "b"`}},
		{"CRLF", "name,city\r\na,b\r\n", []string{"name|city", `2: "a" "b"`}},
		{"CR", "name,city\ra,b\rc,d", []string{"name|city", `2: "a" "b"`, `3: "c" "d"`}},
		{"no end of line at the end", "name,city\na,b", []string{"name|city", `2: "a" "b"`}},
		{"quotes", "name,city\n\"a, \"\"b\"\"\",\"\"\n", []string{"name|city", `2: "a, \"b\"" -`}},
		{"quotes inside", "size,city\n5\" pipe,say \"hi\"\n", []string{"size|city", `2: "5\" pipe" "say \"hi\""`}},
		{"line breaks in quotes make no row", "a,b\n\"1\r\n2\n3\",x\n4,y\n", []string{"a|b", `2: "1\n2\n3" "x"`, `3: "4" "y"`}},
		{"blank lines make a row", "a,b\n\n1,2\n,\n\n3,4\n", []string{"a|b", `3: "1" "2"`, `6: "3" "4"`}},
		{"short rows", "a,b,c\n1\n1,2\n", []string{"a|b|c", `2: "1"`, `3: "1" "2"`}},
		{"long rows of nothing", "a,b\n1,2,,\n", []string{"a|b", `2: "1" "2"`}},
		{"header with empty ends", " a ,b,,\n1,2,,\n", []string{"a|b", `2: "1" "2"`}},
		{"unnamed column", "a,,c\n1,2,3\n", []string{"a|B|c", `2: "1" "2" "3"`}},
		{"Windows-1252", "name,price\nZo\xeb,5 \x80\n", []string{"name|price", `2: "Zoë" "5 €"`}},
		{"Windows-1252 that looks a little like UTF-8", "name\n\xabCAF\xc9\xbb \xfcber\nSpa\xdf\x93 Zo\xeb\n", []string{"name", `2: "«CAFÉ» über"`, `3: "Spaß“ Zoë"`}},
		{"UTF-16LE", string(utf16LE("näme,city\na,b\n")), []string{"näme|city", `2: "a" "b"`}},
		{"UTF-16LE without a mark", string(utf16LE("name,city\nä,b\n")[2:]), []string{"name|city", `2: "ä" "b"`}},
		{"UTF-16BE", "\xfe\xff" + utf16BE("name\tcity\nä\tb\n"), []string{"name|city", `2: "ä" "b"`}},
		{"UTF-16BE without a mark", utf16BE("name\tcity\nä\tb\n"), []string{"name|city", `2: "ä" "b"`}},
		{"header only", "a,b\n", []string{"a|b"}},
		{"long numbers", "id\n00123456789012345678\n", []string{"id", `2: "00123456789012345678"`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			columns, rows, err := read(t, sheet.Options{File: write(t, "rows.csv", []byte(c.text))})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, col := range columns {
				names = append(names, col.Name)
			}
			got := append([]string{strings.Join(names, "|")}, lines(rows)...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestCSVRefused checks the errors, and the lines that they name.
func TestCSVRefused(t *testing.T) {
	cases := []struct{ name, text, words string }{
		{"too many cells", "a,b,c,d\n1,2,3,4\n\n\"x\ny\",2\n1\n\n1,2,3,4,5\n", "line 8 has 5 cells, but the header has 4"},
		{"after a sep line", "sep=,\na,b\n1,2,3\n", "line 3 has 3 cells, but the header has 2"},
		{"open quote", "a,b\n1,2\n\"3,4\n5,6\n", `the quote (") that opens on line 3 is never closed`},
		{"open quote that swallows", "a,b\n1,2\n\"3,4\n" + strings.Repeat("5,6\n", 10), "opens on line 3"},
		{"closed too late", "a,b\n1,\"2\n" + strings.Repeat("5,6\n", 6) + "\"\n", "opens on line 2"},
		{"text after a quote", "a,b\n\"1\" x,2\n", "line 2 has text after a closing quote"},
		{"NUL", "a,b\n1,2\n3,\x004\n", "line 3 holds a NUL"},
		{"broken UTF-8", "näme,cïty\nZoë,M\xfcller\n", "line 2 holds a byte"},
		{"UTF-8 and Windows-1252", "name\nZoë\n" + strings.Repeat("M\xfcller\n", 10), "line 3 holds a byte"},
		{"wide UTF-8 and Windows-1252", "name\n" + strings.Repeat("x\n", 200<<10) + "€\n" + strings.Repeat("M\xfcller\n", 10), "holds a byte"},
		{"same names", "Name,city,first name,NAME,First_Name\n", "A1 and D1 name the same column; give each a name of its own\nC1 and E1 name"},
		{"blank", "\n\n  \n", "empty"},
		{"header after a blank line", "\n\na,b\n1,2\n", "the first row with something in it is row 3"},
		{"a cell without end", "a,b\n" + strings.Repeat("x", 1<<18), "line 2 has a cell of more than"},
		{"cells without end", "a,b\n" + strings.Repeat(",", 1<<18), "line 2 has more than 16384 cells"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refused(t, sheet.Options{File: write(t, "rows.csv", []byte(c.text))}, c.words)
		})
	}
}

// TestCSVAtMost checks the bound of rows, and what is said where there are none.
func TestCSVAtMost(t *testing.T) {
	cases := []struct {
		name, text string
		header     int
		want       int
	}{
		{"line feed at the end", "a,b\n1,2\n3,4\n", 1, 2},
		{"no line feed at the end", "a,b\n1,2\n3,4", 1, 2},
		{"CRLF", "a,b\r\n1,2\r\n3,4\r\n", 1, 2},
		{"CR", "a,b\r1,2\r3,4", 1, 2},
		{"sep line", "sep=,\na,b\n1,2\n", 1, 1},
		{"title", "Members\n\na,b\n1,2\n", 3, 1},
		{"UTF-16", string(utf16LE("a,b\r\n1,ä\r\n")), 1, 1},
		{"many chunks", "a,b\r\n" + strings.Repeat("12,34\r\n", 100_000), 1, 100_000},
		{"header only", "a,b\n", 1, 0},
		{"header without an end", "a,b", 1, 0},
		{"header and blank lines", "a,b\n\n\n", 1, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := sheet.Open(t.Context(), sheet.Options{File: write(t, "rows.csv", []byte(c.text)), Header: c.header})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			rows, err := collect(t, s)
			if err != nil || s.AtMost() != c.want || len(rows) > c.want {
				t.Errorf("got %d rows, at most %d, and %v; want at most %d", len(rows), s.AtMost(), err, c.want)
			}
			if noted := hasNote(s, "no-rows"); noted != (len(rows) == 0) {
				t.Errorf("got notes %v of %d rows", s.Notes(), len(rows))
			}
		})
	}
}

func hasNote(s *sheet.Source, code string) bool {
	return slices.ContainsFunc(s.Notes(), func(p jobs.Problem) bool { return p.Code == code && p.Severity == jobs.LooksWrong })
}

// TestCSVHeader checks headers further down.
func TestCSVHeader(t *testing.T) {
	file := write(t, "rows.csv", []byte("Members of 2026\n\nname,city\na,b\n"))
	_, rows, err := read(t, sheet.Options{File: file, Header: 3})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`4: "a" "b"`}, lines(rows)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	refused(t, sheet.Options{File: file, Header: 2}, "row 2 should hold the names", "row 1")
	refused(t, sheet.Options{File: file, Header: 9}, "row 9")
	refused(t, sheet.Options{File: file, Sheet: "Members"}, "no sheet")
}

// TestCSVChanged checks that bytes which differ from those that were hashed are
// an error.
func TestCSVChanged(t *testing.T) {
	for name, change := range map[string]string{"other": "a,b\n1,3\n", "longer": "a,b\n1,2\n3,4\n"} {
		file := write(t, name+".csv", []byte("a,b\n1,2\n"))
		s, err := sheet.Open(t.Context(), sheet.Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := os.WriteFile(file, []byte(change), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := collect(t, s); !errors.Is(err, sheet.ErrChanged) {
			t.Errorf("%s: got %v, want %v", name, err, sheet.ErrChanged)
		}
	}
}

// TestDetected checks that files of other kinds are called what they are, also
// where their names lie.
func TestDetected(t *testing.T) {
	cases := []struct{ name, data, words string }{
		{"empty", "", "is empty"},
		{"page", "<html><table><tr><td>a</td></tr></table></html>", "web page"},
		{"page with a mark", "\ufeff\r\n<!DOCTYPE html><html>", "web page"},
		{"page in UTF-16", string(utf16LE("<html><table>")), "web page"},
		{"Excel 2003", `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">`, "Excel 2003"},
		{"XML", `<?xml version="1.0"?><rows/>`, "XML document"},
		{"PDF", "%PDF-1.7\n", "PDF"},
		{"gzip", "\x1f\x8b\x08\x00", "compressed"},
		{"old Excel", "\x09\x08\x10\x00\x00\x06\x05\x00", "old Excel"},
		{"OLE2", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600), "old Office document"},
		{"empty ZIP", "PK\x05\x06" + strings.Repeat("\x00", 18), "empty ZIP"},
		{"beginning of a ZIP", "PK\x03\x04" + strings.Repeat("\x00", 100), "damaged"},
		{"picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", "NUL"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refused(t, sheet.Options{File: write(t, "members.xlsx", []byte(c.data))}, c.words)
		})
	}
	refused(t, sheet.Options{File: t.TempDir()}, "folder")
	refused(t, sheet.Options{File: filepath.Join(t.TempDir(), "missing.csv")}, `open "`, "no such file")
	for name, words := range map[string]string{"word/document.xml": "text document", "xl/workbook.bin": ".xlsb", "Index/Document.iwa": "Numbers", "notes.txt": "not a workbook"} {
		book := edit(t, workbook(t, 1, 1, false), map[string]func([]byte) []byte{name: to("x"), "_rels/.rels": to("<Relationships/>")})
		refused(t, sheet.Options{File: write(t, "members.xlsx", book)}, words)
	}
	// A CSV file under another name is read.
	if _, rows, err := read(t, sheet.Options{File: write(t, "members.xlsx", []byte("a,b\n1,2\n"))}); err != nil || len(rows) != 1 {
		t.Errorf("CSV named .xlsx: got %d rows, %v", len(rows), err)
	}
}
