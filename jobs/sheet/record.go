package sheet

import (
	"bufio"
	"encoding/binary"
	"io"
)

// Kinds of stored cells: how the sheet's XML says that a value is meant. What
// a number is shown as, its style decides.
const (
	storedText   = 't'
	storedNumber = 'n'
	storedBool   = 'b'
	storedError  = 'e'
	storedDate   = 'd' // in ISO 8601
)

// A stored cell is one of a row in a spool.
type stored struct {
	col   int // from 1
	kind  byte
	style int
	value string
}

// A record is a row on its way into a spool: the number of the row, then the
// cells that are not empty. It is used again for each row.
type record struct {
	cells []byte
	head  []byte
}

func (r *record) reset() { r.cells = r.cells[:0] }

func (r *record) add(col int, kind byte, style int, value []byte) {
	r.cells = binary.AppendUvarint(r.cells, uint64(col))
	r.cells = append(r.cells, kind)
	r.cells = binary.AppendUvarint(r.cells, uint64(style))
	r.cells = binary.AppendUvarint(r.cells, uint64(len(value)))
	r.cells = append(r.cells, value...)
}

func (r *record) write(w io.Writer, row int) error {
	r.head = binary.AppendUvarint(r.head[:0], uint64(row))
	r.head = binary.AppendUvarint(r.head, uint64(len(r.cells)))
	if _, err := w.Write(r.head); err != nil {
		return err
	}
	_, err := w.Write(r.cells)
	return err
}

// readRecord returns the next row of a spool; its cells are cut from one
// string. buf is used again and returned.
func readRecord(in *bufio.Reader, buf []byte) (row int, cells string, _ []byte, err error) {
	number, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, "", buf, err
	}
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, "", buf, early(err)
	}
	if uint64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(in, buf); err != nil {
		return 0, "", buf, early(err)
	}
	return int(number), string(buf), buf, nil
}

// eachStored calls f with each cell of a record that was written by add.
func eachStored(cells string, f func(stored) error) error {
	for len(cells) > 0 {
		var c stored
		c.col, cells = cutNumber(cells)
		c.kind, cells = cells[0], cells[1:]
		c.style, cells = cutNumber(cells)
		n, rest := cutNumber(cells)
		c.value, cells = rest[:n], rest[n:]
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

func cutNumber(s string) (int, string) {
	n := 0
	for i := range len(s) {
		n |= int(s[i]&0x7F) << (7 * i)
		if s[i] < 0x80 {
			return n, s[i+1:]
		}
	}
	return n, ""
}
