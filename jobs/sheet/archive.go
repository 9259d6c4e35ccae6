package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// An archive is the ZIP file of a workbook, with its entries checked and found
// by name without regard to case.
type archive struct {
	entries map[string]*zip.File
}

// openArchive reads and checks the directory of an archive. Nothing is
// unpacked but the first bytes of each XML part.
func openArchive(r io.ReaderAt, size int64, limits Limits) (*archive, error) {
	in := &thrifty{r: r, left: 4 << 20}
	files, err := zip.NewReader(in, size)
	if errors.Is(err, errDirectory) || err == nil && len(files.File) > limits.Entries {
		return nil, fmt.Errorf("its archive holds more than %d entries; save it again as .xlsx in a spreadsheet program", limits.Entries)
	}
	if err != nil {
		return nil, fmt.Errorf("its archive is damaged (%w); get an undamaged copy", err)
	}
	in.left = -1
	a := &archive{entries: make(map[string]*zip.File, len(files.File))}
	total := int64(0)
	for _, f := range files.File {
		if err := a.add(f, limits); err != nil {
			return nil, err
		}
		if total += int64(f.UncompressedSize64); total > limits.Bytes {
			return nil, fmt.Errorf("it unpacks to more than %d MiB; split it, or save the sheet as CSV", limits.Bytes>>20)
		}
	}
	return a, nil
}

func (a *archive) add(f *zip.File, limits Limits) error {
	key := partKey(f.Name)
	if _, ok := a.entries[key]; ok {
		return fmt.Errorf("its archive holds %q twice, so it is not clear which one counts; save it again in a spreadsheet program", f.Name)
	}
	if f.Flags&1 != 0 {
		return fmt.Errorf("the entry %q of its archive is encrypted; save the workbook without a password", f.Name)
	}
	packed, size := f.CompressedSize64, f.UncompressedSize64
	if size > 1<<50 || packed > 1<<50 {
		return fmt.Errorf("the entry %q of its archive claims an impossible size; get an undamaged copy", f.Name)
	}
	if size > 1<<20 && size/max(packed, 1) > uint64(limits.Ratio) {
		return fmt.Errorf("the entry %q of its archive unpacks to more than %d times its size, as archives do that are made to exhaust memory; "+
			"save the workbook again in a spreadsheet program", f.Name, limits.Ratio)
	}
	a.entries[key] = f
	return nil
}

// checkProlog refuses an archive with a DOCTYPE in any of its XML parts, also
// in those that are never read: honest programs write none.
func (a *archive) checkProlog() error {
	for key, f := range a.entries {
		if ext := path.Ext(key); ext != ".xml" && ext != ".rels" && ext != ".vml" {
			continue
		}
		err := a.read(f.Name, prolog)
		if errors.Is(err, errDoctype) {
			return err
		}
	}
	return nil
}

func prolog(m *markup) error {
	for {
		token, err := m.next()
		if err != nil {
			return err
		}
		if _, ok := token.(xml.StartElement); ok {
			return nil
		}
	}
}

func (a *archive) has(name string) bool { return a.entries[partKey(name)] != nil }

// size returns the unpacked size of an entry, 0 if there is none.
func (a *archive) size(name string) int64 {
	if f := a.entries[partKey(name)]; f != nil {
		return int64(f.UncompressedSize64)
	}
	return 0
}

// read opens an XML part and hands it to f; errors name the part.
func (a *archive) read(name string, f func(*markup) error) error {
	file := a.entries[partKey(name)]
	if file == nil {
		return fmt.Errorf("its part %s is missing; save it again as .xlsx in a spreadsheet program", name)
	}
	r, err := file.Open()
	if err == nil {
		defer r.Close()
		err = f(newMarkup(r))
	}
	if _, ok := errors.AsType[*userError](err); ok || err == nil {
		return err
	}
	return fmt.Errorf("its part %s is damaged or hostile: it %w; open and save it again in a spreadsheet program", name, damage(err))
}

// small reads a part that must be small, such as the list of sheets.
func (a *archive) small(name string, f func(xml.StartElement) error) error {
	if a.size(name) > maxPart {
		return fmt.Errorf("its part %s is larger than %d MiB; save it again in a spreadsheet program", name, maxPart>>20)
	}
	return a.read(name, func(m *markup) error { return m.elements(f) })
}

// A userError is about what a part says rather than how it is written, and is
// passed on as it is.
type userError struct{ err error }

func (e *userError) Error() string { return e.err.Error() }
func (e *userError) Unwrap() error { return e.err }

func complain(format string, args ...any) error {
	return &userError{fmt.Errorf(format, args...)}
}

// damage words the errors of encoding/xml and archive/zip as a predicate.
func damage(err error) error {
	if e, ok := err.(*afterRow); ok {
		return fmt.Errorf("%w, after row %d", damage(e.err), e.row)
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return fmt.Errorf("is not well-formed XML at line %d (%s)", syntax.Line, syntax.Msg)
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("is cut short (%w)", err)
	case errors.Is(err, zip.ErrFormat):
		return fmt.Errorf("does not have the size that the archive's directory says (%w)", err)
	case errors.Is(err, zip.ErrChecksum):
		return fmt.Errorf("does not match its checksum (%w)", err)
	case errors.Is(err, errDoctype), errors.Is(err, errDepth), errors.Is(err, errToken), errors.Is(err, errNoRoot), errors.Is(err, errTrailing):
		return err
	}
	return fmt.Errorf("can't be read (%w)", err)
}

// partKey folds the name of a part as the format compares them. Some programs
// write backslashes.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

var errDirectory = errors.New("the directory is too large")

// A thrifty reader fails once more is read than is left, so that an archive of
// a million entries is refused before its directory fills the memory. A
// negative rest is no limit.
type thrifty struct {
	r    io.ReaderAt
	left int64
}

func (t *thrifty) ReadAt(p []byte, off int64) (int, error) {
	if t.left < 0 {
		return t.r.ReadAt(p, off)
	}
	if int64(len(p)) > t.left {
		return 0, errDirectory
	}
	t.left -= int64(len(p))
	return t.r.ReadAt(p, off)
}
