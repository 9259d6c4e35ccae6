package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/schedule"
)

var _ schedule.Claims = (*ledger.DB)(nil)

func slotAt(n int) jobs.Slot {
	at := now.Add(time.Duration(n) * time.Hour)
	return jobs.Slot{Job: "members", Local: at.Format("2006-01-02T15:04") + " UTC", Instant: at, State: jobs.SlotDue}
}

// TestSlots: a slot is entered once, taken by one, and written to only under its newest
// fence; one that comes while another is open is skipped.
func TestSlots(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		for range 2 {
			if err := db.EnterSlots(ctx, []jobs.Slot{slotAt(1)}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := db.OpenSlots(ctx)
		if err != nil || len(list) != 1 || list[0].Local != slotAt(1).Local || !list[0].Instant.Equal(slotAt(1).Instant.Truncate(time.Millisecond)) {
			t.Fatalf("open: %+v, %v", list, err)
		}
		due := list[0]
		first, err := db.TakeSlot(ctx, due, "one")
		if err != nil || first.Fence != 1 || first.Tries != 1 || first.Holder != "one" || first.State != jobs.SlotRunning {
			t.Fatalf("taken: %+v, %v", first, err)
		}
		if again, err := db.TakeSlot(ctx, due, "one"); err != nil || again.Fence != 1 {
			t.Errorf("taken by the same once more, after a lost answer: %+v, %v", again, err)
		}
		if _, err := db.TakeSlot(ctx, due, "two"); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("taken by two: %v", err)
		}
		if err := db.Beat(ctx, first); err != nil {
			t.Error(err)
		}
		if _, err := db.TakeSlot(ctx, first, "two"); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("taken over from one that lives: %v", err)
		}
		seen, err := db.Slot(ctx, first.ID)
		if err != nil || seen.Beat != 1 {
			t.Fatalf("%+v, %v", seen, err)
		}
		second, err := db.TakeSlot(ctx, seen, "two")
		if err != nil || second.Fence != 2 || second.Tries != 2 {
			t.Fatalf("taken over: %+v, %v", second, err)
		}
		if err := db.EnterSlots(ctx, []jobs.Slot{slotAt(2)}); err != nil {
			t.Fatal(err)
		}
		first.State = jobs.SlotDone
		if err := db.Beat(ctx, first); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("a sign of life of the old one: %v", err)
		}
		if err := db.EndSlot(ctx, first); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("the end of the old one: %v", err)
		}
		second.State = jobs.SlotDue
		if err := db.EndSlot(ctx, second); err != nil {
			t.Fatal(err)
		}
		back, err := db.Slot(ctx, second.ID)
		if err != nil || back.State != jobs.SlotDue || back.Tries != 1 || back.Fence != 2 {
			t.Errorf("given back: %+v, %v", back, err)
		}
		third, err := db.TakeSlot(ctx, back, "three")
		if err != nil || third.Fence != 3 {
			t.Fatal(third, err)
		}
		third.State, third.Reason = jobs.SlotFailed, "the disk is full"
		for range 2 {
			if err := db.EndSlotTelling(ctx, third, &ledger.Notice{ID: "slot-1", Kind: "run.failed", Job: "members", Body: []byte("{}"), Created: now, To: []string{ledger.Webhook}}); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := db.DueSendings(ctx, now); err != nil || len(list) != 1 || list[0].To != ledger.Webhook {
			t.Errorf("told: %+v, %v", list, err)
		}
		last, err := db.LastSlots(ctx, "members", 5)
		if err != nil || len(last) != 2 || last[0].State != jobs.SlotSkipped || last[0].Reason != "the job still ran" || last[1].State != jobs.SlotFailed || last[1].Reason != "the disk is full" {
			t.Errorf("last: %+v, %v", last, err)
		}
	})
}

// TestSlotsEntered: a schedule begins when it is first seen or becomes another, and
// goes on behind its newest slot; one that a clock in the far future entered does not
// hold it up.
func TestSlotsEntered(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		after := func(text string, at, want time.Time) {
			t.Helper()
			got, err := db.SlotsEntered(ctx, "members", text, at)
			if err != nil || !got.Equal(want) {
				t.Errorf("%s at %s: %s, %v; want %s", text, at, got, err, want)
			}
		}
		at := now
		after("a", at, at)
		after("a", at.Add(time.Hour), at)
		for _, n := range []int{3, 100_000} {
			if err := db.EnterSlots(ctx, []jobs.Slot{slotAt(n)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.EnterMine(ctx, jobs.Slot{Job: "other", Local: "by hand", Instant: at.Add(5 * time.Hour), By: "somebody"}, "one"); err != nil {
			t.Fatal(err)
		}
		after("a", at.Add(2*time.Hour), at)
		after("a", at.Add(9*time.Hour), at.Add(3*time.Hour))
		after("b", at.Add(9*time.Hour), at.Add(9*time.Hour))
		after("b", at.Add(8*time.Hour), at.Add(8*time.Hour)) // the clock was wrong before
		after("b", at.Add(9*time.Hour), at.Add(8*time.Hour))
		must(t, db.EndSchedule(ctx, "members"))
		after("b", at.Add(10*time.Hour), at.Add(10*time.Hour))
	})
}

// TestEnterTogether: of many processes that enter many slots of a job at once, one
// slot is open, and each is there once.
func TestEnterTogether(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		open(t, dsn) // makes the tables
		var group sync.WaitGroup
		for range 4 {
			db := open(t, dsn)
			group.Go(func() {
				for n := range 20 {
					if err := db.EnterSlots(t.Context(), []jobs.Slot{slotAt(n), slotAt(n + 1)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		list, err := open(t, dsn).LastSlots(t.Context(), "members", 100)
		states := map[jobs.SlotState]int{}
		for _, s := range list {
			states[s.State]++
		}
		if want := (fmt.Sprint(map[jobs.SlotState]int{jobs.SlotDue: 1, jobs.SlotSkipped: 20})); err != nil || fmt.Sprint(states) != want {
			t.Errorf("got %v, %v; want %s", states, err, want)
		}
	})
}

// TestFence: a handle that attends a slot writes with the newest fence, and nothing
// once the slot was taken over or has ended; and its runs are the slot's.
func TestFence(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		watch, ctx := open(t, dsn), t.Context()
		mine, err := watch.EnterMine(ctx, jobs.Slot{Job: "members", Local: "by hand", Instant: now, By: "command alice@host"}, "one")
		if err != nil || mine.Fence != 1 || mine.State != jobs.SlotRunning {
			t.Fatalf("%+v, %v", mine, err)
		}
		if _, err := watch.EnterMine(ctx, jobs.Slot{Job: "members", Local: "by hand again", Instant: now}, "two"); !errors.Is(err, jobs.ErrLocked) {
			t.Errorf("a second one: %v", err)
		}
		db := open(t, dsn)
		db.StartedBy("command alice@host")
		db.Attend(mine)
		run, err := db.Begin(ctx, key("one"), now)
		if err != nil || run.StartedBy != "command alice@host" {
			t.Fatalf("%+v, %v", run, err)
		}
		if s, err := watch.Slot(ctx, mine.ID); err != nil || s.Run != run.ID {
			t.Errorf("the slot became run %d, not %d (%v)", s.Run, run.ID, err)
		}
		if err := db.FailRun(ctx, run.ID, "no disk"); err != nil {
			t.Fatal(err)
		}
		taken, err := watch.TakeSlot(ctx, mine, "two")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Stage(ctx, run.ID, jobs.Batch{Number: 1}); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("staged with an old fence: %v", err)
		}
		if _, err := db.Begin(ctx, key("one"), now); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("begun with an old fence: %v", err)
		}
		next := open(t, dsn)
		next.Attend(taken)
		if r, err := watch.Run(ctx, run.ID); err != nil || r.Failure != "no disk" {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err := next.Begin(ctx, key("one"), now); err != nil {
			t.Error(err)
		}
		if r, err := watch.Run(ctx, run.ID); err != nil || r.Failure != "" || r.StartedBy != "command alice@host" {
			t.Errorf("gone on with: %+v, %v", r, err)
		}
		if _, err := next.Imported(ctx, run.ID); err != nil {
			t.Error(err)
		}
		ended, err := next.Finish(ctx, run.ID, jobs.RunDone, now)
		if err != nil || ended.Failure != "" {
			t.Errorf("done: %+v, %v", ended, err)
		}
		taken.State = jobs.SlotDone
		if err := next.EndSlot(ctx, taken); err != nil {
			t.Fatal(err)
		}
		if _, err := next.Begin(ctx, key("one"), now); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("begun after the slot's end: %v", err)
		}
		if of, err := watch.SlotsOf(ctx, run.ID); err != nil || len(of) != 1 || of[0].ID != mine.ID {
			t.Errorf("slots of the run: %+v, %v", of, err)
		}
		failed, err := watch.FailStart(ctx, "members", "no source", now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := watch.FailStart(ctx, "members", "no source", now.Add(time.Minute)); err != nil || again != failed {
			t.Errorf("written down twice: %d and %d, %v", failed, again, err)
		}
		if r, err := watch.Run(ctx, failed); err != nil || r.State != jobs.RunStopped || r.Failure != "no source" || r.Finished.IsZero() {
			t.Errorf("%+v, %v", r, err)
		}
		if good, err := watch.LastGood(ctx, key("one")); err != nil || good.IsZero() {
			t.Errorf("a run that did not begin hides the last good one: %v, %v", good, err)
		}
	})
}

// TestNotices: a notice goes to each recipient once; what one who sends it writes down
// counts nothing once another has claimed it.
func TestNotices(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		n := ledger.Notice{ID: "one", Kind: "run.failed", Job: "members", Run: 7, Body: []byte(`{"id":"one"}`), Created: now, To: []string{"ops@example.com", ledger.Webhook}}
		for range 2 {
			if err := db.AddNotice(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		due := func(at time.Time) (to []string, list []ledger.Sending) {
			t.Helper()
			list, err := db.DueSendings(ctx, at)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				to = append(to, s.To)
			}
			slices.Sort(to)
			return to, list
		}
		to, list := due(now)
		if !slices.Equal(to, n.To) || string(list[0].Notice.Body) != string(n.Body) || list[0].Notice.Run != 7 {
			t.Fatalf("due: %+v", list)
		}
		s := list[slices.IndexFunc(list, func(s ledger.Sending) bool { return s.To != ledger.Webhook })]
		mine, err := db.ClaimSending(ctx, s, now)
		if err != nil || mine.Claim != 1 || mine.Tries != 1 {
			t.Fatalf("%+v, %v", mine, err)
		}
		if _, err := db.ClaimSending(ctx, s, now); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("claimed by two: %v", err)
		}
		if to, _ := due(now.Add(time.Minute)); !slices.Equal(to, []string{ledger.Webhook}) {
			t.Errorf("due while it is sent: %q", to)
		}
		mine.State = ledger.SendingDoubted
		if err := db.SetSending(ctx, mine, now); err != nil {
			t.Fatal(err)
		}
		_, list = due(now.Add(time.Hour)) // the sender died
		i := slices.IndexFunc(list, func(s ledger.Sending) bool { return s.To == s.Notice.ID || s.State == ledger.SendingDoubted })
		if i < 0 {
			t.Fatalf("in doubt, and not due: %+v", list)
		}
		other, err := db.ClaimSending(ctx, list[i], now.Add(time.Hour))
		if err != nil || other.State != ledger.SendingDoubted {
			t.Fatalf("%+v, %v", other, err)
		}
		mine.State = ledger.SendingSent
		if err := db.SetSending(ctx, mine, now); !errors.Is(err, jobs.ErrFenced) {
			t.Errorf("settled by who lost it: %v", err)
		}
		other.State, other.Answer = ledger.SendingSent, "taken"
		if err := db.SetSending(ctx, other, now); err != nil {
			t.Fatal(err)
		}
		if to, _ := due(now.Add(9 * time.Hour)); !slices.Equal(to, []string{ledger.Webhook}) {
			t.Errorf("due after it was sent: %q", to)
		}
		if to, _ := due(now.AddDate(-1, 0, 0)); !slices.Equal(to, []string{ledger.Webhook}) {
			t.Errorf("due after the clock went back a year: %q", to)
		}
		of, err := db.SendingsOf(ctx, 7)
		if err != nil || len(of) != 2 || of[0].To != "ops@example.com" || of[0].State != ledger.SendingSent {
			t.Errorf("%+v, %v", of, err)
		}
	})
}
