package sheet

import (
	"context"
	"encoding/binary"
	"encoding/xml"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A stringTable holds the shared strings of a workbook: their text in one
// spool, the offset of each one's end in another, eight bytes each. Its memory
// does not grow with their number.
type stringTable struct {
	text, ends *spool
	texts      *pages
	offsets    *pages
	count      int
}

func newStringTable(dir *folder) *stringTable {
	text, ends := newSpool(dir), newSpool(dir)
	return &stringTable{text: text, ends: ends, texts: &pages{from: text}, offsets: &pages{from: ends}}
}

// read takes in the part with the strings. Its own counts are ignored: they
// are wrong in many files, and in no file needed.
func (t *stringTable) read(ctx context.Context, m *markup) error {
	var buf []byte
	var end [8]byte
	err := m.elements(func(start xml.StartElement) error {
		if start.Name.Local != "si" {
			return nil
		}
		var err error
		if buf, err = richText(m, buf[:0]); err != nil {
			return err
		}
		if _, err := t.text.Write(buf); err != nil {
			return err
		}
		if t.count++; t.count%1024 == 0 && ctx.Err() != nil {
			return &userError{ctx.Err()}
		}
		binary.LittleEndian.PutUint64(end[:], uint64(t.text.size))
		_, err = t.ends.Write(end[:])
		return err
	})
	if err != nil {
		return err
	}
	if err := t.text.flush(); err != nil {
		return err
	}
	return t.ends.flush()
}

// append adds the string of a number to dst; the number must be below count.
func (t *stringTable) append(dst []byte, number int) ([]byte, error) {
	from, err := t.end(number - 1)
	if err != nil {
		return dst, err
	}
	to, err := t.end(number)
	if err != nil {
		return dst, err
	}
	return t.texts.append(dst, from, int(to-from))
}

func (t *stringTable) end(number int) (int64, error) {
	if number < 0 {
		return 0, nil
	}
	var b [8]byte
	end, err := t.offsets.append(b[:0], int64(number)*8, 8)
	if err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(end)), nil
}

func (t *stringTable) close() error {
	err := t.text.Close()
	if err2 := t.ends.Close(); err == nil {
		err = err2
	}
	return err
}

// richText adds the plain text of the string whose start tag was read last: its
// t elements, also those of its runs, without phonetic hints.
func richText(m *markup, dst []byte) ([]byte, error) {
	for outer := m.depth - 1; m.depth > outer; {
		token, err := m.next()
		if err != nil {
			return dst, early(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local == "r" {
			continue
		}
		if start.Name.Local != "t" {
			if err := m.skip(); err != nil {
				return dst, err
			}
			continue
		}
		if dst, err = text(m, dst, attr(start, "space") == "preserve"); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// text adds the character data of the element whose start tag was read last.
// Blanks around it count only if they are to be preserved.
func text(m *markup, dst []byte, preserve bool) ([]byte, error) {
	from := len(dst)
	for outer := m.depth - 1; m.depth > outer; {
		token, err := m.next()
		if err != nil {
			return dst, early(err)
		}
		if data, ok := token.(xml.CharData); ok {
			if dst = append(dst, data...); len(dst) > maxText {
				return dst, complain("a cell holds more than 32,767 characters; shorten it")
			}
		}
	}
	if !preserve {
		dst = trim(dst, from)
	}
	return unescape(dst, from), nil
}

// trim removes XML's blanks around what follows from.
func trim(dst []byte, from int) []byte {
	end := len(dst)
	for end > from && blank(dst[end-1:end]) {
		end--
	}
	start := from
	for start < end && blank(dst[start:start+1]) {
		start++
	}
	return append(dst[:from], dst[start:end]...)
}

// unescape decodes _xHHHH_ in what follows from: the format's way to write
// characters that XML can't hold, one UTF-16 unit each.
func unescape(dst []byte, from int) []byte {
	to := from
	for i := from; i < len(dst); {
		unit, ok := escape(dst[i:])
		if !ok {
			dst[to] = dst[i]
			to, i = to+1, i+1
			continue
		}
		i += 7
		r := rune(unit)
		if low, ok := escape(dst[i:]); ok && utf16.IsSurrogate(r) {
			if pair := utf16.DecodeRune(r, rune(low)); pair != utf8.RuneError {
				r, i = pair, i+7
			}
		}
		to += len(utf8.AppendRune(dst[to:to], r)) // never longer than its escape
	}
	return dst[:to]
}

func escape(b []byte) (uint16, bool) {
	if len(b) < 7 || b[0] != '_' || b[1] != 'x' || b[6] != '_' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return uint16(unit), err == nil
}
