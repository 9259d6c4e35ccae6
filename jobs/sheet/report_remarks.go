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

// unlisted says how many problems are counted only: a sheet has no more lines.
func (r *Report) unlisted() []string {
	if r.total == r.listed {
		return nil
	}
	return []string{fmt.Sprintf("Only the first %s of %s are listed and shown; all of them are counted.", number(r.listed), plural(r.total, "problem"))}
}

// target implements the links of the summary.
func (e *excerpt) target(p jobs.Problem) string {
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
