package sheet

import (
	"fmt"
	"io"
)

// A quoting reader checks decoded text on its way to encoding/csv, which would
// read on to the end of the file after a quote that nobody closes, and takes a
// lone carriage return for a character. It passes line ends on as "\n".
type quoting struct {
	in    io.Reader
	comma byte

	state  quoteState
	cr     bool // the last byte was a carriage return
	line   int  // of the file
	opened int  // line of the quote that is open
	breaks int  // line ends since then
	length int  // of the cell so far
	cells  int  // of the line so far
	err    error
	buf    []byte
}

type quoteState uint8

const (
	cellStart quoteState = iota
	cellPlain
	cellQuoted
	cellClosed // after a quote that ends the cell, or begins a doubled one
)

// Bounds of a record, lest one line fills the memory.
const (
	maxBreaks = 5     // line ends in one quoted cell; an address has fewer
	maxCells  = 16384 // in a line: Excel's limit
)

func (q *quoting) Read(p []byte) (int, error) {
	if q.err != nil {
		return 0, q.err
	}
	if cap(q.buf) < len(p) {
		q.buf = make([]byte, len(p))
	}
	in, err := q.in.Read(q.buf[:len(p)])
	n := 0
	for _, c := range q.buf[:in] {
		if q.cr && c == '\n' {
			q.cr = false
			continue
		}
		if q.cr = c == '\r'; q.cr {
			c = '\n'
		}
		if q.err = q.step(c); q.err != nil {
			return n, q.err
		}
		p[n] = c
		n++
	}
	if err == io.EOF && q.state == cellQuoted {
		err = fmt.Errorf("the quote (\") that opens on line %d is never closed; close or double it", q.opened)
	}
	q.err = err
	return n, err
}

// step follows the quotes, as encoding/csv does.
func (q *quoting) step(c byte) error {
	q.length++
	switch {
	case c == '"':
		switch q.state {
		case cellStart:
			q.state, q.opened, q.breaks = cellQuoted, q.line, 0
		case cellQuoted:
			q.state = cellClosed
		case cellClosed:
			q.state = cellQuoted
		}
	case c == '\n':
		return q.lineEnd()
	case c == q.comma:
		if q.state != cellQuoted {
			q.state, q.length = cellStart, 0
			q.cells++
		}
	case c == 0:
		return fmt.Errorf("line %d holds a NUL character, so it is damaged; save the sheet again as CSV", q.line)
	case q.state == cellClosed:
		return fmt.Errorf("line %d has text after a closing quote (\"); double the quotes that belong to the text", q.line)
	case q.state == cellStart:
		q.state = cellPlain
	}
	if q.length > maxText {
		return fmt.Errorf("line %d has a cell of more than %d bytes; shorten it, or check the quotes", q.line, maxText)
	}
	if q.cells > maxCells {
		return fmt.Errorf("line %d has more than %d cells; check what separates them", q.line, maxCells)
	}
	return nil
}

func (q *quoting) lineEnd() error {
	q.line++
	if q.state != cellQuoted {
		q.state, q.length, q.cells = cellStart, 0, 0
		return nil
	}
	if q.breaks++; q.breaks > maxBreaks {
		return fmt.Errorf("the cell whose quote (\") opens on line %d goes on for more than %d lines, so the quote is probably never closed and would swallow rows; close or double it",
			q.opened, maxBreaks)
	}
	return nil
}
