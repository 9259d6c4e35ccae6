package sheet

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"passmill/jobs"
)

// CopyOptions say what a [Copy] holds and where it goes.
type CopyOptions struct {
	// File is the file to write: CSV if it ends in .csv, a workbook if it ends
	// in .xlsx.
	File string
	// Source is where the rows come from, and SourceFile the path of its file,
	// which is never overwritten; empty if it is none.
	Source     jobs.Source
	SourceFile string
	// Columns are the names of those that are added. One that the source has
	// already gets a number.
	Columns []string
	// Picture, if not nil, makes a picture of the first added cell of a row, which
	// a workbook shows in a further column of the name PictureColumn: a PNG, or nil
	// for none.
	Picture       func(cell string) ([]byte, error)
	PictureColumn string
	// TempDir is a folder for what does not fit into memory, as in [Options].
	TempDir string
}

// A Copy writes the rows of a source back as the user knows them, with further
// columns. The rows are put aside on the disk while somebody reads them through
// [Copy.Rows], so that a source that answers otherwise the next time is read once;
// memory does not grow with them.
type Copy struct {
	options CopyOptions
	columns []jobs.Column
	dir     *folder
	rows    *spool // of what the source says
	added   *spool // of what is added; in a folder of its own, since both are written at once
	other   *folder
	refused map[int]string
	words   map[string]string // one of each reason, since many rows have the same

	written, filled int
}

// NewCopy checks that the file may be written, before anybody waits for rows. The
// caller closes the Copy.
func NewCopy(o CopyOptions) (*Copy, error) {
	switch strings.ToLower(filepath.Ext(o.File)) {
	case ".csv", ".xlsx":
	default:
		return nil, fmt.Errorf("%s: its name must end in .csv or .xlsx", o.File)
	}
	if _, err := os.Stat(filepath.Dir(o.File)); err != nil {
		return nil, fmt.Errorf("%s: its folder does not exist; make it, or name another", o.File)
	}
	if stat, err := os.Stat(o.File); err == nil {
		if s, err := os.Stat(o.SourceFile); o.SourceFile != "" && err == nil && os.SameFile(s, stat) {
			return nil, fmt.Errorf("%s: it is the source itself; name another file", o.File)
		}
		if !stat.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: it is no file; name another", o.File)
		}
	}
	dir, other := &folder{path: o.TempDir}, &folder{path: o.TempDir}
	return &Copy{
		options: o, columns: o.Source.Columns(), dir: dir, rows: newSpool(dir), added: newSpool(other), other: other,
		refused: map[int]string{}, words: map[string]string{},
	}, nil
}

// Columns implements [jobs.Source].
func (c *Copy) Columns() []jobs.Column { return c.columns }

// Rows implements [jobs.Source]: it yields the rows of the source, once, and puts them
// aside.
func (c *Copy) Rows(ctx context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		var record []byte
		for row, err := range c.options.Source.Rows(ctx) {
			if err == nil {
				record = appendRecord(record[:0], row.Origin.Row, len(row.Cells), func(i int) string { return row.Cells[i].Text })
				_, err = c.rows.Write(record)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// Add says what is added to a row, which comes after those that were added to before.
// It may be called while rows are read.
func (c *Copy) Add(row int, cells ...string) error {
	_, err := c.added.Write(appendRecord(nil, row, len(cells), func(i int) string { return cells[i] }))
	return err
}

// Refuse says why nothing is added to a row but that, in the last of its cells, also if
// something was added before. Only the first reason counts.
func (c *Copy) Refuse(row int, why string) {
	if _, ok := c.refused[row]; ok {
		return
	}
	if _, ok := c.words[why]; !ok {
		c.words[why] = why
	}
	c.refused[row] = c.words[why]
}

// Write writes the file, whole or not at all, and says how many rows it has, and of how
// many the first added cell is filled. Rows to which nothing was said are left out. Only
// its owner can read it.
func (c *Copy) Write(ctx context.Context) (rows, filled int, err error) {
	if err := errors.Join(c.rows.flush(), c.added.flush()); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", c.options.File, err)
	}
	write := c.writeCSV
	if strings.EqualFold(filepath.Ext(c.options.File), ".xlsx") {
		write = c.writeBook
	}
	if err := replace(c.options.File, func(out *os.File) error { return write(ctx, out) }); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", c.options.File, err)
	}
	return c.written, c.filled, nil
}

// Close removes what was put aside.
func (c *Copy) Close() error {
	return errors.Join(c.rows.Close(), c.added.Close(), c.dir.close(), c.other.close())
}

// header returns the names of all columns.
func (c *Copy) header() []string {
	names := make([]string, 0, len(c.columns)+len(c.options.Columns)+1)
	had := map[string]bool{}
	for _, column := range c.columns {
		names = append(names, column.Name)
		had[jobs.FoldName(column.Name)] = true
	}
	added := c.options.Columns
	if c.options.Picture != nil {
		added = append(added[:len(added):len(added)], c.options.PictureColumn)
	}
	for _, name := range added {
		free := name
		for n := 2; had[jobs.FoldName(free)]; n++ {
			free = fmt.Sprintf("%s %d", name, n)
		}
		names = append(names, free)
		had[jobs.FoldName(free)] = true
	}
	return names
}

// lines yields the cells of each row that something was said to: those of the source,
// then those that are added. The slice is good until the next step.
func (c *Copy) lines(ctx context.Context) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		rows, added := &recordReader{in: c.rows.reader()}, &recordReader{in: c.added.reader()}
		next := added.read()
		width := len(c.columns)
		var line []string
		for n := 0; rows.read(); n++ {
			if n%256 == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			line = append(line[:0], rows.cells...)
			line = append(line, make([]string, width-len(line)+len(c.options.Columns))...)
			why, refused := c.refused[rows.row]
			hit := next && added.row == rows.row
			switch {
			case refused:
				line[len(line)-1] = why
			case hit:
				copy(line[width:], added.cells)
			}
			if hit {
				next = added.read()
			}
			if !refused && !hit {
				continue
			}
			c.written++
			if line[width] != "" {
				c.filled++
			}
			if !yield(line, nil) {
				return
			}
		}
		if err := errors.Join(rows.err, added.err); err != nil {
			yield(nil, err)
		}
	}
}

func appendRecord(dst []byte, row, n int, cell func(int) string) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(row)), uint64(n))
	for i := range n {
		s := cell(i)
		dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	}
	return dst
}

// A recordReader reads what appendRecord wrote.
type recordReader struct {
	in    *bufio.Reader
	row   int
	cells []string
	err   error // not the end
}

func (r *recordReader) read() bool {
	row, err := binary.ReadUvarint(r.in)
	if err != nil {
		if err != io.EOF {
			r.err = err
		}
		return false
	}
	r.row, r.cells = int(row), r.cells[:0]
	n, err := binary.ReadUvarint(r.in)
	for ; err == nil && n > 0; n-- {
		var size uint64
		if size, err = binary.ReadUvarint(r.in); err != nil {
			break
		}
		text := make([]byte, size)
		if _, err = io.ReadFull(r.in, text); err == nil {
			r.cells = append(r.cells, string(text))
		}
	}
	r.err = err
	return err == nil
}
