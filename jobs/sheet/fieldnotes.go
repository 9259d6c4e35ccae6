package sheet

import (
	"context"
	"fmt"
	"slices"

	"passmill/jobs"
)

// nobodys notes a row without a serial number, and what else is wrong with it.
func (j *Joined) nobodys(row jobs.Row, problems []jobs.Problem) {
	if !j.reader.complains(problems, "serial") {
		p := j.reader.problem(row, serialColumn, "missing", "is required and empty", "write the serial number of the pass that the field belongs to")
		problems = append([]jobs.Problem{p}, problems...)
	}
	if len(j.notes) < 10*maxStrays {
		j.notes = append(j.notes, problems...)
	}
}

// strays notes the fields of passes that are not there.
func (j *Joined) strays(ctx context.Context) error {
	var serials []any
	for row, err := range j.Source.Rows(ctx) {
		if err != nil {
			return err
		}
		if serials = append(serials, j.options.SerialOf(row)); len(serials) == passesAtOnce {
			if err := j.store.met(ctx, serials); err != nil {
				return err
			}
			serials = serials[:0]
		}
	}
	if err := j.store.met(ctx, serials); err != nil {
		return err
	}
	severity, fix := jobs.Refused, "write the serial number of a row, or remove this one"
	if slices.ContainsFunc(j.Source.notes, func(p jobs.Problem) bool { return p.Code == "hidden-rows" }) {
		severity, fix = jobs.LooksWrong, fix+"; it may be that of a hidden row" // nobody's mistake then
	}
	message := fmt.Sprintf("no row of the sheet %s has this serial number", j.Source.origin.Sheet)
	more, err := j.store.strays(ctx, maxStrays, func(row int, serial string) {
		p := j.problem(row, serialColumn, "no-such-pass", message, fix)
		p.Severity, p.Value, p.Serial = severity, jobs.Shorten(serial), serial
		j.notes = append(j.notes, p)
	})
	if more > 0 {
		j.notes = append(j.notes, jobs.Problem{
			Origin: j.at, Code: "no-such-pass", Severity: severity,
			Message: fmt.Sprintf("%d more rows have a serial number that no row of the sheet %s has", more, j.Source.origin.Sheet), Fix: "mend those above first",
		})
	}
	return err
}
