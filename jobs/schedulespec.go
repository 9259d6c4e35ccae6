package jobs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A ScheduleSpec says when the server runs a job by itself. The job has to be in the
// ledger.
type ScheduleSpec struct {
	Cron     string `yaml:"cron"`     // minute, hour, day of the month, month, weekday: "0 2 * * *"
	TimeZone string `yaml:"timezone"` // IANA name of the zone whose clocks are meant
	Missed   string `yaml:"missed"`   // once (the default) | skip: what becomes of times at which no server ran
	Overlap  string `yaml:"overlap"`  // skip (the default): a time that comes while the job still runs is passed over
}

// What a schedule does about times at which no server ran.
const (
	MissedOnce = "once" // run once for all of them
	MissedSkip = "skip" // wait for the next time
)

// Set reports whether there is a schedule.
func (s ScheduleSpec) Set() bool { return s != ScheduleSpec{} }

// Location returns the time zone.
func (s ScheduleSpec) Location() (*time.Location, error) {
	const hint = "write the name of the zone whose clocks are meant, such as Europe/Berlin, or UTC"
	switch s.TimeZone {
	case "":
		return nil, errors.New("timezone: is missing; " + hint)
	case "Local": // which differs from machine to machine
		return nil, errors.New(`timezone: "Local" is another zone on each machine; ` + hint)
	}
	loc, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("timezone: there is no zone %q; %s", s.TimeZone, hint)
	}
	return loc, nil
}

func (s ScheduleSpec) validate() (errs []error) {
	if !s.Set() {
		return nil
	}
	if _, err := ParseCron(s.Cron); err != nil {
		errs = append(errs, fmt.Errorf("schedule: cron: %w", err))
	}
	if _, err := s.Location(); err != nil {
		errs = append(errs, fmt.Errorf("schedule: %w", err))
	}
	if s.Missed != "" && s.Missed != MissedOnce && s.Missed != MissedSkip {
		errs = append(errs, fmt.Errorf("schedule: missed: %q is unknown; write once, to run once for all times at which no server ran, or skip", s.Missed))
	}
	if s.Overlap != "" && s.Overlap != "skip" {
		errs = append(errs, fmt.Errorf("schedule: overlap: %q is unknown; write skip: a time that comes while the job still runs is passed over", s.Overlap))
	}
	return errs
}

// A NotifySpec says when the operator is told of a run, beside those that failed.
type NotifySpec struct {
	Refused string `yaml:"refused"` // share of refused rows above which a run is told, such as "1%"; never if absent
}

// share returns the share of refused rows above which the operator is told.
func (n NotifySpec) share() (share float64, err error) {
	number, ok := strings.CutSuffix(strings.TrimSpace(n.Refused), "%")
	if ok {
		share, err = strconv.ParseFloat(strings.TrimSpace(number), 64)
	}
	if !ok || err != nil || !(share >= 0 && share <= 100) {
		return 0, fmt.Errorf("%q is no share of rows; write one such as \"1%%\", or \"0%%\" to be told of each refused row", n.Refused)
	}
	return share / 100, nil
}

func (n NotifySpec) validate() []error {
	if n.Refused == "" {
		return nil
	}
	if _, err := n.share(); err != nil {
		return []error{fmt.Errorf("notify: refused: %w", err)}
	}
	return nil
}

// Tells reports whether so many refused rows are told to the operator.
func (n NotifySpec) Tells(c Count) bool {
	share, err := n.share()
	return n.Refused != "" && err == nil && Policy{share}.Stops(c)
}
