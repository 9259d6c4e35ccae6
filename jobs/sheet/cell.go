package sheet

import (
	"bytes"
	"encoding/xml"
	"strconv"
)

// readCell reads the cell whose start tag was read last into the row's record.
func (s *scan) readCell(start xml.StartElement) error {
	if err := s.place(attr(start, "r")); err != nil {
		return err
	}
	style, _ := strconv.Atoi(attr(start, "s")) // an unknown style shows the value as it is
	kind := attr(start, "t")
	value, formula, err := s.content(kind == "str")
	if err != nil {
		return err
	}
	s.text = value
	return s.store(kind, max(style, 0), value, formula)
}

// place takes the address of a cell, which may be left out.
func (s *scan) place(ref string) error {
	last := s.col
	s.col++
	if ref != "" {
		col, row, err := parseRef(ref)
		if err != nil {
			return complain("row %d: %w; save the workbook again in a spreadsheet program", s.row, err)
		}
		if row != s.row {
			return complain("row %d holds a cell of row %d; save the workbook again in a spreadsheet program", s.row, row)
		}
		s.col = col
	}
	if s.col <= last {
		return complain("row %d holds cell %s after cell %s; save the workbook again in a spreadsheet program",
			s.row, address(s.col, s.row), address(last, s.row))
	}
	if s.col > s.options.Limits.Columns {
		return complain("cell %s lies beyond column %s, the last of %d that are read; delete what stands so far to the right",
			address(s.col, s.row), letters(s.options.Limits.Columns), s.options.Limits.Columns)
	}
	return nil
}

// content returns the text of a cell's value, and whether a formula stands
// there that lacks one.
func (s *scan) content(preserve bool) (value []byte, formula bool, err error) {
	value = s.text[:0]
	hasValue := false
	for outer := s.in.depth - 1; s.in.depth > outer; {
		token, err := s.in.next()
		if err != nil {
			return value, false, early(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "v":
			hasValue = true
			value, err = text(s.in, value, preserve)
		case "is":
			value, err = richText(s.in, value)
		case "f":
			formula = true
			err = s.in.skip()
		default:
			err = s.in.skip()
		}
		if err != nil {
			return value, false, s.at(err)
		}
	}
	return value, formula && !hasValue, nil
}

// store puts a value into the row's record. t is the type of the cell as the
// format defines it (ST_CellType).
func (s *scan) store(t string, style int, value []byte, formula bool) error {
	if formula {
		s.notes.add(looksWrong("formula-without-value", "a formula has no stored result, so its cell is read as empty",
			"open the workbook in a spreadsheet program and save it there, so that the formulas are calculated"), address(s.col, s.row))
	}
	if len(value) == 0 {
		return nil
	}
	kind := byte(storedText)
	switch t {
	case "s":
		shared, err := s.shared(value)
		if err != nil {
			return err
		}
		value = shared
	case "str", "inlineStr":
	case "b":
		kind = storedBool
	case "e":
		kind = storedError
	case "d":
		kind = storedDate
	case "n", "":
		kind = storedNumber
		if err := s.checkNumber(style, value); err != nil {
			return err
		}
	default:
		return complain("cell %s has the unknown type %.20q; save the workbook again in a spreadsheet program", address(s.col, s.row), t)
	}
	if len(value) == 0 {
		return nil
	}
	s.filled = s.filled || kind != storedText || len(bytes.TrimSpace(value)) > 0
	s.cells.add(s.col, kind, style, value)
	return nil
}

// shared returns the text of a shared string.
func (s *scan) shared(number []byte) ([]byte, error) {
	n, err := strconv.Atoi(string(bytes.TrimSpace(number)))
	count := 0
	if s.strings != nil {
		count = s.strings.count
	}
	if err != nil || n < 0 || n >= count {
		return nil, complain("cell %s asks for text %.20q of %d that the workbook holds; save it again in a spreadsheet program",
			address(s.col, s.row), number, count)
	}
	s.text, err = s.strings.append(s.text[:0], n)
	return s.text, s.at(err)
}

// checkNumber refuses what is no number, and notes numbers that have lost
// digits.
func (s *scan) checkNumber(style int, value []byte) error {
	number, err := expand(string(value))
	if err != nil {
		return complain("cell %s should hold a number and does not; type it in again", address(s.col, s.row))
	}
	if len(number) > 15 {
		if over, isWhole := long(number); over && isWhole && s.styles.of(style).class != calendar {
			s.notes.add(looksWrong("long-number", "a number has more than 15 digits, and spreadsheets replace the rest by zeros",
				"format the column as text and type the numbers in again"), address(s.col, s.row))
		}
	}
	return nil
}

// at adds the address of the cell to a complaint.
func (s *scan) at(err error) error {
	if u, ok := err.(*userError); ok {
		return complain("cell %s: %w", address(s.col, s.row), u.err)
	}
	return err
}
