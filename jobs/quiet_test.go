package jobs_test

import (
	"strings"
	"testing"
	"time"

	"passmill/jobs"
)

// TestQuiet: by the clock on the wall, through both changes of the clock.
func TestQuiet(t *testing.T) {
	for _, test := range []struct{ hours, zone, at, end string }{
		{"22:00-07:00", "Europe/Berlin", "2026-11-25T21:59:59+01:00", ""},
		{"22:00-07:00", "Europe/Berlin", "2026-11-25T22:00:00+01:00", "2026-11-26T07:00:00+01:00"},
		{"22:00-07:00", "Europe/Berlin", "2026-11-26T06:59:59+01:00", "2026-11-26T07:00:00+01:00"},
		{"22:00-07:00", "Europe/Berlin", "2026-11-26T07:00:00+01:00", ""},
		{"22:00-07:00", "America/New_York", "2026-11-26T07:00:00+01:00", "2026-11-26T07:00:00-05:00"},
		{"12:30-14:00", "Asia/Kolkata", "2026-11-26T13:00:00+05:30", "2026-11-26T14:00:00+05:30"},
		// The night of spring has an hour less, that of autumn one more.
		{"22:00-07:00", "Europe/Berlin", "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"},
		{"22:00-07:00", "Europe/Berlin", "2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"},
		// An end at an hour that is skipped is when the clock has jumped.
		{"22:00-02:30", "Europe/Berlin", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"02:00-03:00", "Europe/Berlin", "2026-03-29T03:00:00+02:00", ""},
		// An hour that comes twice is quiet twice, as far as its minutes are.
		{"22:00-02:30", "Europe/Berlin", "2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		{"22:00-02:30", "Europe/Berlin", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00"},
		{"02:30-03:00", "Europe/Berlin", "2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00"},
	} {
		q, err := jobs.PushesSpec{Quiet: test.hours, Timezone: test.zone}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		if quiet := q.At(at); quiet != (test.end != "") {
			t.Errorf("%s %s at %s: quiet is %v", test.hours, test.zone, test.at, quiet)
		}
		want := at
		if test.end != "" {
			if want, err = time.Parse(time.RFC3339, test.end); err != nil {
				t.Fatal(err)
			}
		}
		if got := q.End(at); !got.Equal(want) {
			t.Errorf("%s %s at %s: ends %s, want %s", test.hours, test.zone, test.at, got.In(want.Location()).Format(time.RFC3339), test.end)
		}
	}
}

// TestQuietNights: in ten years of minutes no end is quiet, none is a minute late, and
// none a day away.
func TestQuietNights(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} {
		q, err := jobs.PushesSpec{Quiet: "22:00-02:15", Timezone: zone}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2036; at = at.Add(7*time.Hour + 13*time.Minute) {
			end := q.End(at)
			if q.At(end) || end.Sub(at) > 6*time.Hour || q.At(at) && !q.At(end.Add(-time.Minute)) {
				t.Fatalf("%s: from %v until %v", zone, at, end)
			}
		}
	}
}

// TestQuietMistakes: a job says all that is wrong at once.
func TestQuietMistakes(t *testing.T) {
	for text, want := range map[string][]string{
		`{quiet: "10pm"}`: {`pushes: quiet: "10pm" is no time`, "pushes: timezone: is missing"},
		`{quiet: "22:00-22:00", timezone: Mars/Olympus}`: {"begins when it ends", `there is no zone "Mars/Olympus"`},
		`{timezone: Europe/Berlin}`:                      {`pushes: quiet: "" is no time`},
		`{quiet: "24:00-07:00", timezone: Local}`:        {`"24:00-07:00"`, "timezone: is missing"},
	} {
		_, err := jobs.ParseJob([]byte("template: storecard\nserial: ID\nsource: {file: a.csv}\noutput: {dir: out}\nupdates: true\npushes: "+text+"\n"), "job.yaml")
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want %q", text, err, part)
			}
		}
	}
	_, err := jobs.ParseJob([]byte("template: storecard\nserial: ID\nsource: {file: a.csv}\noutput: {dir: out}\npushes: {quiet: \"22:00-07:00\", timezone: Europe/Berlin}\n"), "job.yaml")
	if err == nil || !strings.Contains(err.Error(), "updates: true") {
		t.Errorf("without updates: %v", err)
	}
}
