package jobs

import "strings"

// A Severity says what becomes of a pass that has a problem.
type Severity string

// The severities, worst first.
const (
	Refused    Severity = "refused"     // passmill or the phone would not take it: the row is not made
	FallsBack  Severity = "falls back"  // the phone shows less than was meant
	LooksWrong Severity = "looks wrong" // shown, but not as a person expects
	Advice     Severity = "advice"
)

// A Problem is one thing to mend, in terms of the user's own file. Its Message
// and Fix never quote the value, so that both may stand in a log; Value holds
// it for those who asked to see it.
type Problem struct {
	Origin   Origin
	Field    string // the field's name; empty if the problem is the whole row's
	Serial   string // the row's serial number, if it is known
	Code     string // stable and short: "not-a-date", "duplicate-serial"
	Severity Severity
	Message  string // what is wrong, lower case, without a full stop
	Fix      string // what to do about it, as an imperative
	Value    string // what stands in the cell, cut to 80 characters
}

// String returns the problem as one line: address, field, message and fix.
func (p Problem) String() string {
	var parts []string
	if place := p.Origin.String(); place != "" {
		parts = append(parts, place)
	}
	if p.Field != "" {
		parts = append(parts, p.Field)
	}
	line := strings.Join(append(parts, p.Message), ": ")
	if p.Fix != "" {
		line += "; " + p.Fix
	}
	return line
}
