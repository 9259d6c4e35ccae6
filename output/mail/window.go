package mail

import (
	"fmt"
	"strings"
	"time"
)

// A Window is a part of each day, by the clocks of a place. The zero Window is
// always open.
type Window struct {
	from, to time.Duration // since midnight, as clocks show it; from may be later than to
	zone     *time.Location
}

// ParseWindow reads "09:00-18:00" and the name of a time zone. Nothing is always
// open.
func ParseWindow(text, zone string) (w Window, err error) {
	if text == "" {
		return w, nil
	}
	w.zone, err = time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return Window{}, fmt.Errorf("timezone: %q is no time zone; write a name such as Europe/Berlin", zone)
	}
	from, to, ok := strings.Cut(text, "-")
	var errFrom, errTo error
	w.from, errFrom = clock(strings.TrimSpace(from))
	w.to, errTo = clock(strings.TrimSpace(to))
	if !ok || errFrom != nil || errTo != nil || w.from == w.to {
		return Window{}, fmt.Errorf("window: %q is none; write it as \"09:00-18:00\"", text)
	}
	return w, nil
}

// clock reads a time of day.
func clock(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// Opens returns when the window is open next: now itself, if it is open. On a day
// when clocks change, the hours are those that clocks show.
func (w Window) Opens(now time.Time) time.Time {
	if w.zone == nil {
		return now
	}
	local := now.In(w.zone)
	for day := -1; ; day++ { // a window that began yesterday may still be open
		from, to := w.at(local, day, w.from), w.at(local, day, w.to)
		if w.to < w.from {
			to = w.at(local, day+1, w.to)
		}
		switch {
		case !now.Before(to):
		case now.Before(from):
			return from
		default:
			return now
		}
	}
}

// at returns the time of day on a day counted from that of t.
func (w Window) at(t time.Time, day int, since time.Duration) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+day, int(since/time.Hour), int(since%time.Hour/time.Minute), 0, 0, w.zone)
}
