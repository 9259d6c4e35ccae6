package jobs

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// A PushesSpec says when phones must not be woken.
type PushesSpec struct {
	Quiet    string `yaml:"quiet"`    // "22:00-07:00", by the clock on the wall …
	Timezone string `yaml:"timezone"` // … of this zone, such as Europe/Berlin
}

// A Quiet is a time of each day at which no phone is to be woken, by the clock on the
// wall of a place. The zero value never is.
type Quiet struct {
	from, to int // minutes of the day
	place    *time.Location
}

var quietHours = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9]) *[-–] *([01][0-9]|2[0-3]):([0-5][0-9])$`)

// Parse reads the quiet hours.
func (s PushesSpec) Parse() (Quiet, error) {
	q, errs := s.parse()
	return q, errors.Join(errs...)
}

func (s PushesSpec) parse() (q Quiet, errs []error) {
	if s == (PushesSpec{}) {
		return q, nil
	}
	if m := quietHours.FindStringSubmatch(s.Quiet); m == nil {
		errs = append(errs, fmt.Errorf("pushes: quiet: %q is no time of the day; write it like \"22:00-07:00\"", s.Quiet))
	} else if q.from, q.to = minutes(m[1], m[2]), minutes(m[3], m[4]); q.from == q.to {
		errs = append(errs, fmt.Errorf("pushes: quiet: %q begins when it ends; write it like \"22:00-07:00\", or leave it out", s.Quiet))
	}
	if s.Timezone == "" || s.Timezone == "Local" {
		errs = append(errs, errors.New("pushes: timezone: is missing; name the zone of the quiet hours, such as Europe/Berlin"))
	} else if place, err := time.LoadLocation(s.Timezone); err != nil {
		errs = append(errs, fmt.Errorf("pushes: timezone: there is no zone %q; write it like Europe/Berlin", s.Timezone))
	} else {
		q.place = place
	}
	return q, errs
}

func minutes(hour, minute string) int {
	h, _ := strconv.Atoi(hour) // digits, by the pattern
	m, _ := strconv.Atoi(minute)
	return 60*h + m
}

// At reports whether it is quiet at t.
func (q Quiet) At(t time.Time) bool {
	if q.place == nil {
		return false
	}
	h, m, _ := t.In(q.place).Clock()
	now := 60*h + m
	if q.from < q.to {
		return now >= q.from && now < q.to
	}
	return now >= q.from || now < q.to
}

// End returns the first moment from t on at which it is not quiet. It looks at the
// clock minute by minute, since clocks jump: an hour that is skipped may hold the
// end, and one that comes twice the beginning.
func (q Quiet) End(t time.Time) time.Time {
	for q.At(t) {
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	return t
}
