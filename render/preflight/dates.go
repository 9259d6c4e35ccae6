package preflight

import (
	"strings"
	"time"

	"passmill/render"
)

var dateRules = []Rule{
	{
		ID: "date", What: "a date is whole, with a time and a zone", Severity: Refused, Row: true, Chance: true,
		Source: "Apple: Pass; github.com/apple/pass-builder PassDateTimeFormatter",
		Phone:  "Unable to parse relevantDate … as a date. We expect …",
		Fix:    "write it as 2026-12-31T18:00:00+01:00, or declare the field as a date",
		Check:  func(p *Pass) []Finding { return append(p.dates(false, wrongDate), p.noDates(false)...) },
		Fails: []Example{
			{Change: `{"expirationDate": "2027-01-31"}`, Path: "expirationDate"},
			{Change: `{"expirationDate": "2027-01-31T18:00+0100"}`, Path: "expirationDate"},
			{Change: `{"expirationDate": "2027-01-31T18:00:00-7:00"}`, Path: "expirationDate"},
			{Change: `{"expirationDate": "2027-02-31T18:00Z"}`, Path: "expirationDate"},
			{Change: `{"expirationDate": 1801414800}`, Path: "expirationDate"},
			{Change: `{"storeCard": {"backFields": [{"key": "since", "value": 2019, "dateStyle": "PKDateStyleShort"}]}}`, Path: "storeCard.backFields[0].value"},
			{Change: `{"storeCard": {"backFields": [{"key": "since", "value": "May", "dateStyle": "PKDateStyleShort"}]}}`, Path: "storeCard.backFields[0].value"},
		},
		Passes: changes(`{"expirationDate": "2027-01-31T18:00+01:00"}`, `{"expirationDate": "2027-01-31T18:00:00Z"}`),
	},
	{
		ID: "semantic-date", What: "a date of a semantic tag is whole, too", Severity: FallsBack, Row: true,
		Source: "Apple: SemanticTags", Fix: "write it as 2026-12-31T18:00:00+01:00, or declare the field as a date",
		Check: func(p *Pass) []Finding { return append(p.dates(true, wrongDate), p.noDates(true)...) },
		Fails: []Example{
			{Change: `{"semantics": {"eventStartDate": "31 May"}}`, Path: "semantics.eventStartDate"},
			{Change: `{"semantics": {"eventStartDate": 1801414800}}`, Path: "semantics.eventStartDate"},
		},
		Passes: changes(`{"semantics": {"eventStartDate": "2027-05-31T20:00+02:00"}}`),
	},
	{
		ID: "date-fraction", What: "a date has whole seconds", Source: "dotnet-passbook-validator: older phones refuse fractions",
		Severity: FallsBack, Row: true,
		Fix: "write whole seconds", Check: checkFractions,
		Fails:  []Example{{Change: `{"expirationDate": "2027-01-31T18:00:00.5Z"}`, Path: "expirationDate"}},
		Passes: changes(`{"expirationDate": "2027-01-31T18:00:00Z"}`),
	},
	{
		ID: "date-option", What: "isRelative and ignoresTimeZone stand beside a date style", Source: "Apple: PassFieldContent", Severity: Advice,
		Fix: "give the field a dateStyle or timeStyle", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, uselessOption) },
		Fails: []Example{{
			Change: `{"storeCard": {"backFields": [{"key": "since", "value": "May", "isRelative": true}]}}`,
			Path:   "storeCard.backFields[0].isRelative",
		}},
		Passes: changes(`{"storeCard": {"backFields": [{"key": "since", "value": "2027-05-31T20:00+02:00", "dateStyle": "PKDateStyleShort", "isRelative": true}]}}`),
	},
}

// dates applies wrong to all dates: those at keys that are dates, and the value
// of a field that has a date or time style. Those in extra parts, such as
// semantic tags, are a matter of their own.
func (p *Pass) dates(extra bool, wrong func(string) string) []Finding {
	found := p.texts(render.Date, func(at *Place) string {
		if at.Extra != extra {
			return ""
		}
		return wrong(at.Node.Text)
	})
	return append(found, p.all(render.FieldShape, func(at *Place) (key, message string) {
		v := at.Node.Get("value")
		switch {
		case at.Extra != extra || v == nil || at.Node.Get("dateStyle") == nil && at.Node.Get("timeStyle") == nil:
			return "", ""
		case v.Kind == render.StringNode:
			return "value", wrong(v.Text)
		}
		return "", "" // see noDates
	})...)
}

// noDates objects to numbers and booleans in the places of dates.
func (p *Pass) noDates(extra bool) []Finding {
	found := p.unfit(func(at *Place) string {
		if at.Known.Type == render.Date && at.Extra == extra && plain(at.Node.Kind) {
			return "is " + spoken(at.Node.Kind) + ", not a date"
		}
		return ""
	})
	return append(found, p.all(render.FieldShape, func(at *Place) (key, message string) {
		v := at.Node.Get("value")
		if at.Extra == extra && v != nil && v.Kind == render.NumberNode && (at.Node.Get("dateStyle") != nil || at.Node.Get("timeStyle") != nil) {
			return "value", "is a number, not a date"
		}
		return "", ""
	})...)
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

func checkFractions(p *Pass) []Finding {
	return append(p.dates(false, fraction), p.dates(true, fraction)...)
}

func fraction(s string) string {
	if len(s) > 19 && s[19] == '.' {
		return "has fractions of seconds"
	}
	return ""
}

func uselessOption(at *Place) (key, message string) {
	if at.Node.Get("dateStyle") != nil || at.Node.Get("timeStyle") != nil {
		return "", ""
	}
	for _, option := range []string{"isRelative", "ignoresTimeZone"} {
		if at.Node.Get(option) != nil {
			return option, "says nothing without a dateStyle or timeStyle"
		}
	}
	return "", ""
}
