package jobs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A dateFormat is how a field's dates are written in text, as a Go layout.
type dateFormat struct {
	pattern, layout string
}

// dateLetters translates the letters that spreadsheets use. Longer runs first.
var dateLetters = []struct{ pattern, layout string }{
	{"yyyy", "2006"}, {"yy", "06"},
	{"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"},
	{"dd", "02"}, {"d", "2"},
	{"HH", "15"}, {"mm", "04"}, {"ss", "05"},
}

func parseDateFormat(pattern string) (*dateFormat, error) {
	var layout strings.Builder
	rest := pattern
next:
	for rest != "" {
		for _, l := range dateLetters {
			if tail, ok := strings.CutPrefix(rest, l.pattern); ok {
				layout.WriteString(l.layout)
				rest = tail
				continue next
			}
		}
		if c := rest[0]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' && c != 'T' || c >= '0' && c <= '9' {
			return nil, fmt.Errorf("format %q: %q is not understood; write it like dd.MM.yyyy or yyyy-MM-dd HH:mm (MM is the month, mm the minute)", pattern, c)
		}
		layout.WriteByte(rest[0])
		rest = rest[1:]
	}
	return &dateFormat{pattern: pattern, layout: layout.String()}, nil
}

// appleDate is the form of dates in pass.json: W3C's profile of ISO 8601 with
// whole seconds and a zone with a colon (Apple, "Pass": relevantDate).
const appleDate = "2006-01-02T15:04:05Z07:00"

// zoned are the layouts of text that says its zone itself.
var zoned = []string{appleDate, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05.999Z07:00"}

// local are the layouts, in the field's zone, that mean the same everywhere.
// Full stops between the parts mean day, month, year wherever they are used.
var local = []string{
	"2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2.1.2006", "2.1.2006 15:04", "2.1.2006 15:04:05", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006",
	"2006/1/2", "2006/1/2 15:04", "20060102",
}

var (
	slashes      = regexp.MustCompile(`^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$`)
	errDayMonth  = errors.New("could mean two dates: day and month can be exchanged")
	errNotDate   = errors.New("is not a date")
	errFarDate   = errors.New("is a date outside the years 1900 to 2200")
	timePatterns = regexp.MustCompile(`\d:\d`)
)

// parseDate returns the time that text means, and whether it names a time of day.
func (r *reader) parseDate(c Cell) (t time.Time, timed bool, err error) {
	if c.Kind == DateCell {
		t, err := time.ParseInLocation("2006-01-02T15:04:05", c.Raw, r.zone)
		return t, err == nil && (t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0), err
	}
	timed = timePatterns.MatchString(c.Text)
	if r.dates != nil {
		if t, err := time.ParseInLocation(r.dates.layout, c.Text, r.zone); err == nil {
			return t, timed, nil
		}
	}
	for _, layout := range zoned {
		if t, err := time.Parse(layout, c.Text); err == nil {
			return t, true, nil
		}
	}
	for _, layout := range local {
		if t, err := time.ParseInLocation(layout, c.Text, r.zone); err == nil {
			return t, timed, nil
		}
	}
	t, err = r.parseSlashes(c.Text)
	return t, false, err
}

// parseSlashes reads 12/31/2026 and 31/12/2026, whose order only a day above
// twelve tells.
func (r *reader) parseSlashes(text string) (time.Time, error) {
	if !slashes.MatchString(text) {
		return time.Time{}, errNotDate
	}
	text = strings.ReplaceAll(text, "-", "/")
	american, errA := time.ParseInLocation("1/2/2006", text, r.zone)
	european, errE := time.ParseInLocation("2/1/2006", text, r.zone)
	switch {
	case errA != nil && errE != nil:
		return time.Time{}, errNotDate
	case errA != nil, errE == nil && american.Equal(european):
		return european, nil
	case errE != nil:
		return american, nil
	}
	return time.Time{}, errDayMonth
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
		return "", "", dateMistake(err, r.dates)
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
	return text, `"` + t.Format(appleDate) + `"`, nil
}

func dateMistake(err error, f *dateFormat) *mistake {
	fix := "write it as 2026-12-31, or make it a date cell"
	switch {
	case errors.Is(err, errDayMonth):
		fix = "write it as 2026-12-31, or declare the field's format in template.yaml, for example format: dd/MM/yyyy"
		return &mistake{"ambiguous-date", err.Error(), fix}
	case errors.Is(err, errFarDate):
		return &mistake{"not-a-date", err.Error(), "correct the year"}
	case f != nil:
		fix = fmt.Sprintf("write it as %s, or as 2026-12-31", f.pattern)
	}
	return &mistake{"not-a-date", errNotDate.Error(), fix}
}
