package ledger_test

import (
	"testing"

	"passmill/jobs"
)

// TestHeard: a run counts each device that hears of it once, however many of its passes
// changed and in however many chunks, and whatever it heard of before.
func TestHeard(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		look := phones(t, dsn, db, 4)
		if _, err := look.Exec(`INSERT INTO registrations (pass_id, device_id, created) SELECT id, 1, 1 FROM passes WHERE serial = 'S00001'`); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"two": 3, "three": 3} { // devices 1, 2 and 3, of which 1 has two passes
			id, waiting := staged(t, db, key(text), rows(0, 3, text)...)
			for _, w := range waiting {
				must(t, db.Commit(t.Context(), id, sink, pressed([]jobs.Staged{w}), nil))
			}
			run, err := db.Finish(t.Context(), id, jobs.RunDone, now)
			if err != nil || run.Heard != want || run.Count.Made != 3 {
				t.Errorf("%s: %+v, %v; want %d heard", text, run, err, want)
			}
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM runs WHERE heard > 0`); n != 2 {
			t.Errorf("%d runs were heard of, want 2", n)
		}
	})
}
