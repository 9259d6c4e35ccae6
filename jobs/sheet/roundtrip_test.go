package sheet_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

// scripts are pieces that members' names are made of, and characters that
// formats trip over.
var scripts = append(strings.Split(`aZ09 äßøÇéñłŞİı Ελ Жяй אב عرب नम 你好 日本 한글 ไทย 😀👨‍👩‍👧 &<>"';,|=+-@#`, ""),
	"_x000D_", "_x005F_", "_", "  ", "\u00a0", "\u200f", "\u0301", "]]>", "00", "1E5")

func textGen(min int) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(scripts), min, 20), func(pieces []string) string {
		return strings.Join(pieces, "")
	})
}

// TestWorkbookRoundTrip checks that what excelize writes is read back: texts to
// the byte, numbers to the digit, dates to the second.
func TestWorkbookRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		f := excelize.NewFile()
		defer f.Close()
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: new("dd.mm.yyyy hh:mm:ss")})
		if err != nil {
			t.Fatal(err)
		}
		f.SetSheetRow("Sheet1", "A1", &[]any{"text", "number", "date", "last"})
		var want []string
		for row := range rapid.IntRange(1, 8).Draw(r, "rows") {
			text := textGen(0).Draw(r, "text")
			number := rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(r, "number")
			places := rapid.IntRange(0, 6).Draw(r, "places")
			decimal := fixed(number, places)
			at := time.Unix(rapid.Int64Range(-2_203_804_800, 32_503_680_000).Draw(r, "date"), 0).UTC()
			cell := func(column string) string { return column + strconv.Itoa(row+2) }
			f.SetCellStr("Sheet1", cell("A"), strings.ReplaceAll(text, "_x", "_x005F_x")) // excelize does not escape it
			value, _ := strconv.ParseFloat(decimal, 64)
			f.SetCellFloat("Sheet1", cell("B"), value, -1, 64)
			f.SetCellValue("Sheet1", cell("C"), at)
			f.SetCellStyle("Sheet1", cell("C"), cell("C"), style)
			f.SetCellStr("Sheet1", cell("D"), "x")
			shown := "-"
			if text != "" {
				shown = strconv.Quote(text)
			}
			want = append(want, fmt.Sprintf("%d: %s number(%q %s) date(%q %s) \"x\"", row+2, shown, decimal, decimal,
				at.Format("02.01.2006 15:04:05"), at.Format("2006-01-02T15:04:05")))
		}
		file := dir + "/book.xlsx"
		if err := f.SaveAs(file); err != nil {
			r.Fatal(err)
		}
		_, rows, err := read(t, sheet.Options{File: file, TempDir: dir})
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(want, lines(rows)); diff != "" {
			r.Errorf("-want +got:\n%s", diff)
		}
	})
}

// fixed writes n / 10^places in decimal digits without needless zeros.
func fixed(n int64, places int) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	if len(s) <= places {
		s = strings.Repeat("0", places-len(s)+1) + s
	}
	whole, fraction := s[:len(s)-places], strings.TrimRight(s[len(s)-places:], "0")
	if fraction != "" {
		whole += "." + fraction
	}
	if whole == "0" {
		return whole
	}
	return sign + whole
}

// TestCSVRoundTrip checks that what encoding/csv writes is read back in each
// encoding, with each separator and each kind of line end.
func TestCSVRoundTrip(t *testing.T) {
	t.Parallel()
	encodings := map[string]encoding.Encoding{
		"UTF-8": encoding.Nop, "UTF-8 with a mark": unicode.UTF8BOM, "Windows-1252": charmap.Windows1252,
		"UTF-16LE": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16BE": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	}
	dir := t.TempDir()
	for name, enc := range encodings {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				comma := rapid.SampledFrom([]rune(",;\t|")).Draw(r, "comma")
				end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(r, "end")
				table := [][]string{{"ä name", "ö city", "ü mail"}}
				for range rapid.IntRange(0, 8).Draw(r, "rows") {
					row := []string{"é" + textGen(0).Draw(r, "a"), textGen(0).Draw(r, "b"), textGen(0).Draw(r, "c") + rapid.SampledFrom([]string{"", "\nb", "\"", "\"\n\""}).Draw(r, "tail")}
					table = append(table, encodable(enc, row))
				}
				var b bytes.Buffer
				w := csv.NewWriter(&b)
				w.Comma = comma
				w.WriteAll(table)
				data, err := enc.NewEncoder().Bytes(bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte(end)))
				if err != nil {
					r.Fatal(err)
				}
				file := write(t, "rows.csv", data)
				columns, rows, err := read(t, sheet.Options{File: file, TempDir: dir})
				if err != nil {
					r.Fatalf("%q: %v", data, err)
				}
				if diff := cmp.Diff(table, texts(columns, rows)); diff != "" {
					r.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// encodable drops what an encoding has no character for; for Windows-1252, also
// the letters with which its text can look like UTF-8.
func encodable(enc encoding.Encoding, row []string) []string {
	if enc != charmap.Windows1252 {
		return row
	}
	for i := range row {
		row[i] = strings.Map(func(r rune) rune {
			if _, ok := charmap.Windows1252.EncodeRune(r); !ok || r == utf8.RuneError || strings.ContainsRune("ÂÃÅÆËâ", r) {
				return -1
			}
			return r
		}, row[i])
	}
	return row
}

// texts returns columns and rows as a table of texts.
func texts(columns []jobs.Column, rows []jobs.Row) [][]string {
	var head []string
	for _, c := range columns {
		head = append(head, c.Name)
	}
	table := [][]string{head}
	for _, row := range rows {
		line := make([]string, len(columns))
		for i, c := range row.Cells {
			line[i] = c.Text
		}
		table = append(table, line)
	}
	return table
}
