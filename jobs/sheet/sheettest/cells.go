package sheettest

import (
	"archive/zip"
	"bufio"
	"io"
	"strconv"
)

// A Cell is a cell of WriteCells: the type and the value that stand in the file.
type Cell struct {
	Type  string // "" is text; "n", "b" and "e" are a number, a truth value and an error
	Value string // empty text is no cell
	Date  bool   // a number is shown as a date
}

// WriteCells writes a workbook with one sheet, Members, that has these cells.
// The first row is the header. In text, _xHHHH_ is the character with that
// number, as the format has it.
func WriteCells(w io.Writer, rows [][]Cell) error {
	archive := zip.NewWriter(w)
	for _, p := range parts {
		if err := part(archive, p.name, func(b *bufio.Writer) { b.WriteString(p.content) }); err != nil {
			return err
		}
	}
	if err := part(archive, "xl/sharedStrings.xml", func(b *bufio.Writer) { b.WriteString(`<sst xmlns="` + mainNS + `"/>`) }); err != nil {
		return err
	}
	err := part(archive, "xl/worksheets/sheet1.xml", func(b *bufio.Writer) {
		b.WriteString(`<worksheet xmlns="` + mainNS + `"><sheetData>`)
		for i, row := range rows {
			writeRow(b, strconv.Itoa(i+1), row)
		}
		b.WriteString(`</sheetData></worksheet>`)
	})
	if err != nil {
		return err
	}
	return archive.Close()
}

func writeRow(b *bufio.Writer, number string, row []Cell) {
	b.WriteString(`<row r="` + number + `">`)
	for col, c := range row {
		ref := `<c r="` + Letters(col) + number + `"`
		switch {
		case c.Type != "" && c.Date:
			b.WriteString(ref + ` s="2" t="` + c.Type + `"><v>` + c.Value + `</v></c>`)
		case c.Type != "":
			b.WriteString(ref + ` t="` + c.Type + `"><v>` + c.Value + `</v></c>`)
		case c.Value != "":
			b.WriteString(ref + ` t="inlineStr"><is><t>` + escape.Replace(c.Value) + `</t></is></c>`)
		}
	}
	b.WriteString(`</row>`)
}
