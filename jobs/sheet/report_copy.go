package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

// copyable returns the source if its workbook can be copied, else why not: in
// the words of the report, or "" if it is no workbook.
func (r *Report) copyable() (s *Source, why string) {
	if s = r.source(); s == nil {
		return nil, ""
	}
	w, ok := s.body.(*workbook)
	if !ok {
		return nil, ""
	}
	load := w.weight
	if r.marksFields() { // then excelize loads that sheet too
		load = load.with(r.fields.weight)
	}
	l := r.options.Limits
	switch {
	case load.dense > l.Cells || load.last > l.Rows || load.merges > l.Merges || load.unpacked > l.Unpacked:
		return nil, "The workbook is too large to be copied"
	case w.weight.macros:
		return nil, "The workbook holds macros and is not copied"
	case w.weight.report:
		return nil, "The workbook is a report itself, with colours and notes of an earlier check, and is not copied"
	}
	return s, ""
}

// A weight is what copying a workbook would cost, and what stands against it.
type weight struct {
	dense    int   // cells of the sheets, up to the last one of each row
	last     int   // number of a sheet's last row
	merges   int   // ranges of merged cells of a sheet
	unpacked int64 // bytes of all parts
	macros   bool
	report   bool // it is a report of an earlier check
}

// with adds another sheet of the same workbook.
func (w weight) with(other weight) weight {
	w.dense += other.dense
	w.last, w.merges = max(w.last, other.last), max(w.merges, other.merges)
	return w
}

func (a *archive) weigh() (w weight) {
	for key, f := range a.entries {
		w.unpacked += int64(f.UncompressedSize64)
		w.macros = w.macros || path.Base(key) == "vbaproject.bin"
	}
	w.report = a.isReport()
	return w
}

// errUnlike means that excelize has not written what it has read.
var errUnlike = errors.New("the copy is not like the workbook")

// writeCopy writes a copy of the source's workbook with the summary in front.
// Excelize sees no file but one that Open has accepted, and is not trusted even
// then: the copy is read again and compared.
func (r *Report) writeCopy(ctx context.Context, s *Source, out *os.File, count jobs.Count) (remarks []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errUnlike, p)
		}
	}()
	f, err := r.openCopy(ctx, s)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &copying{report: r, file: f, sheets: []*markedSheet{{sheet: s.origin.Sheet}}, styles: map[style]int{}}
	if r.marksFields() {
		c.sheets = append(c.sheets, &markedSheet{sheet: r.fields.at.Sheet})
	}
	if err := c.mark(); err != nil {
		return nil, err
	}
	remarks = append([]string{"This is a copy of your workbook: the cells with a problem are coloured, and a note on each says how to mend it."}, c.remarks()...)
	if err := c.prepend(); err != nil {
		return nil, err
	}
	looks, err := newLooks(f)
	if err != nil {
		return nil, err
	}
	sum := &summary{report: r, file: f, looks: looks, target: c.target}
	if err := sum.write(count, remarks); err != nil {
		return nil, err
	}
	if err := r.pack(f, out); err != nil {
		return nil, err
	}
	return remarks, c.verify(ctx, s, out.Name())
}

// openCopy loads the workbook into excelize, if it still is the one that was
// checked.
func (r *Report) openCopy(ctx context.Context, s *Source) (*excelize.File, error) {
	file, err := os.Open(s.options.File)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if now, err := sum(ctx, file, stat.Size()); err != nil || now != s.hash {
		return nil, errors.Join(err, ErrChanged)
	}
	dir, err := r.dir.ready()
	if err != nil {
		return nil, err
	}
	limit := r.options.Limits.Unpacked
	f, err := excelize.OpenReader(io.NewSectionReader(file, 0, stat.Size()),
		excelize.Options{UnzipSizeLimit: limit, UnzipXMLSizeLimit: limit, TmpDir: dir})
	if err != nil {
		return nil, err
	}
	deselect(f)
	return f, nil
}

// deselect takes back the selection of sheets, since the report's own is to be
// shown: with two sheets selected, what is typed into one goes into both. The
// sheets are not loaded for it.
func deselect(f *excelize.File) {
	f.Pkg.Range(func(key, value any) bool {
		name, _ := key.(string)
		data, _ := value.([]byte)
		if strings.HasPrefix(name, "xl/worksheets/") || strings.HasPrefix(name, "xl/chartsheets/") {
			head := len(data)
			if i := bytes.Index(data, []byte("<sheetData")); i >= 0 {
				head = i
			}
			front := bytes.ReplaceAll(data[:head], []byte(`tabSelected="1"`), []byte(`tabSelected="0"`))
			front = bytes.ReplaceAll(front, []byte(`tabSelected="true"`), []byte(`tabSelected="0"`))
			f.Pkg.Store(name, append(front, data[head:]...))
		}
		return true
	})
}

// pack writes the workbook, marked as a report, without holding the archive in
// memory.
func (r *Report) pack(f *excelize.File, out *os.File) error {
	if err := f.SetCustomProps(excelize.CustomProperty{Name: reportProperty, Value: "1"}); err != nil {
		return err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := out.Truncate(0); err != nil {
		return err
	}
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(out) })
	_, err := f.WriteToBuffer() // the buffer stays empty
	return err
}
