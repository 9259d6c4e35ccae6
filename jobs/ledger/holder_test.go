package ledger_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// breakLock ends the session of the lock that this process holds, as a network does;
// a lock of a file can't break, so there it is given up.
func breakLock(t testing.TB, dsn string, unlock func() error) {
	t.Helper()
	if !isPostgres(dsn) {
		must(t, unlock())
		return
	}
	const query = `
		SELECT COUNT(PG_TERMINATE_BACKEND(l.pid, 10000))
		FROM pg_locks l
		JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND a.application_name LIKE $1`
	var n int
	if err := raw(t, dsn).QueryRow(query, fmt.Sprintf("passmill, process %d on %%", os.Getpid())).Scan(&n); err != nil || n != 1 {
		t.Fatalf("%d locks were broken (%v)", n, err)
	}
}

// TestLockOfMailingLost: a process whose lock of a mailing breaks does not know, and goes
// on beside the one that takes over. Each mail is ended by exactly one of them.
func TestLockOfMailingLost(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		first, second, ctx := open(t, dsn), open(t, dsn), t.Context()
		m := outbox(t, first, 6)
		unlock, err := first.LockMailing(ctx, m.ID)
		must(t, err)
		mails := map[string]int{}
		begin := func(db *ledger.DB, deliveries ...string) (begun []string) {
			var changes []jobs.DeliveryChange
			for _, id := range deliveries {
				changes = append(changes, change(id, jobs.DeliveryInDoubt))
			}
			stopped, err := db.Record(ctx, changes)
			must(t, err)
			for _, id := range deliveries {
				if !slices.Contains(stopped, id) {
					begun = append(begun, id)
					mails[id]++
				}
			}
			return begun
		}
		settle := func(db *ledger.DB, state jobs.DeliveryState, deliveries ...string) {
			for _, id := range deliveries {
				_, err := db.Record(ctx, []jobs.DeliveryChange{change(id, state)})
				must(t, err)
			}
		}
		if got, err := first.Claim(ctx, m.ID, 4, nil); err != nil || len(got) != 4 {
			t.Fatalf("claimed %v (%v)", ids(got), err)
		}
		if got := begin(first, "S00000"); len(got) != 1 {
			t.Fatalf("the first began %v", got)
		}
		breakLock(t, dsn, unlock)
		again, err := second.LockMailing(ctx, m.ID)
		must(t, err)
		if got := begin(first, "S00001"); len(got) != 0 {
			t.Errorf("the first began %v, which waits", got)
		}
		got, err := second.Claim(ctx, m.ID, 4, nil)
		if err != nil || !slices.Equal(ids(got), []string{"S00001", "S00002", "S00003", "S00004"}) {
			t.Fatalf("the second claimed %v (%v)", ids(got), err)
		}
		if got := begin(second, "S00001", "S00002"); len(got) != 2 {
			t.Errorf("the second began %v", got)
		}
		if got := begin(first, "S00001", "S00002", "S00003"); len(got) != 0 {
			t.Errorf("the first began %v, which the second has", got)
		}
		settle(first, jobs.DeliveryWaiting, "S00001", "S00002", "S00003") // which stopped it
		is(t, first, m.ID, map[jobs.DeliveryState]int{jobs.DeliveryInDoubt: 3, jobs.DeliveryTrying: 2, jobs.DeliveryWaiting: 1})
		settle(first, jobs.DeliverySent, "S00000") // the answer to what it had begun
		settle(second, jobs.DeliverySent, append(begin(second, "S00003", "S00004"), "S00001", "S00002")...)
		if got, err := first.Claim(ctx, m.ID, 4, nil); err != nil || !slices.Equal(ids(got), []string{"S00005"}) {
			t.Errorf("the first claimed %v (%v)", ids(got), err)
		}
		settle(first, jobs.DeliverySent, begin(first, "S00005")...)
		is(t, first, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySent: 6})
		if len(mails) != 6 || slices.Max(slices.Collect(maps.Values(mails))) != 1 {
			t.Errorf("mails %v, want one each", mails)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM deliveries WHERE holder <> ''`); n != 0 {
			t.Errorf("%d deliveries that are done have a holder", n)
		}
		must(t, again())
	})
}
