package ledger_test

import (
	"errors"
	"testing"
	"time"

	"passmill/jobs"
)

func TestBegin(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		first, err := db.Begin(ctx, key("a"), now)
		must(t, err)
		if first.State != jobs.RunImporting || first.Key != key("a") || !first.Finished.IsZero() || !first.Started.Equal(now.Truncate(time.Millisecond)) {
			t.Fatalf("a new run is %+v", first)
		}

		// An import that was interrupted begins again, under the same id.
		problem := jobs.Problem{Code: "x", Severity: jobs.Advice, Message: "m"}
		for n := 1; n <= 12; n++ {
			must(t, db.Stage(ctx, first.ID, jobs.Batch{Number: n, Staged: rows(n*1000, n*1000+600, "a"), Problems: []jobs.Problem{problem}}))
		}
		again, err := db.Begin(ctx, key("a"), now.Add(time.Hour))
		must(t, err)
		if again != first {
			t.Errorf("resumed %+v, want %+v", again, first)
		}
		for _, table := range []string{"rows", "batches", "problems"} {
			if n := number(t, dsn, `SELECT COUNT(*) FROM `+table); n != 0 {
				t.Errorf("%d rows left in %s of the partial import", n, table)
			}
		}

		// One that was pressing goes on.
		must(t, db.Stage(ctx, first.ID, jobs.Batch{Number: 1, Staged: rows(1, 11, "a"), Refused: 1}))
		_, err = db.Imported(ctx, first.ID)
		must(t, err)
		waiting, err := db.Waiting(ctx, first.ID, 0, 3)
		must(t, err)
		must(t, db.Commit(ctx, first.ID, sink, pressed(waiting), nil))
		again, err = db.Begin(ctx, key("a"), now)
		must(t, err)
		want := jobs.Count{Rows: 11, Made: 3, Refused: 1}
		if again.ID != first.ID || again.State != jobs.RunPressing || again.Count != want {
			t.Errorf("resumed %+v, want id %d, pressing, %+v", again, first.ID, want)
		}

		// With another key it is superseded.
		second, err := db.Begin(ctx, key("b"), now)
		must(t, err)
		old, err := db.Run(ctx, first.ID)
		must(t, err)
		if second.ID == first.ID || old.State != jobs.RunSuperseded || old.Finished.IsZero() {
			t.Errorf("superseded: old %+v, new %+v", old, second)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM rows`); n != 3 {
			t.Errorf("%d rows left, want the 3 that were made", n)
		}
		if err := db.Commit(ctx, first.ID, sink, pressed(rowsWithID(waiting, 4)), nil); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("commit of a row that is gone: %v", err)
		}

		// A run that is done is left alone.
		_, err = db.Imported(ctx, second.ID)
		must(t, err)
		_, err = db.Finish(ctx, second.ID, jobs.RunDone, now)
		must(t, err)
		third, err := db.Begin(ctx, key("b"), now)
		must(t, err)
		if third.ID == second.ID {
			t.Error("a run that was done was begun again")
		}
		list, err := db.Runs(ctx, "members", 2)
		must(t, err)
		if len(list) != 2 || list[0].ID != third.ID || list[1].ID != second.ID {
			t.Errorf("the newest runs are %+v", list)
		}
		if all, err := db.Runs(ctx, "", 10); err != nil || len(all) != 3 {
			t.Errorf("%d runs of all jobs, %v; want 3", len(all), err)
		}
	})
}

// rowsWithID returns a row with an id that the ledger doesn't know.
func rowsWithID(like []jobs.Staged, n int) []jobs.Staged {
	s := like[0]
	s.ID += int64(1000 * n)
	return []jobs.Staged{s}
}

func TestBeginOtherJob(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		a, err := db.Begin(t.Context(), key("a"), now)
		must(t, err)
		other := key("b")
		other.Job = "vouchers"
		b, err := db.Begin(t.Context(), other, now)
		must(t, err)
		got, err := db.Run(t.Context(), a.ID)
		must(t, err)
		if a.ID == b.ID || got.State != jobs.RunImporting {
			t.Errorf("a job's run changed another's: %+v, %+v", got, b)
		}
	})
}

func TestFinish(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		run, waiting := staged(t, db, key("a"), rows(1, 6, "a")...)
		must(t, db.Commit(ctx, run, sink, pressed(waiting[:2]), nil))
		if _, err := db.Finish(ctx, run, jobs.RunDone, now); err == nil {
			t.Error("a run with waiting rows was done")
		}
		for range 2 {
			got, err := db.Finish(ctx, run, jobs.RunStopped, now)
			must(t, err)
			if got.State != jobs.RunStopped || got.Finished.IsZero() || got.Count.Made != 2 {
				t.Errorf("stopped run is %+v", got)
			}
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM rows WHERE state = 'waiting'`); n != 0 {
			t.Errorf("%d rows still wait", n)
		}
		if _, err := db.Finish(ctx, run, jobs.RunDone, now); err == nil {
			t.Error("a stopped run became done")
		}
		if _, err := db.Finish(ctx, run, jobs.RunPressing, now); err == nil {
			t.Error("a run finished as pressing")
		}
		if _, err := db.Finish(ctx, run+100, jobs.RunStopped, now); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("finish of no run: %v", err)
		}
		if _, err := db.Run(ctx, run+100); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("no run: %v", err)
		}
	})
}
