package sheet

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"

	"passmill/jobs"
)

const sampleSize = 64 << 10 // bytes of text that the dialect is decided by

// A csvBody is the body of a [Source]: a CSV file, read anew for each
// iteration.
type csvBody struct {
	file     *os.File
	size     int64
	hash     jobs.Hash
	encoding encoding.Encoding
	dialect  dialect
	header   int
	width    int
	below    int // lines below the header, at most
}

func (s *Source) openCSV(ctx context.Context, o Options, size int64) error {
	if o.Sheet != "" {
		return fmt.Errorf("it is a CSV file, which has no sheet %q; leave the sheet out", o.Sheet)
	}
	found, err := inspect(ctx, s.file, size)
	if err != nil {
		return err
	}
	head := make([]byte, min(size, 4096))
	if _, err := s.file.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	}
	b := &csvBody{file: s.file, size: size, hash: found.hash, header: o.Header, below: max(found.all()-o.Header, 0)}
	if b.encoding, err = encodingOf(head, found); err != nil {
		return err
	}
	sample, err := io.ReadAll(io.LimitReader(b.text(nil), sampleSize))
	if err != nil {
		return err
	}
	b.dialect = dialectOf(string(sample), b.header, len(sample) == sampleSize)
	if b.dialect.skip > 0 {
		b.below = max(b.below-1, 0)
	}
	s.hash, s.body = b.hash, b
	var n notes
	if b.encoding == charmap.Windows1252 {
		n.add(advice("windows-1252", "it is not UTF-8 and is read as Windows-1252, the encoding of Western European Windows",
			"look at letters with accents, or save it as CSV UTF-8"), "")
	}
	if s.columns, err = b.columns(o.Limits.Columns, &n); err != nil {
		return err
	}
	b.width = len(s.columns)
	s.notes = n.list(s.origin)
	return nil
}

// columns reads the header.
func (b *csvBody) columns(most int, n *notes) ([]jobs.Column, error) {
	in := b.reader(nil)
	firstUsed := 0
	for {
		cells, row, err := in.next()
		if err == io.EOF || err == nil && row > b.header {
			if firstUsed == 0 && err == nil {
				firstUsed = row
			}
			return nil, noHeader(b.header, firstUsed)
		}
		if err != nil {
			return nil, err
		}
		if firstUsed == 0 {
			firstUsed = row
		}
		if row < b.header {
			continue
		}
		cells = cells[:used(cells)]
		if len(cells) > most {
			return nil, fmt.Errorf("line %d names %d columns, and up to %d are read; check what separates them", in.line(), len(cells), most)
		}
		list := make([]jobs.Column, len(cells))
		for i, name := range cells {
			list[i] = named(strings.TrimSpace(name), i+1, b.header, n)
		}
		if _, _, err := in.next(); err == io.EOF { // another error is for Rows to report
			n.add(noRows(), "")
		}
		return list, duplicates(list, b.header)
	}
}

func (b *csvBody) count() int   { return 0 }
func (b *csvBody) most() int    { return b.below }
func (b *csvBody) close() error { return nil }

// rows reads the file again from its beginning.
func (b *csvBody) rows(ctx context.Context, at jobs.Origin, yield func(jobs.Row) bool) error {
	h := sha256.New()
	in := b.reader(h)
	all := make([]jobs.Cell, b.width)
	for n := 0; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cells, row, err := in.next()
		if err == io.EOF {
			return b.unchanged(h)
		}
		if err != nil {
			return err
		}
		if row <= b.header {
			continue
		}
		if len(cells) > b.width {
			if k := used(cells); k > b.width {
				return fmt.Errorf("line %d has %d cells, but the header has %d; put quotes around a cell that holds the separator, or name the column", in.line(), k, b.width)
			}
			cells = cells[:b.width]
		}
		if fill(all, cells) {
			at.Row = row
			if !yield(jobs.Row{Origin: at, Cells: all[:len(cells)]}) {
				return nil
			}
		}
	}
}

// fill makes cells of a record's texts, and reports whether one of them has
// more than blanks.
func fill(all []jobs.Cell, texts []string) bool {
	filled := false
	for i, text := range texts {
		all[i] = jobs.Cell{Text: text}
		if text != "" {
			all[i].Kind = jobs.TextCell
			filled = filled || text[0] > ' ' && text[0] < 0x80 || strings.TrimSpace(text) != ""
		}
	}
	return filled
}

// used returns the number of cells up to the last one with more than blanks.
func used(cells []string) int {
	n := len(cells)
	for n > 0 && strings.TrimSpace(cells[n-1]) == "" {
		n--
	}
	return n
}

// unchanged compares what was read with what Open has seen.
func (b *csvBody) unchanged(h hash.Hash) error {
	stat, err := b.file.Stat()
	if err != nil {
		return err
	}
	if stat.Size() != b.size || jobs.Hash(h.Sum(nil)[:len(b.hash)]) != b.hash {
		return ErrChanged
	}
	return nil
}

// text returns the decoded text from its beginning; what is read of the file
// also goes to h.
func (b *csvBody) text(h hash.Hash) io.Reader {
	var in io.Reader = io.NewSectionReader(b.file, 0, b.size)
	if h != nil {
		in = io.TeeReader(in, h)
	}
	return transform.NewReader(bufio.NewReaderSize(in, 64<<10), b.encoding.NewDecoder())
}

// A records reader yields the records of a CSV file with the numbers of their
// rows.
type records struct {
	csv      *csv.Reader
	embedded int // line ends in quotes so far: they make no row
	skipped  int // lines before the first record: 1 after "sep="
}

func (b *csvBody) reader(h hash.Hash) *records {
	in := bufio.NewReaderSize(b.text(h), 64<<10)
	r := &records{}
	if b.dialect.skip > 0 {
		in.Discard(b.dialect.skip)
		r.skipped = 1
	}
	r.csv = csv.NewReader(bufio.NewReaderSize(&quoting{in: in, comma: b.dialect.comma, line: 1 + r.skipped}, 64<<10))
	r.csv.Comma = rune(b.dialect.comma)
	r.csv.FieldsPerRecord = -1
	r.csv.LazyQuotes = true // quotes inside cells are text; those that matter, quoting has checked
	r.csv.ReuseRecord = true
	return r
}

// next returns the next record that is not an empty line, and the number of its
// row: of all lines, those with nothing in them too.
func (r *records) next() ([]string, int, error) {
	cells, err := r.csv.Read()
	if err != nil {
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, 0, fmt.Errorf("line %d can't be read: %w", e.StartLine+r.skipped, e.Err)
		}
		return nil, 0, err
	}
	line, _ := r.csv.FieldPos(0)
	row := line - r.embedded
	for _, c := range cells {
		r.embedded += strings.Count(c, "\n")
	}
	return cells, row, nil
}

// line returns the line of the file on which the last record begins.
func (r *records) line() int {
	line, _ := r.csv.FieldPos(0)
	return line + r.skipped
}
