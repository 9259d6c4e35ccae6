package sheet

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"passmill/jobs"
)

// A scan reads the part of a sheet once, to its very end, and puts the rows
// that Rows will yield into a spool.
type scan struct {
	ctx     context.Context
	in      *markup
	options Options
	strings *stringTable
	styles  *styles
	spool   *spool
	notes   *notes

	row    int // number of the row that is read
	col    int // number of its cell that is read
	cells  record
	text   []byte
	filled bool // the row has more than blanks

	scanned
}

// scanned is what a scan finds out.
type scanned struct {
	header    string // the cells of the header row; empty if it has none
	firstUsed int    // number of the first row that is not blank
	rows      int    // in the spool
	hidden    int    // rows that were left out because they are hidden
	used      []bool // by column number: some row in the spool has a value there
	merges    int    // ranges of merged cells
	dense     int    // cells up to the last one of each row, whether they are there or not
}

// sheet reads the whole part.
func (s *scan) sheet() error {
	s.used = make([]bool, s.options.Limits.Columns+1)
	for first := true; ; {
		token, err := s.in.next()
		if err == io.EOF {
			return s.spool.flush()
		}
		if err != nil {
			return s.cut(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		name := start.Name.Local
		if first && name != "worksheet" {
			return complain("it is a %s, not a worksheet; choose another sheet", name)
		}
		first = false
		if err := s.element(name, start); err != nil {
			return err
		}
	}
}

func (s *scan) element(name string, start xml.StartElement) error {
	switch name {
	case "worksheet", "mergeCells":
		return nil // what counts is inside
	case "sheetData":
		return s.cut(s.data())
	case "mergeCell":
		s.merge(attr(start, "ref"))
	}
	return s.in.skip()
}

// cut adds to the error of broken XML up to which row the sheet is whole.
func (s *scan) cut(err error) error {
	if _, ok := err.(*userError); ok || err == nil || s.row == 0 {
		return err
	}
	return &afterRow{s.row, early(err)}
}

// An afterRow is an error of the XML, and how far the sheet was whole.
type afterRow struct {
	row int
	err error
}

func (e *afterRow) Error() string { return fmt.Sprintf("%v after row %d", e.err, e.row) }
func (e *afterRow) Unwrap() error { return e.err }

// data reads the rows. What it does not know it refuses: it might hold rows.
func (s *scan) data() error {
	for outer := s.in.depth - 1; s.in.depth > outer; {
		token, err := s.in.next()
		if err != nil {
			return early(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != "row" {
			return complain("after row %d stands a <%.20s>, where only rows belong; save the workbook again in a spreadsheet program", s.row, start.Name.Local)
		}
		if err := s.readRow(start); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) readRow(start xml.StartElement) error {
	if err := s.number(attr(start, "r")); err != nil {
		return err
	}
	if s.row%256 == 0 && s.ctx.Err() != nil {
		return &userError{s.ctx.Err()}
	}
	s.cells.reset()
	s.col, s.filled = 0, false
	for outer := s.in.depth - 1; s.in.depth > outer; {
		token, err := s.in.next()
		if err != nil {
			return early(err)
		}
		cell, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch cell.Name.Local {
		case "c":
			err = s.readCell(cell)
		case "extLst":
			err = s.in.skip()
		default:
			err = complain("row %d holds a <%.20s>, where only cells belong; save the workbook again in a spreadsheet program", s.row, cell.Name.Local)
		}
		if err != nil {
			return err
		}
	}
	s.dense += s.col
	return s.keep(isTrue(attr(start, "hidden")))
}

// number takes the number of a row, which may be left out.
func (s *scan) number(ref string) error {
	last := s.row
	s.row++
	if ref != "" {
		n, err := strconv.ParseUint(ref, 10, 63)
		if err != nil {
			return complain("the row after row %d has the number %.20q; save the workbook again in a spreadsheet program", last, ref)
		}
		s.row = int(n)
	}
	if s.row <= last {
		return complain("row %d comes after row %d; save the workbook again in a spreadsheet program", s.row, last)
	}
	if s.row > s.options.Limits.Rows {
		return complain("it has a row with the number %d; up to %d are read; delete what stands so far down, or split the sheet", s.row, s.options.Limits.Rows)
	}
	return nil
}

// keep puts the row where it belongs.
func (s *scan) keep(hidden bool) error {
	if s.filled && s.firstUsed == 0 {
		s.firstUsed = s.row
	}
	switch {
	case s.row == s.options.Header:
		if s.filled {
			s.header = string(s.cells.cells)
		}
		return nil
	case s.row < s.options.Header || !s.filled:
		return nil
	case hidden && s.options.Hidden == SkipHidden:
		s.hidden++
		return nil
	}
	s.rows++
	err := eachStored(string(s.cells.cells), func(c stored) error {
		s.used[c.col] = true
		return nil
	})
	if err != nil {
		return err
	}
	return s.cells.write(s.spool, s.row)
}

// merge notes merged cells that touch the header: only their first cell has a
// name.
func (s *scan) merge(ref string) {
	s.merges++
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		return
	}
	_, top, err1 := parseRef(from)
	_, bottom, err2 := parseRef(to)
	if err1 == nil && err2 == nil && top <= s.options.Header && s.options.Header <= bottom {
		s.notes.add(looksWrong("merged-header", "cells of the header row are merged, and only the first cell of each has the name",
			"split the merged cells and give each column a name of its own"), ref)
	}
}

// parseRef splits "C17" into 3 and 17.
func parseRef(ref string) (col, row int, err error) {
	letters := 0
	for letters < len(ref) && letters < 4 && ref[letters]|0x20 >= 'a' && ref[letters]|0x20 <= 'z' {
		col = col*26 + int(ref[letters]|0x20-'a') + 1
		letters++
	}
	row, err = strconv.Atoi(ref[letters:])
	if letters == 0 || letters > 3 || err != nil || row < 1 {
		return 0, 0, fmt.Errorf("%.20q is no address of a cell", ref)
	}
	return col, row, nil
}

// letters returns the name of a column: 1 is A, 28 is AB.
func letters(col int) string {
	var name []byte
	for ; col > 0; col = (col - 1) / 26 {
		name = append([]byte{byte('A' + (col-1)%26)}, name...)
	}
	return string(name)
}

func address(col, row int) string { return jobs.Origin{Row: row, Column: letters(col)}.Cell() }
