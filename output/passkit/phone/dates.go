package phone

import (
	"strings"
	"time"
)

// A calendar is how a language writes dates and times. Layouts are those of package
// time, in which English names stand for the language's own.
type calendar struct {
	short, medium, long, full string
	clock, seconds            string
	join                      string // between a long date and the time
	months, days              string // from January, from Sunday; none for English
	abbreviated               string
}

var calendars = map[string]calendar{
	"en": {"1/2/06", "Jan 2, 2006", "January 2, 2006", "Monday, January 2, 2006", "3:04 PM", "3:04:05 PM", " at ", "", "", ""},
	"en-GB": {
		"02/01/2006", "2 Jan 2006", "2 January 2006", "Monday 2 January 2006", "15:04", "15:04:05", " at ", "", "", "",
	},
	"de": {
		"02.01.06", "02.01.2006", "2. January 2006", "Monday, 2. January 2006", "15:04", "15:04:05", " um ",
		"Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
		"Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag", "",
	},
	"fr": {
		"02/01/2006", "2 Jan 2006", "2 January 2006", "Monday 2 January 2006", "15:04", "15:04:05", " à ",
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		"dimanche lundi mardi mercredi jeudi vendredi samedi",
		"janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
	},
	"es": {
		"2/1/06", "2 Jan 2006", "2 de January de 2006", "Monday, 2 de January de 2006", "15:04", "15:04:05", ", ",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"domingo lunes martes miércoles jueves viernes sábado",
		"ene feb mar abr may jun jul ago sept oct nov dic",
	},
	"it": {
		"02/01/06", "2 Jan 2006", "2 January 2006", "Monday 2 January 2006", "15:04", "15:04:05", " alle ore ",
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"domenica lunedì martedì mercoledì giovedì venerdì sabato",
		"gen feb mar apr mag giu lug ago set ott nov dic",
	},
	"nl": {
		"02-01-2006", "2 Jan 2006", "2 January 2006", "Monday 2 January 2006", "15:04", "15:04:05", " om ",
		"januari februari maart april mei juni juli augustus september oktober november december",
		"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
		"jan feb mrt apr mei jun jul aug sep okt nov dec",
	},
	// Languages that are not here.
	"": {"2006-01-02", "2006-01-02", "2006-01-02", "2006-01-02", "15:04", "15:04:05", " ", "", "", ""},
}

// dateForms are those of Apple's dates that phones take.
var dateForms = []string{time.RFC3339, "2006-01-02T15:04Z07:00"}

// date writes a date in the styles of a field. A text that is none stays as it is.
func date(text string, f Field, l Locale) string {
	var t time.Time
	for _, form := range dateForms {
		if at, err := time.Parse(form, text); err == nil {
			t = at
		}
	}
	if t.IsZero() {
		return text
	}
	if !f.IgnoresTimeZone {
		zone := l.Zone
		if zone == nil {
			zone = time.UTC
		}
		t = t.In(zone)
	}
	c := l.calendar()
	day, clock := c.layouts(f)
	switch {
	case day == "":
		return t.Format(clock)
	case clock == "":
		return c.write(t, day)
	}
	join := ", "
	if day == c.long || day == c.full {
		join = c.join
	}
	return c.write(t, day) + join + t.Format(clock)
}

// calendar returns that of the locale's language.
func (l Locale) calendar() calendar {
	base, _ := l.Language.Base()
	for _, name := range []string{l.Language.String(), base.String()} {
		if name == "und" {
			name = "en"
		}
		if c, ok := calendars[name]; ok {
			return c
		}
	}
	return calendars[""]
}

// layouts returns those of a field's styles, empty where nothing is shown.
func (c calendar) layouts(f Field) (day, clock string) {
	day = map[string]string{
		"PKDateStyleShort": c.short, "PKDateStyleMedium": c.medium, "PKDateStyleLong": c.long, "PKDateStyleFull": c.full,
	}[f.DateStyle]
	clock = map[string]string{
		"PKDateStyleShort": c.clock, "PKDateStyleMedium": c.seconds, "PKDateStyleLong": c.seconds, "PKDateStyleFull": c.seconds,
	}[f.TimeStyle]
	if day == "" && clock == "" {
		return c.medium, c.clock
	}
	return day, clock
}

// write formats a date with the language's names.
func (c calendar) write(t time.Time, layout string) string {
	text := t.Format(layout)
	if c.months == "" {
		return text
	}
	if strings.Contains(layout, "January") {
		text = strings.Replace(text, t.Month().String(), strings.Fields(c.months)[t.Month()-1], 1)
	} else if strings.Contains(layout, "Jan") {
		text = strings.Replace(text, t.Format("Jan"), strings.Fields(c.abbreviated)[t.Month()-1], 1)
	}
	return strings.Replace(text, t.Weekday().String(), strings.Fields(c.days)[t.Weekday()], 1)
}
