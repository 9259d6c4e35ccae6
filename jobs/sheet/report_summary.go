package sheet

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

// reportSheet is the name of the sheet that sums up.
const reportSheet = "passmill report"

// A summary is the first sheet of a report in the making.
type summary struct {
	report *Report
	file   *excelize.File
	looks  *looks
	lines  *lines
	// target returns where in the report's workbook the cell of a problem is;
	// "" if it is not there.
	target func(jobs.Problem) string
}

// summaryColumns are the columns of the list of problems.
var summaryColumns = []struct {
	name  string
	width float64
}{
	{"Severity", 13}, {"Sheet", 17}, {"Cell", 9}, {"Row", 9}, {"Serial number", 18}, {"Field", 18},
	{"What is wrong", 46}, {"How to mend it", 58}, {"What the cell says", 34},
}

// write fills the sheet, which must be empty.
func (s *summary) write(count jobs.Count, remarks []string) error {
	out, err := s.file.NewStreamWriter(reportSheet)
	if err != nil {
		return err
	}
	for i, c := range summaryColumns {
		if err := out.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	s.lines = &lines{out: out}
	s.opening(count, remarks)
	s.counts(count)
	s.kinds()
	if err := s.list(); err != nil {
		return err
	}
	if s.lines.err != nil {
		return s.lines.err
	}
	return out.Flush()
}

func (s *summary) opening(count jobs.Count, remarks []string) {
	r := s.report
	about := legible(r.options.Job)
	if r.options.SourceFile != "" {
		about = legible(filepath.Base(r.options.SourceFile))
	}
	title := about + ": nothing to mend"
	if n := count.Refused; n > 0 {
		title = fmt.Sprintf("%s: %s of %s to mend", about, number(n), plural(count.Rows, "row"))
	} else if r.refused > 0 {
		title = fmt.Sprintf("%s: %s to mend before any pass can be made", about, plural(r.refused, "problem"))
	} else if n := r.strayFields(); n > 0 {
		title = fmt.Sprintf("%s: %s of no row to mend", about, plural(n, "problem"))
	}
	own := "file"
	if r.source() == nil {
		own = "data"
	}
	s.lines.height = 30
	s.lines.add(cell(s.looks.title, title))
	s.lines.add(cell(s.looks.lead, fmt.Sprintf("Job %s, checked on %s. Mend your own %s and check it again; this report does not change it.",
		legible(r.options.Job), r.options.Now.Format("2 January 2006 at 15:04"), own)))
	for _, remark := range remarks {
		s.lines.add(cell(s.looks.remark, legible(remark)))
	}
	s.lines.skip()
}

// counts writes how many rows there are, beside what the colours mean.
func (s *summary) counts(count jobs.Count) {
	rows := []struct {
		label string
		n     int
	}{{"Rows checked", count.Rows}, {"Good", count.Made + count.Unchanged}, {"To mend", count.Refused}, {"Problems in all", s.report.total}}
	s.lines.add(cell(s.looks.section, "Counts"), nil, nil, nil, cell(s.looks.section, "What the colours mean"))
	for i, line := range rows {
		severity := severities[i] // as many as there are counts
		s.lines.add(cell(s.looks.label, line.label), excelize.Cell{StyleID: s.looks.figure, Value: line.n}, nil, nil,
			cell(s.looks.severity[i], string(severity)), cell(s.looks.lead, tints[severity].meaning))
	}
	if n := s.report.strayFields(); n > 0 {
		s.lines.add(cell(s.looks.label, "Of no row"), excelize.Cell{StyleID: s.looks.figure, Value: n},
			cell(s.looks.lead, "  to mend on the sheet "+legible(s.report.fields.at.Sheet)+"; passes are made without it"))
	}
	if s.report.refused > 0 {
		s.lines.add(cell(s.looks.label, "Not of a row"), excelize.Cell{StyleID: s.looks.figure, Value: s.report.refused},
			cell(s.looks.lead, "  to mend in the job, its template or its certificate, before any pass can be made"))
	}
	s.lines.skip()
}

func (s *summary) kinds() {
	list := s.report.sorted()
	if len(list) == 0 {
		return
	}
	s.lines.add(cell(s.looks.section, "Kinds of problems, the most frequent first"))
	s.lines.add(s.heads("Severity", "Kind", "", "Count", "For example", "", "")...)
	for _, t := range list {
		s.lines.add(cell(s.looks.severity[rank(t.severity)], string(t.severity)), cell(s.looks.label, t.code), cell(s.looks.label, ""),
			excelize.Cell{StyleID: s.looks.figure, Value: t.count}, cell(s.looks.label, legible(t.example)), cell(s.looks.label, ""), cell(s.looks.label, ""))
	}
	s.lines.skip()
}

func (s *summary) heads(names ...string) []any {
	cells := make([]any, len(names))
	for i, name := range names {
		cells[i] = cell(s.looks.head, name)
	}
	return cells
}

// list writes a line for each problem.
func (s *summary) list() error {
	if s.report.listed == 0 {
		return s.lines.err
	}
	s.lines.add(cell(s.looks.section, "Problems, one by one"))
	var names []string
	for _, c := range summaryColumns {
		names = append(names, c.name)
	}
	s.lines.height = 22
	s.lines.add(s.heads(names...)...)
	top := s.lines.row
	n := 0
	for p, err := range s.report.problems() {
		if err != nil {
			return err
		}
		n++
		if err := s.problem(p, n <= s.report.options.Limits.Linked); err != nil {
			return err
		}
	}
	return s.file.AutoFilter(reportSheet, fmt.Sprintf("A%d:%s%d", top, letters(len(summaryColumns)), s.lines.row), nil)
}

func (s *summary) problem(p jobs.Problem, linked bool) error {
	o := p.Origin
	where := cell(s.looks.text, "")
	if o.Column != "" && o.Row > 0 {
		where = cell(s.looks.text, o.Column+strconv.Itoa(o.Row))
	}
	target := ""
	if linked {
		target = s.target(p)
	}
	if target != "" {
		if where.Value == "" {
			where.Value = "show"
		}
		where.StyleID = s.looks.link
	}
	row := excelize.Cell{StyleID: s.looks.row}
	if o.Row > 0 {
		row.Value = o.Row
	}
	text := s.looks.text
	s.lines.height = lineHeight * float64(max(wrapped(p.Message, 6), wrapped(p.Fix, 7), wrapped(legible(p.Value), 8), wrapped(p.Serial, 4), wrapped(p.Field, 5)))
	s.lines.add(cell(s.looks.severity[rank(p.Severity)], string(p.Severity)), cell(text, legible(o.Sheet)), where, row,
		cell(text, legible(p.Serial)), cell(text, legible(p.Field)), cell(text, legible(p.Message)), cell(text, legible(p.Fix)), cell(text, legible(p.Value)))
	if target == "" {
		return s.lines.err
	}
	return s.file.SetCellHyperLink(reportSheet, address(3, s.lines.row), target, "Location")
}

const lineHeight = 15.5

// wrapped returns how many lines a text takes in a column of the summary: not
// every program finds out by itself.
func wrapped(text string, column int) int {
	width := int(summaryColumns[column].width) - 2
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n += 1 + (utf8.RuneCountInString(line)-1)/width
	}
	return min(n, 20)
}

// locate returns the address of a cell for a link.
func locate(sheet string, column, row int) string {
	return "'" + strings.ReplaceAll(sheet, "'", "''") + "'!" + address(column, row)
}

// lines write a sheet from its top. After an error they write nothing.
type lines struct {
	out    *excelize.StreamWriter
	row    int     // number of the last one
	height float64 // of the next one; 0 leaves it to the program that shows it
	err    error
}

func (l *lines) add(cells ...any) {
	l.row++
	if l.err != nil {
		return
	}
	if l.height > 0 {
		l.err = l.out.SetRow(address(1, l.row), cells, excelize.RowOpts{Height: l.height})
		l.height = 0
		return
	}
	l.err = l.out.SetRow(address(1, l.row), cells)
}

func (l *lines) skip() { l.row++ }

// cell returns a cell that holds text, whatever the text looks like.
func cell(style int, text string) excelize.Cell { return excelize.Cell{StyleID: style, Value: text} }

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// number writes 1234567 as 1,234,567.
func number(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
