package ledger_test

import (
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

func erasure(receipt string, serials ...string) ledger.Erasure {
	e := ledger.Erasure{Receipt: receipt, At: now, Actor: "test"}
	for _, s := range serials {
		e.Traces = append(e.Traces, ledger.Trace{Job: "members", Serial: s})
		e.Hashes = append(e.Hashes, ledger.ErasedHash{Hash: address(s), Kind: ledger.ErasedPass, Receipt: receipt, At: now})
	}
	return e
}

// TestEraseMails: what a process is about to send to somebody who is erased is not sent,
// and what it still hears of it names nobody.
func TestEraseMails(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		m := outbox(t, db, 5)
		_, err := db.Claim(ctx, m.ID, 3, nil)
		must(t, err)
		_, err = db.Record(ctx, []jobs.DeliveryChange{change("S00000", jobs.DeliveryInDoubt), change("S00001", jobs.DeliveryInDoubt)})
		must(t, err)
		r, err := db.Erase(ctx, erasure("one", "S00000", "S00001", "S00002", "S00003"))
		if err != nil || r.Counts.Mails != 4 || r.Counts.Passes != 4 {
			t.Fatalf("%+v, %v", r, err)
		}
		again, err := db.Erase(ctx, erasure("one", "S00000", "S00001", "S00002", "S00003"))
		if err != nil || again != r {
			t.Errorf("again: %+v, %v", again, err)
		}
		stopped, err := db.Record(ctx, []jobs.DeliveryChange{
			{ID: "S00000", State: jobs.DeliveryWaiting, Code: 451, Answer: "S00000 is busy", Next: now, Tried: true},
			{ID: "S00001", State: jobs.DeliverySent, Code: 250, Answer: "S00001 is glad", Tried: true},
			change("S00002", jobs.DeliveryInDoubt),
		})
		if err != nil || len(stopped) != 1 || stopped[0] != "S00002" {
			t.Errorf("stopped %v, %v", stopped, err)
		}
		must(t, db.Bounce(ctx, "S00001", 550, "S00001 is gone", true))
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySuppressed: 3, jobs.DeliverySent: 1, jobs.DeliveryWaiting: 1})
		if n := number(t, dsn, `SELECT COUNT(*) FROM deliveries WHERE answer <> '' OR recipient LIKE 'S%' AND id <> 'S00004'`); n != 0 {
			t.Errorf("%d deliveries say whose they were", n)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM suppressions`); n != 0 {
			t.Errorf("%d addresses are suppressed", n)
		}
		left, err := db.Claim(ctx, m.ID, 9, nil)
		if err != nil || len(left) != 1 || left[0].ID != "S00004" {
			t.Errorf("claimed %v, %v", ids(left), err)
		}
		recipients, err := db.Recipients(ctx, "members", m.ID, 0, 9)
		if err != nil || len(recipients) != 1 {
			t.Errorf("recipients %+v, %v", recipients, err)
		}
		for _, f := range findings(t, db, ledger.FsckOptions{}) {
			if f != "leftovers" {
				t.Errorf("found %s", f)
			}
		}
	})
}

// TestEraseWaiting: a row that waits in an interrupted run is never pressed, and the
// counts of the run add up when it has gone on.
func TestEraseWaiting(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		run, waiting := staged(t, db, key("a"), rows(0, 4, "x")...)
		r, err := db.Erase(ctx, erasure("one", "S00001"))
		if err != nil || r.Counts.Rows != 1 || r.Counts.Passes != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		rest := append(waiting[:1:1], waiting[2:]...)
		must(t, db.Commit(ctx, run, sink, pressed(rest), nil))
		_, err = db.Finish(ctx, run, jobs.RunDone, now)
		must(t, err)
		if names, err := db.Leftovers(ctx, sink); err != nil || len(names) != 1 {
			t.Errorf("leftovers %v, %v: a file may lie there that the run did not record", names, err)
		}
		for _, f := range findings(t, db, ledger.FsckOptions{}) {
			if f != "leftovers" {
				t.Errorf("found %s", f)
			}
		}
		if was, err := db.WasErased(ctx, address("S00001")); err != nil || !was {
			t.Errorf("erased: %v, %v", was, err)
		}
		must(t, db.LiftErased(ctx, "one"))
		if was, err := db.WasErased(ctx, address("S00001")); err != nil || was {
			t.Errorf("lifted: %v, %v", was, err)
		}
		must(t, db.Scrub(ctx))
		if day, err := db.Funnel(ctx, "members", now.Format(time.DateOnly), now.Format(time.DateOnly)); err != nil || len(day) != 1 || day[0].Count != 3 {
			t.Errorf("funnel %v, %v", day, err)
		}
	})
}
