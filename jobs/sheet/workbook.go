package sheet

import (
	"context"
	"fmt"
	"io"
	"strings"

	"passmill/jobs"
)

// A workbook is the body of a [Source]: one sheet, checked and spooled.
type workbook struct {
	spool   *spool
	styles  *styles
	since   bool // dates count from 1904
	display *display
	rowsIn  int   // rows in the spool
	index   []int // of the column with a number; -1 if it is left out
	weight  weight
}

// Source opens a sheet of the book and checks it to its end; of the options, those
// about sheet, header and hidden rows count. The caller closes the Source, before
// the book.
func (b *Book) Source(ctx context.Context, o Options) (*Source, error) {
	o = o.filled()
	o.File, o.Limits = b.options.File, b.options.Limits
	s := &Source{options: o, origin: jobs.Origin{File: b.base}, hash: b.hash}
	if err := b.open(ctx, s, o); err != nil {
		s.Close()
		return nil, b.about(s.origin, err)
	}
	return s, nil
}

func (b *Book) open(ctx context.Context, s *Source, o Options) error {
	picked, err := b.parts.pick(o.Sheet)
	if err != nil {
		return err
	}
	s.origin.Sheet = picked.name
	var n notes
	if k := b.parts.skippedSheets(picked); k > 0 && o.Sheet == "" {
		n.add(advice("hidden-sheets", fmt.Sprintf("hidden sheets before this one were passed over: %d", k), "name the sheet if another one is meant"), "")
	}
	w := &workbook{weight: b.archive.weigh()}
	s.body = w
	found, err := b.scan(ctx, w, picked, o, &n)
	if err != nil {
		return err
	}
	if s.columns, err = w.columns(found, o.Header, &n); err != nil {
		return err
	}
	if w.rowsIn == 0 {
		n.add(noRows(), "")
	}
	s.notes = n.list(s.origin)
	return b.unchanged(ctx)
}

// scan reads shared strings, unless they were read for another sheet, and the
// sheet.
func (b *Book) scan(ctx context.Context, w *workbook, picked sheetPart, o Options, n *notes) (*scanned, error) {
	var err error
	w.styles, w.since, w.spool = b.styles, b.parts.epoch, newSpool(b.dir)
	if w.display, err = newDisplay(w.styles, w.since); err != nil {
		return nil, err
	}
	o.Limits = b.options.Limits
	s := &scan{ctx: ctx, options: o, styles: w.styles, notes: n, spool: w.spool}
	if need := b.archive.size(picked.part) + b.archive.size(b.parts.strings); need > spoolMemory {
		if err := b.dir.check(need); err != nil {
			return nil, err
		}
	}
	if s.strings, err = b.readStrings(ctx); err != nil {
		return nil, err
	}
	err = b.archive.read(picked.part, func(m *markup) error {
		s.in = m
		return s.sheet()
	})
	w.rowsIn = s.rows
	w.weight.dense, w.weight.last, w.weight.merges = s.dense, s.row, s.merges
	if s.hidden > 0 {
		n.add(advice("hidden-rows", fmt.Sprintf("hidden rows were left out: %d", s.hidden), "show them in the sheet, or write hidden: keep under source in the job"), "")
	}
	return &s.scanned, err
}

func (w *workbook) count() int { return w.rowsIn }
func (w *workbook) most() int  { return w.rowsIn }

// rows replays the spool.
func (w *workbook) rows(ctx context.Context, at jobs.Origin, yield func(jobs.Row) bool) error {
	in := w.spool.reader()
	w.display.forget()
	width := 0
	for _, i := range w.index {
		width = max(width, i+1)
	}
	all := make([]jobs.Cell, width)
	var buf []byte
	for n := 0; ; n++ {
		row, cells, b, err := readRecord(in, buf)
		if err == io.EOF && n == w.rowsIn {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read back row %d of %d: %w; import the file again", n+1, w.rowsIn, early(err))
		}
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		buf = b
		at.Row = row
		filled, err := w.row(cells, all)
		if err != nil {
			return fmt.Errorf("row %d: %w", row, err)
		}
		if !yield(jobs.Row{Origin: at, Cells: filled}) {
			return nil
		}
	}
}

// row turns stored cells into cells as a person sees them.
func (w *workbook) row(cells string, all []jobs.Cell) ([]jobs.Cell, error) {
	clear(all)
	last := 0
	err := eachStored(cells, func(c stored) error {
		i := w.index[c.col]
		last = max(last, i+1)
		return w.cell(c, &all[i])
	})
	if err != nil {
		return nil, err
	}
	return all[:last], w.display.show()
}

// cell fills in one cell. Its Text may come only with the next show.
func (w *workbook) cell(c stored, to *jobs.Cell) error {
	f := w.styles.of(c.style)
	switch c.kind {
	case storedText:
		*to = jobs.Cell{Text: c.value, Kind: jobs.TextCell}
		if f.texts && len(c.value) < 1024 {
			w.display.ask(look{c.style, true, c.value}, &to.Text)
		}
	case storedError:
		*to = jobs.Cell{Text: strings.TrimSpace(c.value), Kind: jobs.ErrorCell}
	case storedBool:
		*to = jobs.Cell{Text: "FALSE", Raw: "false", Kind: jobs.BoolCell}
		if isTrue(strings.TrimSpace(c.value)) {
			to.Text, to.Raw = "TRUE", "true"
		}
	case storedDate:
		w.isoCell(c, f, to)
	default:
		return w.number(c, f, to)
	}
	return nil
}

// isoCell fills in a cell of type d.
func (w *workbook) isoCell(c stored, f format, to *jobs.Cell) {
	t, ok := isoDate(c.value)
	if !ok {
		*to = jobs.Cell{Text: c.value, Kind: jobs.TextCell} // a time of day, or a duration
		return
	}
	*to = jobs.Cell{Text: strings.TrimSuffix(t.Format("2006-01-02 15:04:05"), " 00:00:00"), Raw: t.Format(isoTime), Kind: jobs.DateCell}
	if f.class == calendar {
		w.display.ask(look{c.style, false, serial(t, w.since)}, &to.Text)
	}
}

func (w *workbook) number(c stored, f format, to *jobs.Cell) error {
	raw, err := expand(c.value)
	if err != nil {
		return err
	}
	shown := rounded(raw) // for Raw too: 59.970000000000006 is nobody's price
	*to = jobs.Cell{Text: shown, Raw: shown, Kind: jobs.NumberCell}
	over, isWhole := long(raw)
	switch {
	case f.class == calendar:
		if t, ok := date(raw, w.since); ok {
			to.Raw, to.Kind = t.Format(isoTime), jobs.DateCell
			w.display.ask(look{c.style, false, to.Text}, &to.Text)
		}
	case f.class == general || isWhole && over:
	case f.class == zeros && isWhole:
		to.Text = padded(raw, len(f.code))
	default:
		w.display.ask(look{c.style, false, to.Text}, &to.Text)
	}
	return nil
}

func (w *workbook) close() error {
	if w.spool == nil {
		return nil
	}
	return w.spool.Close()
}
