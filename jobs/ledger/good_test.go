package ledger_test

import (
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// TestLastGood: the last good run is one that made every row, with the same key,
// and nothing else was made or planned of the job since; one that came to nothing
// before it began is passed over.
func TestLastGood(t *testing.T) {
	for _, sink := range []string{sink, ""} {
		both(t, func(t *testing.T, dsn string) { lastGood(t, open(t, dsn), sink) })
	}
}

func lastGood(t *testing.T, db *ledger.DB, sink string) {
	a, b := key("a"), key("a")
	a.Sink, b.Sink = sink, sink
	b.Settings = hash("other settings")
	at := now
	good := func(what string, k jobs.RunKey, want time.Time) {
		t.Helper()
		if got, err := db.LastGood(t.Context(), k); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v; want %v", what, got, err, want)
		}
	}
	none := time.Time{}
	good("no run", a, none)
	first := at
	runOf(t, db, a, &at, 0, jobs.RunDone)
	good("one run", a, first)
	k := a
	k.Source = hash("other rows")
	good("other rows", k, first)
	good("other settings", b, none)
	runOf(t, db, a, &at, 1, jobs.RunDone)
	good("a refused row", a, first)
	runOf(t, db, a, &at, 0, jobs.RunStopped)
	good("a stopped run", a, first)
	_, err := db.FailStart(t.Context(), a.Job, "no certificate", at)
	must(t, err)
	good("a run that did not begin", a, first)
	last := at
	runOf(t, db, a, &at, 0, jobs.RunDone)
	good("a second good run", a, last)
	other := a
	other.Job = "guests"
	runOf(t, db, other, &at, 0, jobs.RunDone)
	good("a run of another job", a, last)
	runOf(t, db, b, &at, 1, jobs.RunDone)
	good("a run with other settings since", a, none)
	good("and it refused a row", b, none)
}

// TestLastGoodPlanned: it is so for a job as well whose passes are only planned.
func TestLastGoodPlanned(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		a := key("a")
		a.Sink = ""
		b := a
		b.Template = hash("another template")
		done := func(k jobs.RunKey, at time.Time) {
			run, err := db.Begin(ctx, k, at)
			must(t, err)
			_, err = db.Imported(ctx, run.ID)
			must(t, err)
			_, err = db.Finish(ctx, run.ID, jobs.RunDone, at)
			must(t, err)
		}
		done(a, now)
		if got, err := db.LastGood(ctx, a); err != nil || !got.Equal(now) {
			t.Errorf("one run: got %v, %v; want %v", got, err, now)
		}
		done(b, now.Add(time.Hour))
		if got, err := db.LastGood(ctx, a); err != nil || !got.IsZero() {
			t.Errorf("a run with another template since: got %v, %v", got, err)
		}
	})
}

// runOf runs a job at a time, which goes on, with one row made and some refused.
func runOf(t *testing.T, db *ledger.DB, k jobs.RunKey, at *time.Time, refused int, state jobs.RunState) {
	t.Helper()
	ctx := t.Context()
	run, err := db.Begin(ctx, k, *at)
	must(t, err)
	batch := jobs.Batch{Number: 1, Staged: rows(1, 2, at.String()), Refused: refused}
	if k.Job != "members" {
		batch.Staged = nil
	}
	must(t, db.Stage(ctx, run.ID, batch))
	_, err = db.Imported(ctx, run.ID)
	must(t, err)
	waiting, err := db.Waiting(ctx, run.ID, 0, 10)
	must(t, err)
	must(t, db.Commit(ctx, run.ID, k.Sink, pressed(waiting), nil))
	_, err = db.Finish(ctx, run.ID, state, *at)
	must(t, err)
	*at = at.Add(24 * time.Hour)
}
