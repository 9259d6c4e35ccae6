package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// TestStats: passes are counted once when they are made, however often they are made
// again, and printed as a table, as CSV and as JSON.
func TestStats(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 7, database(t))
			s.do("make", "members.yaml")
			s.do("make", "--force", "members.yaml")
			s.members(func(int) string { return "Silver" })
			s.do("make", "members.yaml")
			today := time.Now().UTC().Format(time.DateOnly)
			if out := s.do("stats", "--csv", "members"); out != "day,job,made,mailed,opened,downloaded,installed,updated,removed\n"+today+",members,7,0,0,0,0,0,0\n" {
				t.Errorf("CSV:\n%s", out)
			}
			if out := s.do("stats", "--csv", "members.yaml"); !strings.Contains(out, ",members,7,") {
				t.Errorf("a job by its file:\n%s", out)
			}
			if out := s.do("stats", "--json", "members"); !strings.Contains(out, `"made":7`) || strings.Count(out, "\n") != 1 {
				t.Errorf("JSON:\n%s", out)
			}
			if out := s.do("stats"); !strings.Contains(out, "of made  100.0%") {
				t.Errorf("table:\n%s", out)
			}
			if out := s.do("stats", "nobody"); !strings.Contains(out, `nothing of job "nobody" was counted`) {
				t.Errorf("a job that never ran:\n%s", out)
			}
		})
	}
}

// do runs a command that has to succeed, as a process, and returns what it printed.
func (s *sandbox) do(args ...string) string {
	s.t.Helper()
	cmd := s.command(nil, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("passmill %s: %v\n%s%s", strings.Join(args, " "), err, out, &errs)
	}
	return string(out)
}

// TestStepCounter: what is counted arrives once, also when it could not be written at first.
func TestStepCounter(t *testing.T) {
	db, err := ledger.Open(t.Context(), t.TempDir()+"/passmill.db", ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	fails := 2
	c := &stepCounter{now: func() time.Time { return time.Date(2026, 11, 25, 23, 59, 0, 0, time.UTC) }, log: slog.New(slog.DiscardHandler)}
	c.keep = func(ctx context.Context, counts []jobs.FunnelCount) error {
		if fails--; fails >= 0 {
			return errors.New("the disk is full")
		}
		return db.AddFunnel(ctx, counts)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				c.Count("members", jobs.FunnelOpened)
				c.Count("members", jobs.FunnelDownloaded)
			}
		})
	}
	c.flush(t.Context()) // while others count
	all.Wait()
	for range 2 { // at least one of all is refused with all that was counted
		c.flush(t.Context())
	}
	fails = 0
	stopped, stop := context.WithCancel(t.Context())
	stop()
	c.run(stopped, t.Context())
	counts, err := db.Funnel(t.Context(), "members", "2026-11-25", "2026-11-25")
	if err != nil || len(counts) != 2 || counts[0].Count != 800 || counts[1].Count != 800 {
		t.Errorf("counted %+v (%v)", counts, err)
	}
}
