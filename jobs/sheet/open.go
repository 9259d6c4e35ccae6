package sheet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"passmill/jobs"
)

// A Book is an open workbook, whose sheets are read one by one. It is not safe for
// concurrent use.
type Book struct {
	opened
	options Options
	archive *archive
	parts   *book
	styles  *styles
	strings *stringTable // nil until a sheet is read, or if there are none
	dir     *folder
	hash    jobs.Hash
}

// IsWorkbook reports whether a file is a workbook, or another archive, by its
// first bytes: whatever else it is, it is no text.
func IsWorkbook(file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 8)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return false, err
	}
	return strings.HasPrefix(string(head[:n]), "PK\x03\x04") || strings.HasPrefix(string(head[:n]), "\xD0\xCF\x11\xE0"), nil
}

// OpenBook opens a workbook and finds its sheets. The caller closes it, after the
// sources that were opened from it.
func OpenBook(ctx context.Context, o Options) (*Book, error) {
	o = o.filled()
	f, err := openFile(o)
	if err != nil {
		return nil, err
	}
	if !f.workbook {
		f.Close()
		return nil, fmt.Errorf("%s: it is no workbook; save it as .xlsx in a spreadsheet program", f.base)
	}
	return newBook(ctx, f, o)
}

// newBook takes over the file.
func newBook(ctx context.Context, f opened, o Options) (*Book, error) {
	b := &Book{opened: f, options: o, dir: &folder{path: o.TempDir}}
	if err := b.read(ctx); err != nil {
		b.Close()
		return nil, b.about(jobs.Origin{File: f.base}, err)
	}
	return b, nil
}

// read checks the archive and reads what all sheets share.
func (b *Book) read(ctx context.Context) (err error) {
	if b.hash, err = sum(ctx, b, b.size); err != nil {
		return err
	}
	if b.archive, err = openArchive(b, b.size, b.options.Limits); err != nil {
		return err
	}
	if err := foreign(b.archive); err != nil {
		return err
	}
	if err := b.archive.checkProlog(); err != nil {
		return err
	}
	if b.parts, err = readBook(b.archive); err != nil {
		return err
	}
	b.styles, err = readStyles(b.archive, b.parts.styles)
	return err
}

// about adds file and sheet to an error.
func (b *Book) about(at jobs.Origin, err error) error {
	if at.Sheet != "" {
		return fmt.Errorf("sheet %q of %s: %w", at.Sheet, at.File, err)
	}
	return fmt.Errorf("%s: %w", at.File, err)
}

// readStrings returns the shared strings, which are read once; nil if there are
// none.
func (b *Book) readStrings(ctx context.Context) (*stringTable, error) {
	if b.strings != nil || b.parts.strings == "" || !b.archive.has(b.parts.strings) {
		return b.strings, nil
	}
	t := newStringTable(b.dir)
	if err := b.archive.read(b.parts.strings, func(m *markup) error { return t.read(ctx, m) }); err != nil {
		return nil, errors.Join(err, t.close())
	}
	b.strings = t
	return t, nil
}

// Release gives up what sheets share, until another one is read.
func (b *Book) Release() error {
	if b.strings == nil {
		return nil
	}
	t := b.strings
	b.strings = nil
	return t.close()
}

// unchanged fails if the file was written to since it was opened.
func (b *Book) unchanged(ctx context.Context) error {
	after, err := sum(ctx, b, b.size)
	if err == nil && after != b.hash {
		err = ErrChanged
	}
	return err
}

// Sheet returns the name of a sheet as the book spells it; ok is false if it has
// none of that name, which is compared without regard to case.
func (b *Book) Sheet(name string) (spelled string, ok bool) {
	for _, s := range b.parts.sheets {
		if strings.EqualFold(s.name, name) {
			return s.name, true
		}
	}
	return "", false
}

// Visible returns the name of the first sheet that is visible and none of others.
func (b *Book) Visible(others ...string) (name string, ok bool) {
next:
	for _, s := range b.parts.sheets {
		for _, o := range others {
			if strings.EqualFold(s.name, o) {
				continue next
			}
		}
		if !s.hidden {
			return s.name, true
		}
	}
	return "", false
}

// Cells iterates over the rows of a sheet that has no header, hidden ones too:
// the cells of each row stand at the numbers of their columns, A at 0.
func (b *Book) Cells(ctx context.Context, name string) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		at := jobs.Origin{File: b.base}
		picked, err := b.parts.pick(name)
		w := &workbook{}
		defer w.close()
		if err == nil {
			at.Sheet = picked.name
			_, err = b.scan(ctx, w, picked, Options{Header: -1, Hidden: KeepHidden}, &notes{})
		}
		more := true
		if err == nil {
			w.index = make([]int, b.options.Limits.Columns+1)
			for col := range w.index {
				w.index[col] = col - 1
			}
			err = w.rows(ctx, at, func(row jobs.Row) bool {
				more = yield(row, nil)
				return more
			})
		}
		if err != nil && more {
			yield(jobs.Row{}, b.about(at, err))
		}
	}
}

// Hash returns the first half of the SHA-256 sum of the file's bytes.
func (b *Book) Hash() jobs.Hash { return b.hash }

// Close releases the file and everything that was put aside. The sources that
// were opened from the book are closed before.
func (b *Book) Close() error {
	return errors.Join(b.Release(), b.dir.close(), b.File.Close())
}
