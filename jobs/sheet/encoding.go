package sheet

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"passmill/jobs"
)

// A survey is one pass over the bytes of a text file: its sum, and whether they
// can be UTF-8. All of them decide: the first umlaut may stand far down.
type survey struct {
	hash    jobs.Hash
	lines   int  // line feeds so far
	returns int  // carriage returns
	pairs   int  // of both: one line end each
	open    bool // something stands behind the last line end
	last    byte
	runes   int // characters of more than one byte
	western int // of them, those that Windows-1252 has too: its own text hardly ever looks like one
	invalid int // bytes that are no UTF-8
	line    int // of the first invalid byte
	nul     int // line of the first NUL byte
}

func inspect(ctx context.Context, r io.ReaderAt, size int64) (*survey, error) {
	h := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(&stopping{ctx, io.NewSectionReader(r, 0, size)}, h), 256<<10)
	s := &survey{}
	for {
		chunk, err := in.Peek(in.Size())
		if err != nil && err != io.EOF {
			return nil, err
		}
		if len(chunk) == 0 {
			s.hash = jobs.Hash(h.Sum(nil)[:len(s.hash)])
			return s, nil
		}
		if err == nil {
			chunk = whole(chunk)
		}
		s.chunk(chunk)
		in.Discard(len(chunk))
	}
}

// whole leaves out a character that the end of a chunk cuts.
func whole(chunk []byte) []byte {
	for i := len(chunk) - 1; i >= len(chunk)-utf8.UTFMax; i-- {
		if utf8.RuneStart(chunk[i]) {
			if !utf8.FullRune(chunk[i:]) {
				return chunk[:i]
			}
			break
		}
	}
	return chunk
}

func (s *survey) chunk(b []byte) {
	s.ends(b)
	if i := bytes.IndexByte(b, 0); i >= 0 && s.nul == 0 {
		s.nul = s.lines + bytes.Count(b[:i], []byte{'\n'}) + 1
	}
	if utf8.RuneCount(b) == len(b) && utf8.Valid(b) { // all ASCII, as most chunks are
		s.lines += bytes.Count(b, []byte{'\n'})
		return
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n':
			s.lines++
		case r == utf8.RuneError && n == 1:
			if s.invalid++; s.line == 0 {
				s.line = s.lines + 1
			}
		case n > 1:
			s.runes++
			if _, ok := charmap.Windows1252.EncodeRune(r); ok {
				s.western++
			}
		}
		b = b[n:]
	}
}

// ends counts what lines end with besides line feeds.
func (s *survey) ends(b []byte) {
	if k := bytes.Count(b, []byte{'\r'}); k > 0 {
		s.returns += k
		s.pairs += bytes.Count(b, []byte("\r\n"))
	}
	if s.last == '\r' && b[0] == '\n' {
		s.pairs++ // cut by the end of a chunk
	}
	s.last = b[len(b)-1]
	if tail := bytes.TrimRight(b[max(len(b)-2, 0):], "\x00"); len(tail) > 0 { // in UTF-16, a zero follows
		s.open = tail[len(tail)-1] != '\n' && tail[len(tail)-1] != '\r'
	}
}

// all returns the number of lines, or somewhat more where quotes hold line ends.
func (s *survey) all() int {
	n := s.lines + s.returns - s.pairs
	if s.nul > 0 {
		n = max(s.lines, s.returns) // UTF-16, where the two of a pair don't touch
	}
	if s.open {
		n++
	}
	return n
}

// encodingOf decides how the bytes of a text file are read.
func encodingOf(head []byte, s *survey) (encoding.Encoding, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), nil
	}
	if even, odd := zerosAt(head, 0), zerosAt(head, 1); odd > len(head)/5 && even*10 < odd {
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	} else if even > len(head)/5 && odd*10 < even {
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	}
	bom := bytes.HasPrefix(head, []byte("\xEF\xBB\xBF"))
	switch {
	case s.nul > 0:
		return nil, fmt.Errorf("line %d holds a NUL byte, so it is damaged or no text; save the sheet again as CSV", s.nul)
	case s.invalid == 0:
		return unicode.UTF8BOM, nil
	case bom || s.runes > s.invalid || s.western > 0 && s.western*10 >= s.invalid:
		return nil, fmt.Errorf("it is UTF-8, but line %d holds a byte that is not; save it again as CSV UTF-8", s.line)
	}
	return charmap.Windows1252, nil
}

// zerosAt counts the NUL bytes at even or odd offsets: half of them are, where
// Latin letters are written in UTF-16.
func zerosAt(b []byte, from int) int {
	n := 0
	for i := from; i < len(b); i += 2 {
		if b[i] == 0 {
			n++
		}
	}
	return n
}
