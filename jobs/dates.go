package jobs

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// appleDate is the form of dates in pass.json: W3C's profile of ISO 8601 with
// whole seconds and a zone with a colon (Apple, "Pass": relevantDate).
const appleDate = "2006-01-02T15:04:05Z07:00"

// zoned are the layouts of text that says its zone itself.
var zoned = []string{appleDate, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05.999Z07:00"}

// asApple are the forms of a date with its zone that pass.json takes as they
// are: seconds may be left out, and the zone may be written in two ways.
var asApple = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$`)

// iso are the layouts, in the field's zone, that no declared format contradicts.
var iso = []string{"2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// anywhere are the layouts that mean the same everywhere: where full stops stand
// between the parts, they are day, month and year.
var anywhere = append(slices.Clip(iso),
	"2.1.2006", "2.1.2006 15:04", "2.1.2006 15:04:05", "2 January 2006", "2 January 2006 15:04", "2 January 2006 15:04:05",
	"2006/1/2", "2006/1/2 15:04", "20060102",
)

var (
	errDayMonth  = errors.New("could mean two dates: day and month can be exchanged")
	errNotDate   = errors.New("is not a date")
	errFarDate   = errors.New("is a date outside the years 1900 to 2200")
	errNoDay     = errors.New("is a day that does not exist")
	errShortYear = errors.New("has a year of two digits")
	errSerial    = errors.New("is a number, not a date")
)

var (
	slashes     = regexp.MustCompile(`^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$`)
	timePattern = regexp.MustCompile(`\d:\d`)
	shortYear   = regexp.MustCompile(`^\d{1,2}[./-]\d{1,2}[./-]\d{2}\b`)
	yearLast    = regexp.MustCompile(`^(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})\b`)
	yearFirst   = regexp.MustCompile(`^(\d{4})[./-](\d{1,2})[./-](\d{1,2})`)
	bareNumber  = regexp.MustCompile(`^-?\d+([.,]\d+)?$`)
)

// parseDate returns the time that text means, and whether it names a time of day.
func (r *reader) parseDate(c Cell) (t time.Time, timed bool, err error) {
	if c.Kind == DateCell {
		if len(c.Raw) > len("2006-01-02T15:04:05") { // with its offset
			t, ok := r.parseZoned(c.Raw)
			if !ok {
				return t, false, errNotDate
			}
			return t, true, nil
		}
		t, err := time.ParseInLocation("2006-01-02T15:04:05", c.Raw, r.zone)
		if err != nil {
			return t, false, errNotDate // the error of package time quotes the value
		}
		return t, t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0, nil
	}
	if r.dates != nil {
		if t, err := r.dates.parse(c.Text, r.zone); err == nil {
			return t, r.dates.timed, nil
		}
	}
	if t, ok := r.parseZoned(c.Text); ok {
		return t, true, nil
	}
	text := spelled(c.Text)
	for _, layout := range r.layouts() {
		if t, err := time.ParseInLocation(layout, text, r.zone); err == nil {
			return t, timePattern.MatchString(text), nil
		}
	}
	if r.dates == nil && slashes.MatchString(text) {
		t, err = r.parseSlashes(text)
		return t, false, err
	}
	return t, false, r.diagnose(c, text)
}

// layouts returns those of text that neither is in the declared format nor says
// its zone.
func (r *reader) layouts() []string {
	switch {
	case r.dates == nil:
		return anywhere
	case strings.HasPrefix(r.dates.pattern, "yyyy-d"):
		return nil // ISO's order would contradict it
	}
	return iso
}

// parseZoned reads text that says its zone itself. The day that it falls on is
// that of the field's zone, where the field declares one.
func (r *reader) parseZoned(text string) (time.Time, bool) {
	for _, layout := range zoned {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if r.field.TimeZone != "" {
			t = t.In(r.zone)
		}
		return t, true
	}
	return time.Time{}, false
}

// parseSlashes reads 12/31/2026 and 31/12/2026, whose order only a day above
// twelve tells.
func (r *reader) parseSlashes(text string) (time.Time, error) {
	text = strings.ReplaceAll(text, "-", "/")
	american, errA := time.ParseInLocation("1/2/2006", text, r.zone)
	european, errE := time.ParseInLocation("2/1/2006", text, r.zone)
	switch {
	case errA != nil && errE != nil:
		return time.Time{}, errNoDay
	case errA != nil, errE == nil && american.Equal(european):
		return european, nil
	case errE != nil:
		return american, nil
	}
	return time.Time{}, errDayMonth
}

// diagnose says what is wrong with text that is no date in any layout.
func (r *reader) diagnose(c Cell, text string) error {
	digits := r.dates != nil && r.dates.lenient == "" // a format such as yyyyMMdd, whose dates look like numbers
	fullYear := r.dates == nil || strings.Contains(r.dates.pattern, "yyyy")
	switch {
	case !digits && (c.Kind == NumberCell || bareNumber.MatchString(text)):
		return errSerial
	case fullYear && shortYear.MatchString(text):
		return errShortYear
	case noSuchDay(text):
		return errNoDay
	}
	return errNotDate
}

// noSuchDay reports whether text has the form of a date and names a day that no
// order of day and month makes exist.
func noSuchDay(text string) bool {
	number := func(s string) int {
		n, _ := strconv.Atoi(s) // the patterns let only digits through
		return n
	}
	if m := yearLast.FindStringSubmatch(text); m != nil {
		year, a, b := number(m[3]), number(m[1]), number(m[2])
		if len(m[3]) == 2 {
			year += 2000
		}
		return !dayExists(year, a, b) && !dayExists(year, b, a)
	}
	if m := yearFirst.FindStringSubmatch(text); m != nil {
		year, a, b := number(m[1]), number(m[2]), number(m[3])
		return !dayExists(year, a, b) && !dayExists(year, b, a)
	}
	if m := dayFirst.FindStringSubmatch(text); m != nil {
		month, ok := months[strings.ToLower(m[2])]
		return ok && !dayExists(number(m[3]), int(month), number(m[1]))
	}
	return false
}

func dayExists(year, month, day int) bool {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return t.Month() == time.Month(month) && t.Day() == day
}

func (r *reader) date(c Cell) (text, json string, m *mistake) {
	t, timed, err := r.parseDate(c)
	switch {
	case err == nil && (t.Year() < 1900 || t.Year() > 2200):
		err = errFarDate
	case err == nil && r.field.Type == TypeDate:
		t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
		timed = false
	}
	if err != nil {
		return "", "", r.dateMistake(err)
	}
	if !timed {
		at := int(r.at / time.Second) // by the clock on the wall, also on days with 23 or 25 hours
		t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, at, 0, t.Location())
	}
	switch {
	case r.dates != nil:
		text = t.Format(r.dates.layout)
	case r.field.Type == TypeDate:
		text = t.Format(time.DateOnly)
	default:
		text = t.Format("2006-01-02 15:04")
	}
	if r.field.Type == TypeDateTime && r.field.TimeZone == "" && asApple.MatchString(c.Text) {
		return text, `"` + c.Text + `"`, nil // nothing about it is left to us
	}
	return text, `"` + t.Format(appleDate) + `"`, nil
}

func (r *reader) dateMistake(err error) *mistake {
	example := "2026-12-31"
	if r.field.Type == TypeDateTime {
		example = "2026-12-31 18:00"
	}
	m := &mistake{"not-a-date", err.Error(), "write it as " + example + ", or make it a date cell"}
	if r.dates != nil {
		m.fix = "write it as " + r.dates.pattern
		if r.layouts() != nil {
			m.fix += ", or as " + example
		}
	}
	switch {
	case errors.Is(err, errDayMonth):
		m.code = "ambiguous-date"
		m.fix = "write it as " + example + ", or declare the field's format in template.yaml, for example format: dd/MM/yyyy"
	case errors.Is(err, errFarDate):
		m.fix = "correct the year"
	case errors.Is(err, errNoDay):
		m.fix = "correct the day or the month"
	case errors.Is(err, errSerial):
		m.fix = "give the cell a date format in the sheet, or " + strings.TrimSuffix(m.fix, ", or make it a date cell")
	case errors.Is(err, errShortYear) && r.dates == nil:
		m.fix = "write the year with four digits, or declare format: dd.MM.yy for the field in template.yaml"
	}
	return m
}
