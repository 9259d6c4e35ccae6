package jobs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A dateFormat is how a field's dates are written in text, as Go layouts.
type dateFormat struct {
	pattern string
	layout  string // as dates are written
	lenient string // as they are read: day and month may have one digit; "" where parts touch
	timed   bool   // says the time of day
}

// dateLetters translates the letters that spreadsheets use. Longer runs first.
var dateLetters = []struct{ pattern, layout, lenient string }{
	{"yyyy", "2006", "2006"}, {"yy", "06", "06"},
	{"MMMM", "January", "January"}, {"MMM", "Jan", "Jan"}, {"MM", "01", "1"}, {"M", "1", "1"},
	{"dd", "02", "2"}, {"d", "2", "2"},
	{"HH", "15", "15"}, {"mm", "04", "04"}, {"ss", "05", "05"},
}

func parseDateFormat(pattern string) (*dateFormat, error) {
	f := &dateFormat{pattern: pattern}
	var letters string // of the parts so far; a blank for what stands between them
	for rest := pattern; rest != ""; {
		i := slices.IndexFunc(dateLetters, func(l struct{ pattern, layout, lenient string }) bool { return strings.HasPrefix(rest, l.pattern) })
		if i >= 0 {
			l := dateLetters[i]
			f.layout, f.lenient, letters = f.layout+l.layout, f.lenient+l.lenient, letters+l.pattern[:1]
			rest = rest[len(l.pattern):]
			continue
		}
		c := rest[0]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' && c != 'T' || c >= '0' && c <= '9' {
			return nil, fmt.Errorf("format %q: %q is not understood; write it like dd.MM.yyyy or yyyy-MM-dd HH:mm (MM is the month, mm the minute)", pattern, c)
		}
		f.layout, f.lenient, letters = f.layout+rest[:1], f.lenient+rest[:1], letters+" "
		rest = rest[1:]
	}
	if !strings.Contains(letters, "y") || !strings.Contains(letters, "M") || !strings.Contains(letters, "d") {
		return nil, fmt.Errorf("format %q is no date's; write day, month and year, like dd.MM.yyyy", pattern)
	}
	if touching.MatchString(letters) {
		f.lenient = "" // only fixed widths tell where a part ends
	}
	f.timed = strings.Contains(letters, "H")
	return f, nil
}

var touching = regexp.MustCompile(`[^ ]{2}`)

// parse reads text in the format, with month names of several languages.
func (f *dateFormat) parse(text string, zone *time.Location) (time.Time, error) {
	text = englishMonths(text, !strings.Contains(f.layout, "January"))
	t, err := time.ParseInLocation(f.layout, text, zone)
	if err != nil && f.lenient != "" {
		t, err = time.ParseInLocation(f.lenient, text, zone)
	}
	return t, err
}

// monthNames holds the names of the months in English, German, French, Spanish
// and Italian, whole and as they are cut.
var monthNames = [12]string{
	"january jan januar jänner janvier janv enero ene gennaio gen",
	"february feb februar février fevrier févr fév febrero febbraio febb",
	"march mar märz maerz mrz mars marzo",
	"april apr avril avr abril abr aprile",
	"may mai mayo maggio mag",
	"june jun juni juin junio giugno giu",
	"july jul juli juillet juil julio luglio lug",
	"august aug août aout agosto ago",
	"september sep sept septembre septiembre setiembre settembre set",
	"october oct oktober okt octobre octubre ottobre ott",
	"november nov novembre noviembre",
	"december dec dezember dez décembre decembre déc diciembre dic dicembre",
}

var months = func() map[string]time.Month {
	index := make(map[string]time.Month)
	for i, names := range monthNames {
		for name := range strings.FieldsSeq(names) {
			index[name] = time.Month(i + 1)
		}
	}
	return index
}()

var (
	longWord   = regexp.MustCompile(`\p{L}{3,}`)
	dayFirst   = regexp.MustCompile(`^(\d{1,2})(?:\.|er|º)?\s+(?:de\s+)?(\p{L}{3,})\.?,?\s+(?:del?\s+)?(\d{4})`)
	monthFirst = regexp.MustCompile(`^(\p{L}{3,})\.?\s+(\d{1,2}),?\s+(\d{4})`)
)

// englishMonths puts English names of months in the place of all that are known,
// as package time reads them.
func englishMonths(text string, short bool) string {
	return longWord.ReplaceAllStringFunc(text, func(word string) string {
		month, ok := months[strings.ToLower(word)]
		switch {
		case !ok:
			return word
		case short:
			return month.String()[:3]
		}
		return month.String()
	})
}

// spelled brings a date with the name of its month into the form "2 January 2006".
func spelled(text string) string {
	text = monthFirst.ReplaceAllString(englishMonths(text, false), "$2 $1 $3")
	return dayFirst.ReplaceAllString(text, "$1 $2 $3")
}

var (
	hexColor = regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)
	rgbColor = regexp.MustCompile(`^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$`)
)

// color returns the one form that every system reads: rgb(r, g, b).
func color(s string) (text, literal string, m *mistake) {
	var parts [3]uint64
	if match := rgbColor.FindStringSubmatch(s); match != nil {
		for i := range parts {
			parts[i], _ = strconv.ParseUint(match[i+1], 10, 16)
		}
	} else if match := hexColor.FindStringSubmatch(s); match != nil {
		digits := match[1]
		if len(digits) == 3 {
			digits = strings.Join([]string{digits[:1], digits[:1], digits[1:2], digits[1:2], digits[2:], digits[2:]}, "")
		}
		for i := range parts {
			parts[i], _ = strconv.ParseUint(digits[2*i:2*i+2], 16, 16)
		}
	} else {
		return "", "", &mistake{"not-a-color", "is not a colour", "write it like #1e3a5f or rgb(30, 58, 95)"}
	}
	if max(parts[0], parts[1], parts[2]) > 255 {
		return "", "", &mistake{"not-a-color", "has a part above 255", "write each part from 0 to 255"}
	}
	return fmt.Sprintf("rgb(%d, %d, %d)", parts[0], parts[1], parts[2]), "", nil
}

func literal(s string) (text, compact string, m *mistake) {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		return "", "", &mistake{"not-json", "is not valid JSON", "check quotes, commas and brackets; it is written like {\"gate\": \"A1\", \"seats\": [12, 13]}"}
	}
	return b.String(), b.String(), nil
}
