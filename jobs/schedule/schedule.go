package schedule

import (
	"fmt"
	"iter"
	"time"

	"passmill/jobs"
)

// A Schedule is a cron in a time zone.
type Schedule struct {
	cron jobs.Cron
	zone *time.Location
	name string // of the zone
}

// Parse makes a schedule of a job's words for it.
func Parse(spec jobs.ScheduleSpec) (Schedule, error) {
	cron, err := jobs.ParseCron(spec.Cron)
	if err != nil {
		return Schedule{}, fmt.Errorf("cron: %w", err)
	}
	zone, err := spec.Location()
	return Schedule{cron, zone, spec.TimeZone}, err
}

// A Time is one time of a schedule.
type Time struct {
	Local   string    // what the clock on the wall shows, and where it hangs: "2026-11-26T02:00 Europe/Berlin"
	Instant time.Time // when that is, for the first time
}

// After iterates over the times whose instants lie after t, in their order. Each wall
// time comes once: in autumn, when the clock shows it twice, at the first of the two;
// in spring, when it is leapt over, at the first instant after the gap, which several
// may share.
func (s Schedule) After(t time.Time) iter.Seq[Time] {
	return func(yield func(Time) bool) {
		// In an hour that comes again, the wall times that it shows have had
		// their instants: those are passed over until the clock shows new ones.
		for wall := s.cron.Next(wallOf(t.In(s.zone))); !wall.IsZero(); wall = s.cron.Next(wall) {
			at := instantOf(wall, s.zone)
			if at.After(t) && !yield(Time{wall.Format("2006-01-02T15:04") + " " + s.name, at}) {
				return
			}
		}
	}
}

// backward are how far [Schedule.Until] looks back, step by step.
var backward = []time.Duration{2 * time.Hour, 2 * day, 40 * day, 400 * day, 3000 * day}

const day = 24 * time.Hour

// countAtMost is how many times [Schedule.Until] counts.
const countAtMost = 10_000

// Until returns the last time of the schedule whose instant lies after one time and
// not after another, and how many there are before it; countAtMost means as many or
// more. ok is false if there is none.
func (s Schedule) Until(after, to time.Time) (last Time, before int, ok bool) {
	for _, back := range backward {
		from := to.Add(-back)
		whole := !from.After(after)
		if whole {
			from = after
		}
		n := 0
		for t := range s.After(from) {
			if t.Instant.After(to) {
				break
			}
			last, n = t, n+1
		}
		switch {
		case n == 0 && !whole:
			continue
		case n == 0:
			return last, 0, false
		case whole:
			return last, min(n-1, countAtMost), true
		}
		return last, s.count(after, last), true
	}
	return last, 0, false
}

// count returns how many times lie after one time and before another.
func (s Schedule) count(after time.Time, last Time) (n int) {
	for t := range s.After(after) {
		if t.Local == last.Local || n == countAtMost {
			break
		}
		n++
	}
	return n
}

// first returns the first time after t; the zero Time if there is none.
func (s Schedule) first(t time.Time) Time {
	for next := range s.After(t) {
		return next
	}
	return Time{}
}

// wallOf returns what the clock shows at an instant, as if it were UTC.
func wallOf(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.Add(time.Duration(offset) * time.Second).UTC()
}

// instantOf returns the first instant at which the clock of a zone shows a wall time
// or, if it leaps over that, a later one. (time.Date promises neither.)
func instantOf(wall time.Time, zone *time.Location) time.Time {
	near := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
	begin, end := near.ZoneBounds()
	first := time.Time{}
	for _, in := range []time.Time{begin.Add(-1), near, end} { // the offsets before, at and after it
		_, offset := in.In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if wallOf(at.In(zone)).Equal(wall) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if !first.IsZero() {
		return first
	}
	for _, leap := range []time.Time{begin, end} {
		if !leap.IsZero() && wallOf(leap.Add(-1).In(zone)).Before(wall) && wallOf(leap.In(zone)).After(wall) {
			return leap.UTC()
		}
	}
	return near.UTC() // no zone is known in which this is reached
}
