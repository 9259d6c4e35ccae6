package sheet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"passmill/jobs"
)

// A Source holds the rows of a sheet or of a CSV file. It implements
// [jobs.Source] and is not safe for concurrent use.
//
// Each row has its cells parallel to the columns, without those that are
// missing at its end. Blank rows are left out; a row's Origin keeps the number
// that a spreadsheet shows.
type Source struct {
	file    *os.File // of CSV
	book    *Book    // that is closed with the source; nil if it is somebody else's
	options Options
	origin  jobs.Origin // of the whole: file and sheet
	columns []jobs.Column
	notes   []jobs.Problem
	hash    jobs.Hash
	body    body
}

// A body is what Source reads: a workbook or a CSV file.
type body interface {
	rows(ctx context.Context, at jobs.Origin, yield func(jobs.Row) bool) error
	count() int
	most() int
	close() error
}

var _ jobs.Source = (*Source)(nil)

// ErrChanged means that a file was written to while it was read.
var ErrChanged = errors.New("the file was changed while it was read; try again when nobody writes to it")

// Open opens a workbook or CSV file and checks it: a workbook to its end, a CSV
// file as far as its header and its encoding. Everything that is wrong with the
// header is reported at once. The caller closes the Source.
func Open(ctx context.Context, o Options) (*Source, error) {
	o = o.filled()
	f, err := openFile(o)
	if err != nil {
		return nil, err
	}
	if f.workbook {
		return openOne(ctx, f, o)
	}
	s := &Source{file: f.File, options: o, origin: jobs.Origin{File: f.base}}
	if err := s.openCSV(ctx, o, f.size); err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", f.base, err)
	}
	return s, nil
}

// openOne opens a sheet of a workbook that is closed with it.
func openOne(ctx context.Context, f opened, o Options) (*Source, error) {
	b, err := newBook(ctx, f, o)
	if err != nil {
		return nil, err
	}
	s, err := b.Source(ctx, o)
	if err != nil {
		b.Close()
		return nil, err
	}
	s.book = b
	return s, b.Release()
}

// An opened file is one that may be read: a workbook or text.
type opened struct {
	*os.File
	base     string // its name in messages
	size     int64
	workbook bool
}

func openFile(o Options) (opened, error) {
	f := opened{base: filepath.Base(o.File)}
	if o.Header < 0 {
		return f, fmt.Errorf("%s: the header row has the number %d; rows count from 1", f.base, o.Header)
	}
	file, err := os.Open(o.File)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		return f, fmt.Errorf("open %q: %w", o.File, err)
	}
	f.File = file
	if err := f.check(o.Limits); err != nil {
		file.Close()
		return f, fmt.Errorf("%s: %w", f.base, err)
	}
	return f, nil
}

// check sees to it that the file is one to read, and tells what it is.
func (f *opened) check(limits Limits) error {
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	if stat.IsDir() {
		return errors.New("it is a folder; name a workbook or a CSV file in it")
	}
	if !stat.Mode().IsRegular() {
		return errors.New("it is no ordinary file; save it to disk first")
	}
	if f.size = stat.Size(); f.size > limits.Bytes {
		return fmt.Errorf("it has %d MiB, and up to %d MiB are read; split it", f.size>>20, limits.Bytes>>20)
	}
	f.workbook, err = detect(f, f.size)
	return err
}

// Columns implements [jobs.Source]. A column without a header is named by its
// letters.
func (s *Source) Columns() []jobs.Column { return slices.Clone(s.columns) }

// Sheet returns the name of the sheet; empty for CSV.
func (s *Source) Sheet() string { return s.origin.Sheet }

// Count returns how many rows Rows will yield, or 0 if that is not known before
// (CSV).
func (s *Source) Count() int { return s.body.count() }

// AtMost returns a number of rows that Rows does not exceed, near enough to plan
// by: Count where that is known, else the lines below the header.
func (s *Source) AtMost() int { return s.body.most() }

// Hash returns the first half of the SHA-256 sum of the file's bytes.
func (s *Source) Hash() jobs.Hash { return s.hash }

// Notes returns what is odd about the sheet as a whole: one problem of each
// kind, with the cells concerned in its message.
func (s *Source) Notes() []jobs.Problem { return slices.Clone(s.notes) }

// Rows implements [jobs.Source]. A workbook's rows come from what Open has
// checked. A CSV file is read again, and the last error may be [ErrChanged].
func (s *Source) Rows(ctx context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		more := true
		err := s.body.rows(ctx, s.origin, func(row jobs.Row) bool {
			more = yield(row, nil)
			return more
		})
		if err == nil || !more {
			return
		}
		if s.origin.Sheet != "" {
			err = fmt.Errorf("sheet %q of %s: %w", s.origin.Sheet, s.origin.File, err)
		} else {
			err = fmt.Errorf("%s: %w", s.origin.File, err)
		}
		yield(jobs.Row{}, err)
	}
}

// Close releases the file and everything that was put aside. It must not be
// called while Rows iterates.
func (s *Source) Close() error {
	var err error
	if s.body != nil {
		err = s.body.close()
	}
	if s.book != nil {
		err = errors.Join(err, s.book.Close())
	}
	if s.file != nil {
		err = errors.Join(err, s.file.Close())
	}
	return err
}

// sum hashes a file from its beginning, whatever has been read of it.
func sum(ctx context.Context, r io.ReaderAt, size int64) (jobs.Hash, error) {
	h := sha256.New()
	if _, err := io.Copy(h, &stopping{ctx, io.NewSectionReader(r, 0, size)}); err != nil {
		return jobs.Hash{}, err
	}
	return jobs.Hash(h.Sum(nil)[:len(jobs.Hash{})]), nil
}

// A stopping reader ends with its context.
type stopping struct {
	ctx context.Context
	r   io.Reader
}

func (s *stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
