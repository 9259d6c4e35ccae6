package ledger_test

import (
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

func TestCommit(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		run, waiting := staged(t, db, key("a"), rows(1, 151, "x")...)
		bad := jobs.Problem{Serial: "S00150", Code: "too-big", Severity: jobs.Refused, Message: "is too big"}
		failed := []jobs.Failed{{Staged: waiting[149], Problem: bad}}
		for range 3 { // the later times as if the first one's answer had been lost
			must(t, db.Commit(ctx, run, sink, pressed(waiting[:100]), failed))
		}
		must(t, db.Commit(ctx, run, sink, pressed(waiting[50:149]), nil))
		must(t, db.Commit(ctx, run, sink, nil, nil))
		got, err := db.Finish(ctx, run, jobs.RunDone, now)
		must(t, err)
		if want := (jobs.Count{Rows: 150, Made: 149, Refused: 1}); got.Count != want {
			t.Errorf("counts %+v, want %+v", got.Count, want)
		}
		if diff := cmp.Diff([]jobs.Problem{bad}, problems(t, db, run)); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		if n := number(t, dsn, `SELECT value FROM change_counter`); n != 149 {
			t.Errorf("%d change numbers were given out, want 149", n)
		}
		if left, err := db.Waiting(ctx, run, 0, 10); err != nil || len(left) != 0 {
			t.Errorf("%d rows still wait, %v", len(left), err)
		}
		if err := db.Commit(ctx, run+5, sink, pressed(waiting[:1]), nil); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("commit to no run: %v", err)
		}
	})
}

// TestChangeNumber checks that a pass that was made again from the same content
// keeps its number, and that its time rises by whole seconds.
func TestChangeNumber(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		finished(t, db, key("a"), row(1, "A", "x"), row(2, "B", "x"))
		first := passOf(t, dsn, "A")
		if first.modified != now.Truncate(time.Second).UnixMilli() {
			t.Errorf("modified at %d", first.modified)
		}
		finished(t, db, key("b"), row(1, "A", "x"))
		if again := passOf(t, dsn, "A"); again != first {
			t.Errorf("made again: %+v, want %+v", again, first)
		}
		finished(t, db, key("c"), row(1, "A", "y"))
		if changed := passOf(t, dsn, "A"); changed.change != 3 || changed.modified != first.modified+1000 {
			t.Errorf("changed in the same second: %+v, want number 3, modified %d", changed, first.modified+1000)
		}
	})
}

// TestNames checks what becomes of files whose pass moved to another name.
func TestNames(t *testing.T) {
	named := func(s jobs.Staged, name string) jobs.Staged {
		s.Name = name
		return s
	}
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		leftovers := func(want ...string) {
			t.Helper()
			got, err := db.Leftovers(ctx, sink)
			must(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("leftovers %q, want %q", got, want)
			}
		}
		finished(t, db, key("a"), named(row(1, "A", "x"), "1"), named(row(2, "B", "x"), "2"), named(row(3, "C", "x"), "3"))
		leftovers()
		// A and B change places in one chunk, C goes elsewhere.
		finished(t, db, key("b"), named(row(1, "B", "x"), "1"), named(row(2, "A", "x"), "2"), named(row(3, "C", "x"), "4"))
		leftovers("3")
		// A takes the name of B, which isn't in the source any more.
		finished(t, db, key("c"), named(row(1, "A", "x"), "1"))
		leftovers("2", "3")
		known, err := db.Known(ctx, typeID, sink, []string{"A", "B"})
		must(t, err)
		if known["A"].Name != "1" || known["B"].Name != "" {
			t.Errorf("A is at %q, B at %q; want 1 and nothing", known["A"].Name, known["B"].Name)
		}
		// A name that is used again is no leftover.
		finished(t, db, key("d"), named(row(1, "B", "x"), "3"))
		leftovers("2")
		claims, err := db.Claimed(ctx, sink, []string{"1", "2", "3", "9"})
		must(t, err)
		want := map[string]ledger.Claim{
			"1": {Name: "1", Job: "members", TypeID: typeID, Serial: "A"},
			"2": {Name: "2"},
			"3": {Name: "3", Job: "members", TypeID: typeID, Serial: "B"},
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
		for range 2 {
			must(t, db.LeftoverGone(ctx, sink, []string{"2"}))
		}
		leftovers()
	})
}

func TestBundles(t *testing.T) {
	in := func(s jobs.Staged, bundle string) jobs.Staged {
		s.Bundle = bundle
		return s
	}
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		dirty := func(want ...string) {
			t.Helper()
			list, err := db.Bundles(ctx, "members", sink, "", 10)
			must(t, err)
			var got []string
			for _, b := range list {
				text := b.Key
				for _, m := range b.Members {
					text += " " + m.Serial + "=" + m.Name
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("dirty bundles (-want +got):\n%s", diff)
			}
		}
		finished(t, db, key("a"), in(row(1, "c", "x"), "one"), in(row(2, "B", "x"), "one"), in(row(3, "d", "x"), "two"), row(4, "e", "x"))
		dirty("one B=B.pkpass c=c.pkpass", "two d=d.pkpass")
		if page, err := db.Bundles(ctx, "members", sink, "one", 1); err != nil || len(page) != 1 || page[0].Key != "two" {
			t.Errorf("the page after one is %v, %v", page, err)
		}
		for range 2 {
			must(t, db.BundlesMade(ctx, "members", sink, []jobs.BundleParts{{Key: "one", Parts: []string{"one-1.zip", "one-2.zip"}}}))
			must(t, db.BundlesMade(ctx, "members", sink, []jobs.BundleParts{{Key: "two", Parts: []string{"two.zip"}}}))
		}
		dirty()

		// d moves: both bundles are to be made again, and two goes.
		finished(t, db, key("b"), in(row(3, "d", "x"), "one"))
		dirty("one B=B.pkpass c=c.pkpass d=d.pkpass", "two")
		for range 2 {
			must(t, db.BundlesMade(ctx, "members", sink, []jobs.BundleParts{{Key: "one", Parts: []string{"one-1.zip"}}}))
			must(t, db.BundlesMade(ctx, "members", sink, []jobs.BundleParts{{Key: "two", Parts: nil}}))
		}
		dirty()
		if got, err := db.Leftovers(ctx, sink); err != nil || !slices.Equal(got, []string{"one-2.zip", "two.zip"}) {
			t.Errorf("leftovers %q, %v", got, err)
		}
		if claims, err := db.Claimed(ctx, sink, []string{"one-1.zip"}); err != nil || claims["one-1.zip"].Bundle != "one" {
			t.Errorf("claims %v, %v", claims, err)
		}

		// A member that is made again makes its bundle new.
		finished(t, db, key("c"), in(row(1, "c", "x"), "one"))
		dirty("one B=B.pkpass c=c.pkpass d=d.pkpass")

		// A part that comes back is no leftover.
		must(t, db.BundlesMade(ctx, "members", sink, []jobs.BundleParts{{Key: "one", Parts: []string{"one-1.zip", "one-2.zip"}}}))
		if got, err := db.Leftovers(ctx, sink); err != nil || !slices.Equal(got, []string{"two.zip"}) {
			t.Errorf("leftovers %q, %v", got, err)
		}
	})
}

// TestChangeNumbersInOrder lets writers commit side by side, and a reader check
// that it never sees a number before a lower one.
func TestChangeNumbersInOrder(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		const writers, chunks, size = 8, 12, 5
		run, waiting := staged(t, db, key("a"), rows(0, writers*chunks*size, "x")...)
		var wg sync.WaitGroup
		for w := range writers {
			mine := waiting[w*chunks*size : (w+1)*chunks*size]
			wg.Go(func() {
				for chunk := range slices.Chunk(mine, size) {
					if err := db.Commit(ctx, run, sink, pressed(chunk), nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			wg.Wait()
		}()
		reader := raw(t, dsn)
		for seen, total := int64(0), int64(0); ; {
			var n, highest sql.NullInt64
			must(t, reader.QueryRow(`SELECT COUNT(*), MAX(change_number) FROM passes`).Scan(&n, &highest))
			if n.Int64 != highest.Int64 {
				t.Fatalf("%d passes are visible, and the highest number is %d", n.Int64, highest.Int64)
			}
			if highest.Int64 < seen {
				t.Fatalf("number %d after %d", highest.Int64, seen)
			}
			seen, total = highest.Int64, n.Int64
			select {
			case <-done:
				if total == writers*chunks*size {
					return
				}
				if n := number(t, dsn, `SELECT COUNT(DISTINCT change_number) FROM passes`); n != writers*chunks*size {
					t.Fatalf("%d numbers", n)
				}
			default:
			}
		}
	})
}

// TestCommitOfOtherJob commits rows of an interrupted run, of which another job
// has made one meanwhile.
func TestCommitOfOtherJob(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		p, ctx := &player{DB: open(t, dsn), shelf: folder(t.TempDir())}, t.Context()
		late := []jobs.Staged{row(1, "A", "x"), row(2, "B", "x"), row(3, "C", "x")}
		for i := range late {
			late[i].Bundle = "one"
		}
		late[2].Name = "late-C.pkpass"
		run, waiting := staged(t, p.DB, key("a"), late...)
		k := key("b")
		k.Job = "vouchers"
		p.run(t, k, row(1, "A", "y"), row(2, "C", "y"))
		before := passOf(t, dsn, "A")

		put(t, p.shelf, waiting) // over the file of A
		for range 2 {
			must(t, p.Commit(ctx, run, sink, pressed(waiting), nil))
		}
		p.findings(t, "interrupted-run", "dirty-bundles", "leftovers", "in-doubt")
		must(t, p.tidy(ctx))
		got, err := p.Finish(ctx, run, jobs.RunDone, now)
		must(t, err)
		if want := (jobs.Count{Rows: 3, Made: 1, Refused: 2}); got.Count != want {
			t.Errorf("counts %+v, want %+v", got.Count, want)
		}
		var told []string
		for _, problem := range problems(t, p.DB, run) {
			told = append(told, problem.Serial+" "+problem.Code+" "+problem.Message)
			if problem.Fix == "" || problem.Severity != jobs.Refused || problem.Origin.Row == 0 {
				t.Errorf("problem %+v", problem)
			}
		}
		const message = ` other-job job "vouchers" has made a pass with this serial number meanwhile`
		if diff := cmp.Diff([]string{"A" + message, "C" + message}, told); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		known, err := p.Known(ctx, typeID, sink, []string{"A", "B", "C"})
		must(t, err)
		if known["A"].Job != "vouchers" || known["B"].Job != "members" || known["C"].Job != "vouchers" {
			t.Errorf("the passes belong to %+v", known)
		}
		if after := passOf(t, dsn, "A"); after != before {
			t.Errorf("the other job's pass became %+v, and was %+v", after, before)
		}
		if known["A"].Name != "" || known["C"].Name != "C.pkpass" {
			t.Errorf("A is at %q, C at %q; want A's file in doubt and C's not", known["A"].Name, known["C"].Name)
		}

		p.run(t, k, row(1, "A", "y"), row(2, "C", "y"))
		p.findings(t)
	})
}
