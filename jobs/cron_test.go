package jobs_test

import (
	"strings"
	"testing"
	"time"

	"passmill/jobs"
)

// TestParseCronRefuses: what panics in the parser, or never comes, or counts from the
// start of a program.
func TestParseCronRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "is empty",
		"0 0 31 2 *":                            "never comes",
		"0 0 30 2 *":                            "never comes",
		"TZ=":                                   "timezone:",
		"TZ=0":                                  "timezone:",
		"CRON_TZ=Europe/Berlin":                 "timezone:",
		"tz=UTC 0 0 * * *":                      "timezone:",
		"@every 0s":                             "counts from when",
		"@every -5s":                            "counts from when",
		"@reboot":                               "can't be read",
		"0 0 * *":                               "can't be read",
		"0 0 0 * * *":                           "can't be read",
		"60 0 * * *":                            "can't be read",
		"*/0 * * * *":                           "can't be read",
		"a b c d e":                             "can't be read",
		strings.Repeat("0,", 300) + "0 0 * * *": "longer than",
	} {
		if _, err := jobs.ParseCron(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: got %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"@daily", "0 0 29 2 *", " 0 2 * * 1-5 ", "*/15 8-18 * JAN-MAR MON"} {
		if _, err := jobs.ParseCron(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzParseCron: no text makes the parser panic or never return, and what is taken
// has a next time that lies ahead.
func FuzzParseCron(f *testing.F) {
	for _, text := range []string{"0 2 * * *", "TZ=0", "@every 1s", "0 0 31 2 *", "*/7 1-5,9 29 2 MON", "CRON_TZ=UTC"} {
		f.Add(text)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := jobs.ParseCron(text)
		if err != nil {
			return
		}
		if next := c.Next(now); !next.After(now) {
			t.Errorf("%q: after %s comes %s", text, now, next)
		}
	})
}

// TestSchedule: what is wrong with schedule: and notify: is told at once.
func TestSchedule(t *testing.T) {
	const good = goodJob + "schedule: {cron: \"0 2 * * *\", timezone: Europe/Berlin, missed: skip, overlap: skip}\nnotify: {refused: \"1%\"}\n"
	job, err := jobs.ParseJob([]byte(good), "members.yaml")
	if err != nil {
		t.Fatal(err)
	}
	again, err := jobs.ParseJob(job.Text(), "members.yaml")
	if err != nil || again.Schedule != job.Schedule || again.Notify != job.Notify {
		t.Errorf("written as\n%s\nand read as %+v, %v", job.Text(), again, err)
	}
	for refused, want := range map[int]bool{0: false, 10: false, 11: true} {
		if got := job.Notify.Tells(jobs.Count{Rows: 1000, Refused: refused}); got != want {
			t.Errorf("%d of 1000 rows refused: told %v", refused, got)
		}
	}
	if (jobs.NotifySpec{}).Tells(jobs.Count{Rows: 1, Refused: 1}) {
		t.Error("told without notify:")
	}
	_, err = jobs.ParseJob([]byte(goodJob+"schedule: {cron: \"0 0 31 2 *\", missed: never, overlap: run}\nnotify: {refused: often}\n"), "members.yaml")
	for _, want := range []string{"schedule: cron: \"0 0 31 2 *\" never comes", "schedule: timezone: is missing", "missed: \"never\"", "overlap: \"run\"", "notify: refused: \"often\""} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, zone := range []string{"Local", "Europe/Nowhere", "../../etc/passwd"} {
		if _, err := (jobs.ScheduleSpec{TimeZone: zone}).Location(); err == nil {
			t.Errorf("zone %q is taken", zone)
		}
	}
}

// TestScheduleInSheet: a sheet of settings says the same, and a share in a cell is what
// it holds, not what it shows.
func TestScheduleInSheet(t *testing.T) {
	job, err := jobs.ParseSettings(settings(
		said("template", "card"), said("serial", "MemberID"), said("output dir", "out"), said("Schedule cron", "0 2 * * *"),
		said("schedule.timezone", "Europe/Berlin"), said("Schedule missed", "skip"), typed("notify refused", jobs.Cell{Text: "1%", Raw: "0.0125", Kind: jobs.NumberCell}),
	), preset, sheetOfJob)
	if err != nil {
		t.Fatal(err)
	}
	if want := (jobs.ScheduleSpec{Cron: "0 2 * * *", TimeZone: "Europe/Berlin", Missed: "skip"}); job.Schedule != want {
		t.Errorf("got %+v", job.Schedule)
	}
	if job.Notify.Tells(jobs.Count{Rows: 1000, Refused: 12}) || !job.Notify.Tells(jobs.Count{Rows: 1000, Refused: 13}) {
		t.Errorf("got %+v", job.Notify)
	}
	again, err := jobs.ParseJob(job.Text(), "members.yaml")
	if err != nil || again.Notify != job.Notify || again.Schedule != job.Schedule {
		t.Errorf("written as\n%s\nand read as %+v, %v", job.Text(), again, err)
	}
}
