package sheet_test

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"passmill/jobs/sheet"
)

// hostile writes a workbook whose sheet part consists of begin, repeated
// pieces, and end; extra adds entries to its archive.
type hostile struct {
	name              string
	begin, piece, end string
	times             int
	extra             func(*zip.Writer) error
	words             string
}

var hostiles = []hostile{
	{name: "a cell of 1 GiB", begin: `<row r="1"><c t="inlineStr"><is><t>`, piece: strings.Repeat("x", 1<<16), times: 1 << 14, end: `</t></is></c></row>`, words: "times its size"},
	{name: "a cell of 100 MiB that packs badly", begin: `<row r="1"><c t="inlineStr"><is><t>`, piece: noise, times: 100 << 4, end: `</t></is></c></row>`, words: "more than"},
	{name: "a bomb of rows", begin: "", piece: strings.Repeat(`<row/>`, 1<<13), times: 1 << 14, words: "times its size"},
	{name: "a bomb of media", extra: media, words: "times its size"},
	{name: "cells in XFD", begin: "", piece: `<row><c r="XFD1"><v>1</v></c></row>`, times: 10_000, words: "beyond column IV"},
	{name: "nested tags", begin: "", piece: `<a>`, times: 5_000_000, words: "times its size"},
	{name: "a few nested tags", begin: "", piece: `<a>`, times: 50, words: "<a>"},
	{name: "rows in hiding", begin: `<row r="1"/><x><row r="2"><c><v>1</v></c></row></x>`, words: "after row 1 stands a <x>"},
	{name: "cells in hiding", begin: `<row r="2"><x><c><v>1</v></c></x></row>`, words: "row 2 holds a <x>"},
	{name: "nested tags in a cell", begin: "<row><c>", piece: `<a>`, times: 300_000, words: "nests"},
	{name: "nested tags in a text", begin: `<row><c t="inlineStr"><is>`, piece: `<r>`, times: 50, words: "nests"},
	{name: "100,000 entries", extra: entries, words: "more than 1000 entries"},
	{name: "a row far down", begin: `<row r="1"><c><v>1</v></c></row><row r="2147483647"><c><v>1</v></c></row>`, words: "2147483647"},
	{name: "a row beyond all integers", begin: `<row r="1"><c><v>1</v></c></row><row r="99999999999999999999"/>`, words: "number"},
	{name: "a negative row", begin: `<row r="-5"><c><v>1</v></c></row>`, words: "number"},
	{name: "rows backwards", begin: `<row r="2"/><row r="1"/>`, words: "row 1 comes after row 2"},
	{name: "a row twice", begin: `<row r="2"/><row r="2"/>`, words: "row 2 comes after row 2"},
	{name: "a cell of another row", begin: `<row r="2"><c r="A3"><v>1</v></c></row>`, words: "row 3"},
	{name: "cells backwards", begin: `<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>`, words: "cell A1 after cell B1"},
	{name: "an address that is none", begin: `<row r="1"><c r="1A"><v>1</v></c></row>`, words: "no address"},
	{name: "a negative shared string", begin: `<row r="1"><c t="s"><v>-1</v></c></row>`, words: "A1"},
	{name: "an exponent", begin: `<row r="1"><c><v>1E+999999999</v></c></row>`, words: "A1"},
	{name: "a long number", begin: `<row r="1"><c><v>`, piece: "1", times: 100_000, end: `</v></c></row>`, words: "A1"},
	{name: "an attribute of 100 MiB", begin: `<row r="`, piece: noise, times: 100<<4 + 1, end: `"/>`, words: "more than"},
}

// noise is text that does not pack to nothing.
var noise = func() string {
	var b strings.Builder
	for i := 0; b.Len() < 1<<16; i++ {
		fmt.Fprintf(&b, "%x", uint32(i*2654435761))
	}
	return b.String()[:1<<16]
}()

func media(z *zip.Writer) error {
	w, err := z.Create("xl/media/image1.png")
	for i := 0; err == nil && (i < 16 || *full && i < 1<<10); i++ {
		_, err = w.Write(make([]byte, 1<<20))
	}
	return err
}

func entries(z *zip.Writer) error {
	for i := range 100_000 {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("xl/junk/%d.bin", i)}); err != nil {
			return err
		}
	}
	return nil
}

func (h hostile) write(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hostile.xlsx")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := zip.NewWriter(file)
	good := workbook(t, 1, 3, false)
	in, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range in.File {
		if f.Name != sheetXML {
			if err := out.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	w, err := out.Create(sheetXML)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, strings.TrimSuffix(rowsXML(""), "</sheetData></worksheet>")+h.begin)
	for range h.times {
		io.WriteString(w, h.piece)
	}
	io.WriteString(w, h.end+"</sheetData></worksheet>")
	if h.extra != nil {
		if err := h.extra(out); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

var full = flag.Bool("full", false, "write hostile files in their full size, which takes a while")

// TestHostile checks that files which are made to exhaust a reader are refused
// before they do: with the limits of an operator, and with few allocations.
func TestHostile(t *testing.T) {
	for _, h := range hostiles {
		t.Run(h.name, func(t *testing.T) {
			if !*full && h.times > 1000 && len(h.piece) > 1000 {
				h.times /= 64
			}
			file := h.write(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			refused(t, sheet.Options{File: file, Limits: sheet.Wide()}, h.words)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
				t.Errorf("allocated %d MiB on the way to the refusal, want less than 64", spent>>20)
			}
			t.Logf("refused after %v, %d KiB allocated, %s", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>10, peak())
		})
	}
}

// TestEntities checks that no part may declare entities, read or not, in any
// encoding.
func TestEntities(t *testing.T) {
	laughs := `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	good := workbook(t, 10, 3, true)
	for _, part := range []string{sheetXML, stringsXML, stylesXML, bookXML, "_rels/.rels", "[Content_Types].xml", "customXml/item1.xml"} {
		t.Run(part, func(t *testing.T) {
			bad := edit(t, good, map[string]func([]byte) []byte{part: func(old []byte) []byte {
				old = bytes.TrimPrefix(old, []byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`))
				return append([]byte(laughs), append(old, "<x/>"...)...)
			}})
			refused(t, sheet.Options{File: write(t, "laughs.xlsx", bad)}, "DOCTYPE", part)
		})
	}
	wide := edit(t, good, map[string]func([]byte) []byte{sheetXML: func(old []byte) []byte {
		return utf16LE(`<?xml version="1.0" encoding="UTF-16"?>` + laughs + rowsXML(""))
	}})
	refused(t, sheet.Options{File: write(t, "wide.xlsx", wide)}, "DOCTYPE")
}

func utf16LE(text string) []byte {
	b := []byte{0xFF, 0xFE}
	for _, r := range text {
		b = append(b, byte(r), byte(r>>8))
	}
	return b
}

// TestLimits checks both sides of each limit.
func TestLimits(t *testing.T) {
	file := write(t, "members.xlsx", workbook(t, 100, 6, true))
	cases := []struct {
		name   string
		limits sheet.Limits
		words  string // empty: accepted
	}{
		{"rows at the limit", sheet.Limits{Rows: 101}, ""},
		{"rows above", sheet.Limits{Rows: 100}, "row with the number 101"},
		{"columns at the limit", sheet.Limits{Columns: 6}, ""},
		{"columns above", sheet.Limits{Columns: 5}, "beyond column E"},
		{"entries at the limit", sheet.Limits{Entries: 7}, ""},
		{"entries above", sheet.Limits{Entries: 6}, "more than 6 entries"},
		{"bytes above", sheet.Limits{Bytes: 20_000}, "unpacks to more"},
		{"packed bytes above", sheet.Limits{Bytes: 2_000}, "are read"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.words != "" {
				refused(t, sheet.Options{File: file, Limits: c.limits}, c.words)
				return
			}
			if _, rows, err := read(t, sheet.Options{File: file, Limits: c.limits}); err != nil || len(rows) != 100 {
				t.Errorf("got %d rows, %v; want 100", len(rows), err)
			}
		})
	}
}
