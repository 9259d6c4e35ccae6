package sheet

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

func (c *Copy) writeCSV(ctx context.Context, out *os.File) error {
	buffer := bufio.NewWriterSize(out, 256<<10)
	w := csv.NewWriter(buffer)
	header := c.header()
	for i := range header {
		header[i] = NoFormula(header[i])
	}
	if err := w.Write(header[:len(c.columns)+len(c.options.Columns)]); err != nil {
		return err
	}
	for line, err := range c.lines(ctx) {
		if err != nil {
			return err
		}
		for i := range line {
			line[i] = NoFormula(line[i])
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return full(err)
	}
	return buffer.Flush()
}

// NoFormula puts an apostrophe before what a spreadsheet program would take for a
// formula: CSV has no other way to say that a cell is text.
func NoFormula(s string) string {
	if s == "" {
		return s
	}
	switch s[0] {
	case '=', '+', '-', '@', '\t', '\r', 0:
		return "'" + s
	}
	return s
}

// Bounds of pictures: a side in pixels, and so many rows, since the library keeps all
// pictures of a workbook in memory.
const (
	pictureSide    = 132
	maxPictureRows = 5000
)

// writeBook writes a new workbook, its cells as text.
func (c *Copy) writeBook(ctx context.Context, out *os.File) error {
	dir, err := c.dir.ready()
	if err != nil {
		return err
	}
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	defer f.Close()
	looks, err := newLooks(f)
	if err != nil {
		return err
	}
	const name = "Rows"
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	w, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	b := &bookCopy{Copy: c, file: f, out: w, looks: looks, sheet: name}
	if err := b.write(ctx); err != nil {
		return err
	}
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(out) })
	_, err = f.WriteToBuffer() // the buffer stays empty
	return err
}

// A bookCopy is a workbook that is written.
type bookCopy struct {
	*Copy
	file     *excelize.File
	out      *excelize.StreamWriter
	looks    *looks
	sheet    string
	row      int
	pictures int
}

func (b *bookCopy) write(ctx context.Context) error {
	header := b.header()
	cells := make([]any, len(header))
	for i, name := range header {
		text := legible(name)
		cells[i] = cell(b.looks.head, text)
		width := min(max(utf8.RuneCountInString(text)+6, 14), 32)
		if i == len(b.columns) {
			width = 48 // the link
		}
		if b.options.Picture != nil && i == len(header)-1 {
			width = 20
		}
		if err := b.out.SetColWidth(i+1, i+1, float64(width)); err != nil {
			return err
		}
	}
	if err := b.out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	b.row = 1
	if err := b.out.SetRow("A1", cells); err != nil {
		return err
	}
	for line, err := range b.lines(ctx) {
		if err != nil {
			return err
		}
		if err := b.line(line); err != nil {
			return err
		}
	}
	return b.out.Flush()
}

func (b *bookCopy) line(line []string) error {
	if b.row++; b.row > maxRow {
		return fmt.Errorf("a sheet holds %d rows, and there are more; write a .csv file", maxRow-1)
	}
	cells := make([]any, len(line))
	for i, text := range line {
		if text != "" {
			cells[i] = cell(b.looks.text, legible(text))
		}
	}
	var options []excelize.RowOpts
	if b.options.Picture != nil {
		drawn, err := b.picture(line[len(b.columns)], len(line)+1)
		if err != nil {
			return err
		}
		if drawn {
			options = append(options, excelize.RowOpts{Height: pictureSide*0.75 + 6}) // points
		}
	}
	return b.out.SetRow(address(1, b.row), cells, options...)
}

// picture puts the picture of a cell into a column of the row that is written.
func (b *bookCopy) picture(text string, column int) (drawn bool, err error) {
	data, err := b.options.Picture(text)
	if err != nil || data == nil {
		return false, err
	}
	if b.pictures++; b.pictures > maxPictureRows {
		return false, fmt.Errorf("a workbook gets pictures for %d rows at most, and there are more; have them written as files beside a .csv file", maxPictureRows)
	}
	return true, b.file.AddPictureFromBytes(b.sheet, address(column, b.row), &excelize.Picture{
		Extension: ".png", File: data,
		Format: &excelize.GraphicOptions{
			AltText: "QR code", Positioning: "oneCell", OffsetX: 4, OffsetY: 4,
			ScaleX: b.scale(data), ScaleY: b.scale(data),
		},
	})
}

// scale makes a picture as large as its cell.
func (b *bookCopy) scale(data []byte) float64 {
	side := pngSide(data)
	if side == 0 {
		return 1
	}
	return float64(pictureSide) / float64(side)
}

// pngSide returns the width of a PNG in pixels; 0 if it is none.
func pngSide(data []byte) int {
	if len(data) < 24 {
		return 0
	}
	return int(data[18])<<8 | int(data[19])
}
