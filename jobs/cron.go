package jobs

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// maxCron is the longest text of a schedule that is parsed. The longest that says
// anything lists sixty minutes, 24 hours, 31 days, twelve months and seven weekdays.
const maxCron = 500

// A Cron is a schedule of wall times: minute, hour, day of the month, month and
// weekday. It knows no time zone: its times are what a clock on the wall shows,
// written as if they were UTC, in which every wall time comes once.
type Cron struct{ spec *cron.SpecSchedule }

// cronParser reads the five fields that every cron has, and @daily and the like.
var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

const cronHint = `write minute, hour, day of the month, month and weekday, such as "0 2 * * *" for two o'clock every night`

// ParseCron reads a schedule. It refuses one that never comes, such as the 31st of
// February.
func ParseCron(text string) (c Cron, err error) {
	switch {
	case strings.TrimSpace(text) == "":
		return c, errors.New("is empty; " + cronHint)
	case len(text) > maxCron:
		return c, fmt.Errorf("is longer than %d characters; %s", maxCron, cronHint)
	case strings.Contains(strings.ToUpper(text), "TZ="):
		return c, errors.New("names a time zone; write that under timezone: instead")
	case strings.HasPrefix(strings.TrimSpace(text), "@every"):
		return c, fmt.Errorf("%q counts from when a program was started, and so says no time; %s", text, cronHint)
	}
	// The parser is known to panic over texts that nobody thought of.
	defer func() {
		if recover() != nil {
			c, err = Cron{}, fmt.Errorf("%q can't be read; %s", text, cronHint)
		}
	}()
	parsed, err := cronParser.Parse(strings.TrimSpace(text))
	if err != nil {
		return c, fmt.Errorf("%q can't be read (%w); %s", text, err, cronHint)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return c, fmt.Errorf("%q says no time; %s", text, cronHint)
	}
	spec.Location = time.UTC
	c = Cron{spec}
	if c.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Cron{}, fmt.Errorf("%q never comes: no such day is in the calendar; %s", text, cronHint)
	}
	return c, nil
}

// Next returns the first wall time after another, both in UTC's place; the zero time
// if there is none within twelve years, in which every day of the calendar comes.
func (c Cron) Next(wall time.Time) time.Time {
	for range 3 { // the library gives up after five years, and eight may lie between two leap days
		if next := c.spec.Next(wall); !next.IsZero() {
			return next
		}
		wall = wall.AddDate(4, 0, 0)
	}
	return time.Time{}
}
