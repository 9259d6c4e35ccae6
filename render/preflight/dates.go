package preflight

import (
	"strings"
	"time"

	"passmill/render"
)

var dateRules = []Rule{
	{
		ID: "date", Source: "Apple: Pass; github.com/apple/pass-builder PassDateTimeFormatter", Severity: Refused, Row: true,
		Phone: "Unable to parse relevantDate … as a date. We expect …",
		Fix:   "write it as 2026-12-31T18:00:00+01:00, or declare the field as a date",
		Check: func(p *Pass) []Finding { return p.dates(wrongDate) },
	},
	{
		ID: "date-fraction", Source: "dotnet-passbook-validator: older phones refuse them", Severity: FallsBack, Row: true,
		Fix:   "write whole seconds",
		Check: func(p *Pass) []Finding { return p.dates(fraction) },
	},
	{
		ID: "date-order", Source: "Apple: Pass.RelevantDates", Severity: LooksWrong, Row: true,
		Fix:   "let the interval end after its start",
		Check: func(p *Pass) []Finding { return p.all(render.RelevantDateShape, wrongOrder) },
	},
}

// dates applies wrong to all dates: those at keys that are dates, and the value
// of a field that has a date or time style.
func (p *Pass) dates(wrong func(string) string) []Finding {
	var found []Finding
	for i := range p.Places {
		at := &p.Places[i]
		n, key := at.Node, ""
		switch {
		case at.Of == render.FieldShape && (n.Get("dateStyle") != nil || n.Get("timeStyle") != nil):
			n, key = n.Get("value"), "value"
			if n == nil || n.Kind == render.NullNode {
				continue
			}
		case at.Known.Type != render.Date || n.Kind != render.StringNode:
			continue
		}
		message := "is a number, not a date"
		if n.Kind == render.StringNode {
			message = wrong(n.Text)
		}
		if message != "" {
			path := p.Path(at)
			if key != "" {
				path = join(path, key)
			}
			found = append(found, Finding{Path: path, Message: message})
		}
	}
	return found
}

// layouts are the forms that Apple takes: hours and minutes, a T, seconds or
// not, and a zone that is Z or has a colon.
var layouts = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00"}

func parseDate(s string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil && !strings.Contains(s, ",") {
			return t, true
		}
	}
	return time.Time{}, false
}

// wrongDate says which part of a date is not in Apple's form.
func wrongDate(s string) string {
	if _, ok := parseDate(s); ok {
		return ""
	}
	day, clock, hasT := strings.Cut(s, "T")
	if !hasT {
		if _, err := time.Parse(time.DateOnly, s); err == nil {
			return "is a date without a time of day"
		}
		if len(s) > 10 && s[10] == ' ' {
			return "has a blank where a T belongs between day and time"
		}
		return "is no date in ISO 8601"
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return "has no such day as year, month and day in digits"
	}
	zone := strings.LastIndexAny(clock, "+-Z")
	switch {
	case zone < 0:
		return "has no time zone"
	case clock[zone] != 'Z' && !strings.Contains(clock[zone:], ":"):
		return "has a time zone without a colon"
	}
	return "has no such time of day or time zone in ISO 8601"
}

func fraction(s string) string {
	if len(s) > 19 && s[19] == '.' {
		return "has fractions of seconds"
	}
	return ""
}

func wrongOrder(at *Place) (key, message string) {
	start, ok := parseDate(text(at.Node, "startDate"))
	end, ok2 := parseDate(text(at.Node, "endDate"))
	if ok && ok2 && !end.After(start) {
		return "endDate", "is not after startDate"
	}
	return "", ""
}
