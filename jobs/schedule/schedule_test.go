package schedule_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/schedule"
)

func parse(t *testing.T, cron, zone string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(jobs.ScheduleSpec{Cron: cron, TimeZone: zone})
	if err != nil {
		t.Fatalf("%s in %s: %v", cron, zone, err)
	}
	return s
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02T15:04Z", text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestDaylightSaving: each wall time comes once, also where clocks leap or go back.
func TestDaylightSaving(t *testing.T) {
	tests := map[string]struct {
		cron, zone, from, to string
		want                 []string
	}{
		"spring in Berlin": {"30 2 * * *", "Europe/Berlin", "2026-03-28T00:00Z", "2026-03-31T00:00Z", []string{
			"2026-03-28T02:30 Europe/Berlin = 2026-03-28T01:30Z", "2026-03-29T02:30 Europe/Berlin = 2026-03-29T01:00Z", "2026-03-30T02:30 Europe/Berlin = 2026-03-30T00:30Z",
		}},
		"autumn in Berlin": {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-26T12:00Z", []string{
			"2026-10-25T02:30 Europe/Berlin = 2026-10-25T00:30Z", "2026-10-26T02:30 Europe/Berlin = 2026-10-26T01:30Z",
		}},
		"every hour in autumn": {"0 * * * *", "Europe/Berlin", "2026-10-24T23:30Z", "2026-10-25T03:30Z", []string{
			"2026-10-25T02:00 Europe/Berlin = 2026-10-25T00:00Z", "2026-10-25T03:00 Europe/Berlin = 2026-10-25T02:00Z", "2026-10-25T04:00 Europe/Berlin = 2026-10-25T03:00Z",
		}},
		"from within the hour that comes again": {"*/30 * * * *", "Europe/Berlin", "2026-10-25T01:10Z", "2026-10-25T02:30Z", []string{
			"2026-10-25T03:00 Europe/Berlin = 2026-10-25T02:00Z", "2026-10-25T03:30 Europe/Berlin = 2026-10-25T02:30Z",
		}},
		"midnight that is not": {"0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00Z", "2018-11-05T12:00Z", []string{
			"2018-11-04T00:00 America/Sao_Paulo = 2018-11-04T03:00Z", "2018-11-05T00:00 America/Sao_Paulo = 2018-11-05T02:00Z",
		}},
		"once a month at it": {"0 0 4 * *", "America/Sao_Paulo", "2018-10-10T00:00Z", "2018-12-10T00:00Z", []string{
			"2018-11-04T00:00 America/Sao_Paulo = 2018-11-04T03:00Z", "2018-12-04T00:00 America/Sao_Paulo = 2018-12-04T02:00Z",
		}},
		"half an hour forth": {"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00Z", "2026-10-04T23:00Z", []string{
			"2026-10-04T02:15 Australia/Lord_Howe = 2026-10-03T15:30Z", "2026-10-05T02:15 Australia/Lord_Howe = 2026-10-04T15:15Z",
		}},
		"half an hour back": {"45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00Z", "2026-04-05T23:00Z", []string{
			"2026-04-05T01:45 Australia/Lord_Howe = 2026-04-04T14:45Z", "2026-04-06T01:45 Australia/Lord_Howe = 2026-04-05T15:15Z",
		}},
		"a day that is not": {"0 12 * * *", "Pacific/Apia", "2011-12-29T00:00Z", "2011-12-31T12:00Z", []string{
			"2011-12-29T12:00 Pacific/Apia = 2011-12-29T22:00Z", "2011-12-30T12:00 Pacific/Apia = 2011-12-30T10:00Z", "2011-12-31T12:00 Pacific/Apia = 2011-12-30T22:00Z",
		}},
		"the gap itself": {"15,45 2 * * *", "Europe/Berlin", "2026-03-29T00:00Z", "2026-03-29T12:00Z", []string{
			"2026-03-29T02:15 Europe/Berlin = 2026-03-29T01:00Z", "2026-03-29T02:45 Europe/Berlin = 2026-03-29T01:00Z",
		}},
		"leap days": {"0 0 29 2 *", "UTC", "2096-03-01T00:00Z", "2105-01-01T00:00Z", []string{"2104-02-29T00:00 UTC = 2104-02-29T00:00Z"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for s := range parse(t, test.cron, test.zone).After(at(t, test.from)) {
				if s.Instant.After(at(t, test.to)) {
					break
				}
				got = append(got, s.Local+" = "+s.Instant.Format("2006-01-02T15:04Z07:00"))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestEveryMinuteOfTheWall compares with a clock that is watched minute by minute:
// around each change of many zones, each wall time stands once, at the first moment
// at which the clock shows it or a later one.
func TestEveryMinuteOfTheWall(t *testing.T) {
	zones := []string{
		"Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "America/Santiago", "America/Havana",
		"America/Asuncion", "America/Caracas", "America/Scoresbysund", "America/Nuuk", "Africa/Casablanca", "Africa/Cairo", "Africa/Juba", "Africa/Monrovia",
		"Asia/Tehran", "Asia/Gaza", "Asia/Beirut", "Asia/Amman", "Asia/Pyongyang", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Almaty", "Australia/Lord_Howe",
		"Australia/Adelaide", "Pacific/Apia", "Pacific/Chatham", "Pacific/Easter", "Pacific/Norfolk", "Antarctica/Troll", "Antarctica/Casey", "UTC",
	}
	changes := 0
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		s := parse(t, "* * * * *", name)
		first := 2023
		if name == "Pacific/Apia" {
			first = 2011 // when it leapt over a day
		}
		for change, end := time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC); change.Before(end); {
			if _, change = change.In(zone).ZoneBounds(); change.IsZero() {
				break
			}
			changes++
			width := 4 * time.Hour
			if name == "Pacific/Apia" {
				width = 36 * time.Hour
			}
			around(t, s, zone, change.Truncate(time.Minute), width)
		}
	}
	if changes < 90 {
		t.Errorf("only %d changes were looked at", changes)
	}
}

// around compares the times of a schedule of every minute with the clock of a zone,
// from so long before a change to as long after it.
func around(t *testing.T, s schedule.Schedule, zone *time.Location, change time.Time, width time.Duration) {
	t.Helper()
	const wallForm = "2006-01-02T15:04"
	from, to := change.Add(-width), change.Add(width)
	var want []schedule.Time
	shown := from.In(zone).Format(wallForm) // the latest that the clock has shown
	for now := from.Add(time.Minute); !now.After(to); now = now.Add(time.Minute) {
		for wall := now.In(zone).Format(wallForm); shown < wall; {
			last, err := time.Parse(wallForm, shown)
			if err != nil {
				t.Fatal(err)
			}
			shown = last.Add(time.Minute).Format(wallForm)
			want = append(want, schedule.Time{Local: shown + " " + zone.String(), Instant: now.UTC()})
		}
	}
	i := 0
	for got := range s.After(from) {
		if i == len(want) {
			break
		}
		if got != want[i] {
			t.Errorf("%s around %s: got %+v, want %+v", zone, change, got, want[i])
			return
		}
		i++
	}
}

// TestUntil: the last time is found however long ago the one before it is, and those
// before it are counted.
func TestUntil(t *testing.T) {
	tests := map[string]struct {
		cron, after, to, want string
		before                int
	}{
		"none":        {"0 2 * * *", "2026-01-01T02:00Z", "2026-01-02T01:59Z", "", 0},
		"one":         {"0 2 * * *", "2026-01-01T02:00Z", "2026-01-02T02:00Z", "2026-01-02T02:00 UTC", 0},
		"a week":      {"0 2 * * *", "2026-01-01T02:00Z", "2026-01-08T12:00Z", "2026-01-08T02:00 UTC", 6},
		"once a year": {"0 2 1 1 *", "2020-01-01T02:00Z", "2025-12-31T02:00Z", "2025-01-01T02:00 UTC", 4},
		"too many":    {"* * * * *", "2020-01-01T02:00Z", "2025-12-31T02:00Z", "2025-12-31T02:00 UTC", 10_000},
	}
	for name, test := range tests {
		last, before, ok := parse(t, test.cron, "UTC").Until(at(t, test.after), at(t, test.to))
		if last.Local != test.want || before != test.before || ok != (test.want != "") {
			t.Errorf("%s: got %q, %d, %v; want %q, %d", name, last.Local, before, ok, test.want, test.before)
		}
	}
}
