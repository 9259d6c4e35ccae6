// Package sheettest makes workbooks for tests and benchmarks.
//
// It writes the XML itself, in a stream: a million rows take seconds and no
// memory, and shared strings can be as many and as distinct as a test wants,
// which no library for writing workbooks offers.
package sheettest

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteWorkbook writes a workbook with a header and the given rows below it on
// one sheet, Members. Its columns take turns: a member number as text, a name
// that differs in each row, a city that recurs, a whole number, an amount with
// two decimals, a date. The texts are shared strings, or stand in their cells.
// Row i, from 1, has the texts of [Text].
func WriteWorkbook(w io.Writer, rows, columns int, shared bool) error {
	return WriteWorkbookFields(w, rows, columns, 0, shared)
}

// WriteWorkbookFields writes such a workbook, and a second sheet, Fields, with so
// many fields for each row of the first. Their texts stand in their cells.
func WriteWorkbookFields(w io.Writer, rows, columns, fields int, shared bool) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	for _, p := range parts {
		content := p.content
		if fields > 0 {
			content = secondSheet.Replace(content)
		}
		if err := part(archive, p.name, func(b *bufio.Writer) { b.WriteString(content) }); err != nil {
			return err
		}
	}
	if fields > 0 {
		if err := part(archive, "xl/worksheets/sheet2.xml", func(b *bufio.Writer) { writeFields(b, rows, fields) }); err != nil {
			return err
		}
	}
	err := part(archive, "xl/worksheets/sheet1.xml", func(b *bufio.Writer) { writeSheet(b, rows, columns, shared) })
	if err != nil {
		return err
	}
	err = part(archive, "xl/sharedStrings.xml", func(b *bufio.Writer) { writeStrings(b, rows, columns, shared) })
	if err != nil {
		return err
	}
	return archive.Close()
}

// Text returns what a person sees in a cell of WriteWorkbook's; column counts
// from 0, and row 0 is the header.
func Text(row, column int) string {
	if row == 0 {
		return fmt.Sprintf("Column %d", column+1)
	}
	switch column % 6 {
	case 0:
		return fmt.Sprintf("M-%07d-%d", row, column)
	case 1:
		return fmt.Sprintf("Zoë Müller %d & Söhne %d", row, column)
	case 2:
		return fmt.Sprintf("City %d", row%cities)
	case 3:
		return strconv.Itoa(row)
	case 4:
		return fmt.Sprintf("%d.%02d", row%1000, row%100)
	}
	return []string{"2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"}[row%4]
}

const cities = 500

func part(archive *zip.Writer, name string, write func(*bufio.Writer)) error {
	w, err := archive.Create(name)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 64<<10)
	b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n")
	write(b)
	return b.Flush()
}

// secondSheet adds the sheet Fields to the parts of a workbook.
var secondSheet = strings.NewReplacer(
	`<sheet name="Members" sheetId="1" r:id="rId1"/>`, `<sheet name="Members" sheetId="1" r:id="rId1"/><sheet name="Fields" sheetId="2" r:id="rId4"/>`,
	`<Relationship Id="rId2"`, `<Relationship Id="rId4" Type="`+linkNS+`/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId2"`,
	`<Override PartName="/xl/styles.xml"`, `<Override PartName="/xl/worksheets/sheet2.xml" ContentType="`+mainType+`worksheet+xml"/><Override PartName="/xl/styles.xml"`,
)

// writeFields writes the sheet Fields, the last row's first, so that nothing can
// count on their order.
func writeFields(b *bufio.Writer, rows, fields int) {
	b.WriteString(`<worksheet xmlns="` + mainNS + `"><sheetData><row>`)
	texts := func(cells ...string) {
		for _, c := range cells {
			b.WriteString(`<c t="inlineStr"><is><t>` + escape.Replace(c) + `</t></is></c>`)
		}
	}
	texts("serial", "section", "key", "label", "value", "position")
	b.WriteString(`</row>`)
	for row := rows; row > 0; row-- {
		for n := range fields {
			b.WriteString(`<row>`)
			texts(Text(row, 0), "backFields", fmt.Sprint("k", n), "Label", Text(row, 1))
			b.WriteString(`<c><v>` + strconv.Itoa(n+1) + `</v></c></row>`)
		}
	}
	b.WriteString(`</sheetData></worksheet>`)
}

func writeSheet(b *bufio.Writer, rows, columns int, shared bool) {
	b.WriteString(`<worksheet xmlns="` + mainNS + `"><sheetData>`)
	for row := 0; row <= rows; row++ {
		number := strconv.Itoa(row + 1)
		b.WriteString(`<row r="` + number + `">`)
		for col := range columns {
			b.WriteString(`<c r="` + Letters(col) + number + `"`)
			writeValue(b, row, col, columns, shared)
			b.WriteString(`</c>`)
		}
		b.WriteString(`</row>`)
	}
	b.WriteString(`</sheetData></worksheet>`)
}

func writeValue(b *bufio.Writer, row, col, columns int, shared bool) {
	kind := col % 6
	switch {
	case row > 0 && kind == 3:
		b.WriteString(`><v>` + strconv.Itoa(row) + `</v>`)
	case row > 0 && kind == 4:
		b.WriteString(` s="1"><v>` + strconv.FormatFloat(float64(row%1000)+float64(row%100)/100, 'f', -1, 64) + `</v>`)
	case row > 0 && kind == 5:
		b.WriteString(` s="2"><v>` + strconv.Itoa(46023+row%4) + `</v>`)
	case shared:
		b.WriteString(` t="s"><v>` + strconv.Itoa(index(row, col, columns)) + `</v>`)
	default:
		b.WriteString(` t="inlineStr"><is><t>` + escape.Replace(Text(row, col)) + `</t></is>`)
	}
}

// index returns the number of a shared string: headers first, then cities, then
// the distinct texts, row by row.
func index(row, col, columns int) int {
	switch {
	case row == 0:
		return col
	case col%6 == 2:
		return columns + row%cities
	}
	return columns + cities + (row-1)*distinct(columns) + distinct(col)
}

// distinct counts the columns before col whose texts differ in each row.
func distinct(col int) int { return col/6*2 + min(col%6, 2) }

func writeStrings(b *bufio.Writer, rows, columns int, shared bool) {
	b.WriteString(`<sst xmlns="` + mainNS + `">`)
	if shared {
		for col := range columns {
			b.WriteString(`<si><t>` + Text(0, col) + `</t></si>`)
		}
		for city := range cities {
			b.WriteString(`<si><t>City ` + strconv.Itoa(city) + `</t></si>`)
		}
		for row := 1; row <= rows; row++ {
			for col := range columns {
				if col%6 < 2 {
					b.WriteString(`<si><t>` + escape.Replace(Text(row, col)) + `</t></si>`)
				}
			}
		}
	}
	b.WriteString(`</sst>`)
}

// Letters returns the name of a column, from 0.
func Letters(column int) string {
	name := string(rune('A' + column%26))
	if column >= 26 {
		return Letters(column/26-1) + name
	}
	return name
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
