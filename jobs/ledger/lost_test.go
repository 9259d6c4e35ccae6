package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
)

// TestConnectionsLost ends every connection of the ledger time and again while a
// run goes on: nobody but the log may notice.
func TestConnectionsLost(t *testing.T) {
	dsn := pgtest.Start(t)
	db := open(t, dsn+"&application_name=lost")
	killer, done, stopped := raw(t, dsn), make(chan struct{}), make(chan int)
	go func() {
		killed := 0
		defer func() { stopped <- killed }()
		for {
			select {
			case <-done:
				return
			case <-time.After(30 * time.Millisecond):
			}
			var n int
			const query = `SELECT COUNT(PG_TERMINATE_BACKEND(pid)) FROM pg_stat_activity WHERE application_name = 'lost'`
			if err := killer.QueryRow(query).Scan(&n); err != nil {
				t.Error(err)
				return
			}
			killed += n
		}
	}()
	const n = 400
	ctx := t.Context()
	run, err := db.Begin(ctx, key("a"), now)
	must(t, err)
	for i := range 8 {
		must(t, db.Stage(ctx, run.ID, jobs.Batch{Number: i + 1, Staged: rows(i*50, i*50+50, "x")}))
	}
	_, err = db.Imported(ctx, run.ID)
	must(t, err)
	waiting, err := db.Waiting(ctx, run.ID, 0, n)
	must(t, err)
	for chunk := range slices.Chunk(waiting, 5) {
		must(t, db.Commit(ctx, run.ID, sink, pressed(chunk), nil))
	}
	end, err := db.Finish(ctx, run.ID, jobs.RunDone, now)
	must(t, err)
	close(done)
	killed := <-stopped
	t.Logf("%d connections were ended", killed)
	if killed == 0 {
		t.Error("no connection was ended: the test proves nothing")
	}
	if end.Count != (jobs.Count{Rows: n, Made: n}) {
		t.Errorf("counts %+v", end.Count)
	}
	if got := number(t, dsn, `SELECT value FROM change_counter`); got != n {
		t.Errorf("%d change numbers were given out, want %d", got, n)
	}
	if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
		t.Errorf("found %s", fmt.Sprint(got))
	}
}
