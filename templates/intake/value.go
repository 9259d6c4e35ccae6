package intake

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"passmill/jobs"
	"passmill/render"
)

// A reading is how a value of the pass becomes the cell of a row, and from it
// the same value again.
type reading struct {
	kind        jobs.Type
	cell        string
	lead, trail string // blanks around text: they stay in the template, since cells have none
	mended      bool   // the value is another than in the pass: that of the cell
}

// trim cuts off what the reader of a cell cuts off.
func trim(s string) (core, lead, trail string) {
	core = strings.TrimSpace(s)
	if core == "" {
		return "", s, ""
	}
	lead, trail, _ = strings.Cut(s, core)
	return core, lead, trail
}

// maxBreaks is how many line ends a cell of a CSV file may have.
const maxBreaks = 5

// cellText reports whether a cell can hold text, to the letter.
func cellText(s string) bool {
	if strings.Contains(s, "\r") || strings.Count(s, "\n") > maxBreaks {
		return false
	}
	v, err := jobs.Field{Type: jobs.TypeText}.Read(s)
	return err == nil && v.Text == s
}

// The types are tried in their order: the first that gives the value back is
// the field's.
var (
	amounts  = []jobs.Type{jobs.TypeMoney, jobs.TypeNumber, jobs.TypeJSON}
	numbers  = []jobs.Type{jobs.TypeInteger, jobs.TypeNumber, jobs.TypeJSON}
	anything = []jobs.Type{jobs.TypeEmail, jobs.TypeURL, jobs.TypeText}
)

// read finds the reading of a spot; why says why there is none.
func (s *spot) read() (r reading, why string) {
	n := s.node
	switch {
	case n.Kind == render.NumberNode && s.want.Textual():
		return r, "is a number where Apple wants text"
	case n.Kind == render.NumberNode:
		kinds := numbers
		if s.money {
			kinds = amounts
		}
		for _, kind := range kinds {
			if v, err := (jobs.Field{Type: kind}).Read(n.Text); err == nil && v.JSON == n.Text {
				return reading{kind: kind, cell: n.Text}, ""
			}
		}
		return r, "is a number that no cell can hold"
	case n.Kind != render.StringNode:
		return r, "is " + n.Kind.String()
	}
	core, lead, trail := trim(n.Text)
	if core == "" {
		return r, "is empty; put a placeholder there if rows should fill it"
	}
	if s.dated() {
		return s.readDate(core)
	}
	for _, kind := range anything {
		if exact(kind, core) {
			return reading{kind: kind, cell: core, lead: lead, trail: trail}, ""
		}
	}
	return r, "has line ends or characters that a cell can't hold"
}

var inZone = regexp.MustCompile(`(?:Z|[+-]\d\d:\d\d)$`)

// readDate finds the reading of a date. One in a form that not all phones read
// is mended; one whose zone is unknown is not.
func (s *spot) readDate(core string) (r reading, why string) {
	quoted := `"` + core + `"`
	if v, err := (jobs.Field{Type: jobs.TypeDate}).Read(core); s.day && err == nil && v.JSON == quoted {
		return reading{kind: jobs.TypeDate, cell: core}, ""
	}
	v, err := jobs.Field{Type: jobs.TypeDateTime}.Read(core)
	if err != nil || !inZone.MatchString(core) {
		return r, "is no date as Apple wants it, with a time of day and a zone; correct it"
	}
	form := strings.Trim(v.JSON, `"`)
	return reading{kind: jobs.TypeDateTime, cell: form, mended: form != s.node.Text}, ""
}

// dated reports whether the spot wants a date.
func (s *spot) dated() bool { return s.day || s.moment || s.want == render.Date }

var webAddress = regexp.MustCompile(`^https?://`)

// exact reports whether text of a type is the same again in the pass.
func exact(kind jobs.Type, core string) bool {
	if kind == jobs.TypeURL && !webAddress.MatchString(core) {
		return false // tel:, which people take for text
	}
	v, err := jobs.Field{Type: kind}.Read(core)
	return err == nil && v.JSON == "" && v.Text == core && cellText(core)
}

// dateLike is text of digits and what stands between those of dates and times.
var dateLike = regexp.MustCompile(`^[\d\s.:/,+-]*[.:/,][\d\s.:/,+-]*$`)

// identifies reports whether equal texts of two places are hardly equal by
// chance: numbers of cards, and whole names.
func identifies(s string) bool {
	return telling(s) && !dateLike.MatchString(s) && utf8.RuneCountInString(s) >= 6
}

// telling reports whether text that holds s is hardly meant for everybody.
func telling(s string) bool {
	n := utf8.RuneCountInString(s)
	switch {
	case strings.ContainsAny(s, "\n\r\t"):
		return false
	case dateLike.MatchString(s):
		return n >= 8
	case strings.ContainsFunc(s, unicode.IsDigit):
		return n >= 5
	}
	return n >= 8 && strings.Contains(s, " ")
}
