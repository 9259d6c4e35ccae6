package sheet

import (
	"fmt"

	"passmill/jobs"
)

// remarks says what the excerpt holds and what it leaves out.
func (e *excerpt) remarks(why string) []string {
	what := "The other sheet holds the rows that have a problem, as text, with their numbers in the source"
	if e.whole {
		what = "The other sheet holds all rows, as text, with their numbers in the source"
	}
	if why != "" {
		what = why + ". " + what
	}
	list := []string{what + ". The cells with a problem are coloured, and a note on each says how to mend it."}
	add := func(n int, format string, args ...any) {
		if n > 0 {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	add(e.unsaid, "The first %s with a problem have notes; %s more are coloured only, and listed below with what is wrong.", plural(e.noted, "cell"), number(e.unsaid))
	add(e.cut, "Longer than what a cell of a workbook can hold, and cut: %s.", plural(e.cut, "cell"))
	add(e.unseen, "The other sheet has no room for %s more.", plural(e.unseen, "row"))
	return append(list, e.report.unlisted()...)
}

// unlisted says what the summary leaves out: a sheet has only so many lines, and
// links.
func (r *Report) unlisted() []string {
	var list []string
	if r.total > r.listed {
		list = append(list, fmt.Sprintf("Only the first %s of %s are listed and shown; all of them are counted.", number(r.listed), plural(r.total, "problem")))
	}
	if most := r.options.Limits.Linked; r.listed > most {
		list = append(list, fmt.Sprintf("The first %s below are linked to their cells; the others name them.", plural(most, "line")))
	}
	return list
}

// target implements the links of the summary.
func (e *excerpt) target(p jobs.Problem) string {
	if e.report.ofFields(p.Origin) {
		if row := e.linked[placeOfPass(p.Serial)]; p.Serial != "" && row > 0 {
			return locate(e.sheet, e.report.serialIndex()+2, row)
		}
		return ""
	}
	place, ok := placeOf(p.Origin)
	row := e.linked[place]
	if !ok && p.Origin.Column != "" {
		row = 1
	}
	if row == 0 {
		return ""
	}
	return locate(e.sheet, e.report.column(p)+2, row)
}
