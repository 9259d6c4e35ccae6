package sheet

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

// write writes the report: as a copy of the workbook where that is possible,
// else as a new one.
func (r *Report) write(ctx context.Context, out *os.File, count jobs.Count) ([]string, error) {
	s, why := r.copyable()
	if s != nil {
		remarks, err := r.writeCopy(ctx, s, out, count)
		if err == nil || ctx.Err() != nil {
			return remarks, err
		}
		why = "The workbook could not be copied without loss"
	}
	return r.writeRows(ctx, out, count, why)
}

// An excerpt is a new workbook with rows of the source, as text.
type excerpt struct {
	report *Report
	file   *excelize.File
	looks  *looks
	lines  *lines
	sheet  string
	whole  bool           // all rows are shown, not only those with problems
	linked map[uint64]int // rows of the sheet that the summary leads to
	marks  []spot         // by place
	noted  int
	unsaid int
	cut    int // cells that were too long
	unseen int // rows that the sheet had no room for
}

func (r *Report) writeRows(ctx context.Context, out *os.File, count jobs.Count, why string) ([]string, error) {
	dir, err := r.dir.ready()
	if err != nil {
		return nil, err
	}
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	defer f.Close()
	e := &excerpt{report: r, file: f, sheet: r.rowsSheet(), linked: map[uint64]int{}, whole: r.whole()}
	if err := e.prepare(); err != nil {
		return nil, err
	}
	if err := e.write(ctx); err != nil {
		return nil, err
	}
	remarks := e.remarks(why)
	sum := &summary{report: r, file: f, looks: e.looks, target: e.target}
	if err := sum.write(count, remarks); err != nil {
		return nil, err
	}
	return remarks, r.pack(f, out)
}

// whole reports whether the source is small enough to be shown whole.
func (r *Report) whole() bool {
	s, ok := r.options.Source.(interface{ AtMost() int })
	return ok && s.AtMost() <= r.options.Limits.Whole
}

// rowsSheet returns the name of the sheet with the rows: the one that they have
// in the source.
func (r *Report) rowsSheet() string {
	name := "Rows"
	if s := r.source(); s != nil {
		name = s.origin.File
		if s.origin.Sheet != "" {
			name = s.origin.Sheet
		}
	}
	if name = sheetName(name); strings.EqualFold(name, reportSheet) {
		name = "Rows"
	}
	return name
}

// prepare makes both sheets, and everything in the one with the rows that comes
// before them.
func (e *excerpt) prepare() error {
	if err := e.file.SetSheetName("Sheet1", reportSheet); err != nil {
		return err
	}
	if _, err := e.file.NewSheet(e.sheet); err != nil {
		return err
	}
	if err := dress(e.file); err != nil {
		return err
	}
	if err := e.file.SetDocProps(&excelize.DocProperties{Creator: "passmill", Title: "Problems of " + legible(e.report.options.Job)}); err != nil {
		return err
	}
	var err error
	if e.looks, err = newLooks(e.file); err != nil {
		return err
	}
	e.report.toPasses()
	for s := range spots(e.report.marks, byPlace) {
		e.marks = append(e.marks, s)
	}
	return e.header()
}

func (e *excerpt) header() error {
	out, err := e.file.NewStreamWriter(e.sheet)
	if err != nil {
		return err
	}
	e.lines = &lines{out: out, height: 22}
	if err := out.SetColWidth(1, 1, 9); err != nil {
		return err
	}
	cells := []any{cell(e.looks.head, "Row")}
	for i, c := range e.report.columns {
		name := legible(c.Name)
		if err := out.SetColWidth(i+2, i+2, float64(min(max(utf8.RuneCountInString(name)+6, 16), 32))); err != nil {
			return err
		}
		cells = append(cells, cell(e.looks.head, name))
	}
	err = out.SetPanes(&excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"})
	if err != nil {
		return err
	}
	spots := e.of(headerPlace)
	for _, s := range spots {
		cells[s[0].column+1] = cell(e.looks.severity[s[0].rank], legible(e.report.columns[s[0].column].Name))
	}
	e.lines.add(cells...)
	return e.notes(spots)
}

// of returns the marks in the row of a place.
func (e *excerpt) of(place uint64) []spot {
	from, _ := slices.BinarySearchFunc(e.marks, place, func(s spot, p uint64) int { return compare(s[0].place, p) })
	to := from
	for to < len(e.marks) && e.marks[to][0].place == place {
		to++
	}
	return e.marks[from:to]
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// write copies the rows.
func (e *excerpt) write(ctx context.Context) error {
	for row, err := range e.report.options.Source.Rows(ctx) {
		if err != nil {
			return err
		}
		place, spots, pass := e.find(row)
		if len(spots) == 0 && !e.whole {
			continue
		}
		if e.lines.row == maxRow {
			e.unseen++
			continue
		}
		if err := e.row(row, spots); err != nil {
			return err
		}
		if len(e.linked) < e.report.options.Limits.Linked && len(spots) > 0 {
			e.linked[place] = e.lines.row
			if pass != 0 {
				e.linked[pass] = e.lines.row
			}
		}
	}
	if e.lines.row > 1 {
		if err := e.file.AutoFilter(e.sheet, fmt.Sprintf("A1:%s%d", letters(len(e.report.columns)+1), e.lines.row), nil); err != nil {
			return err
		}
	}
	return e.lines.out.Flush()
}

func (e *excerpt) row(row jobs.Row, spots []spot) error {
	cells := make([]any, len(e.report.columns)+1)
	if row.Origin.Row > 0 {
		cells[0] = excelize.Cell{StyleID: e.looks.row, Value: row.Origin.Row}
	}
	for i, c := range row.Cells {
		text := legible(c.Text)
		if strings.HasSuffix(text, "…") && !strings.HasSuffix(c.Text, "…") {
			e.cut++
		}
		if text != "" {
			cells[i+1] = cell(e.looks.text, text)
		}
	}
	for _, s := range spots {
		i := s[0].column + 1
		marked := excelize.Cell{StyleID: e.looks.marked[s[0].rank]}
		if own, ok := cells[i].(excelize.Cell); ok {
			marked.Value = own.Value
		}
		cells[i] = marked
	}
	e.lines.add(cells...)
	if e.lines.err != nil {
		return e.lines.err
	}
	return e.notes(spots)
}

// notes writes the notes of the row that was written last.
func (e *excerpt) notes(spots []spot) error {
	for _, s := range spots {
		if e.noted == e.report.options.Limits.Noted {
			e.unsaid++
			continue
		}
		e.noted++
		comment, err := e.report.note(e.sheet, address(int(s[0].column)+2, e.lines.row), s, "")
		if err == nil {
			err = e.file.AddComment(e.sheet, comment)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
