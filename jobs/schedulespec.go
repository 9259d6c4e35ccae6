package jobs

import (
	"errors"
	"fmt"
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
	Refused ShareText `yaml:"refused"` // share of refused rows above which a run is told, such as "1%"; never if absent
}

// A ShareText is a share in words, such as "1%", or empty for none. It is a type so
// that a cell which shows less digits than it holds is taken as what it holds.
type ShareText string

// UnmarshalYAML implements [yaml.InterfaceUnmarshaler].
func (s *ShareText) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	err := unmarshal(&text)
	*s = ShareText(text)
	return err
}

func (n NotifySpec) validate() []error {
	if n.Refused == "" {
		return nil
	}
	if _, err := ParseShare(string(n.Refused)); err != nil {
		return []error{fmt.Errorf("notify: refused: %w", err)}
	}
	return nil
}

// Tells reports whether so many refused rows are told to the operator.
func (n NotifySpec) Tells(c Count) bool {
	share, err := ParseShare(string(n.Refused))
	return n.Refused != "" && err == nil && Policy{float64(share)}.Stops(c)
}
