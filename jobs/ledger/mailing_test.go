package ledger_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign"
)

// outbox makes a mailing that is open, about passes S00000 and so on, and returns
// it. The id of each delivery is the serial number.
func outbox(t testing.TB, db *ledger.DB, n int) jobs.Mailing {
	t.Helper()
	finished(t, db, key("a"), rows(0, n, "x")...)
	m, err := db.PrepareMailing(t.Context(), jobs.Mailing{Job: "members", Letters: version, Language: "Language", Attach: true, Confirmed: n})
	must(t, err)
	intend(t, db, m.ID, n)
	must(t, db.SetMailing(t.Context(), m.ID, jobs.MailingOpen))
	m.State = jobs.MailingOpen
	return m
}

func intend(t testing.TB, db *ledger.DB, mailing int64, n int) {
	t.Helper()
	passes, err := db.Recipients(t.Context(), "members", mailing, 0, n)
	must(t, err)
	list := make([]jobs.Delivery, len(passes))
	for i, p := range passes {
		to := p.Serial + "@" + []string{"a", "b"}[i%2] + ".example"
		list[i] = jobs.Delivery{ID: p.Serial, Pass: p.Pass, Recipient: to, Address: address(to)}
	}
	must(t, db.Intend(t.Context(), mailing, list))
}

func address(to string) (a [32]byte) {
	copy(a[:], strings.ToLower(to))
	return a
}

// is checks how many deliveries are in which state.
func is(t testing.TB, db *ledger.DB, mailing int64, want map[jobs.DeliveryState]int) {
	t.Helper()
	got, err := db.DeliveryCounts(t.Context(), mailing)
	must(t, err)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("deliveries %v, want %v", got, want)
	}
}

func ids(list []jobs.Delivery) (ids []string) {
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids
}

func change(id string, state jobs.DeliveryState) jobs.DeliveryChange {
	return jobs.DeliveryChange{ID: id, State: state, Tried: state != jobs.DeliveryInDoubt}
}

// TestDeliveries takes deliveries through their states.
func TestDeliveries(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		m := outbox(t, db, 6)
		again, err := db.Mailing(ctx, "members", "")
		if err != nil || again.ID != m.ID || again.Letters != version || again.Language != "Language" || !again.Attach || again.Confirmed != 6 || again.State != jobs.MailingOpen {
			t.Errorf("mailing %+v (%v)", again, err)
		}
		if _, err := db.Mailing(ctx, "members", "second"); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("a mailing that isn't there: %v", err)
		}
		intend(t, db, m.ID, 6) // again: nothing doubles
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliveryWaiting: 6})

		got, err := db.Claim(ctx, m.ID, 2, []string{"b.example"})
		must(t, err)
		if !slices.Equal(ids(got), []string{"S00000", "S00002"}) || string(got[0].Values) != "x" || got[0].TypeID != typeID || got[0].First.IsZero() {
			t.Fatalf("claimed %+v", got)
		}
		stopped, err := db.Record(ctx, []jobs.DeliveryChange{change("S00000", jobs.DeliveryInDoubt), change("S00002", jobs.DeliveryInDoubt)})
		if err != nil || len(stopped) > 0 {
			t.Fatal(stopped, err)
		}
		later := jobs.DeliveryChange{ID: "S00002", State: jobs.DeliveryWaiting, Code: 451, Answer: "later", Next: now.Add(time.Minute), Tried: true}
		_, err = db.Record(ctx, []jobs.DeliveryChange{change("S00000", jobs.DeliverySent), later})
		must(t, err)
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySent: 1, jobs.DeliveryWaiting: 5})
		rest, err := db.Claim(ctx, m.ID, 10, nil)
		must(t, err)
		if !slices.Equal(ids(rest), []string{"S00001", "S00003", "S00004", "S00005"}) {
			t.Errorf("claimed %v, and S00002 is not due", ids(rest))
		}
		_, err = db.Record(ctx, []jobs.DeliveryChange{
			change("S00001", jobs.DeliveryInDoubt), {ID: "S00003", State: jobs.DeliveryRefused, Code: 550, Answer: "5.1.1 no", Tried: true, Never: true}, change("S00004", jobs.DeliveryGivenUp),
		})
		must(t, err)
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySent: 1, jobs.DeliveryWaiting: 1, jobs.DeliveryInDoubt: 1, jobs.DeliveryRefused: 1, jobs.DeliveryGivenUp: 1, jobs.DeliveryTrying: 1})
		if s, found, err := db.Suppressed(ctx, address("S00003@b.example")); err != nil || !found || s.Reason != "bounced" {
			t.Errorf("an address that never takes mails: %+v %v %v", s, found, err)
		}

		// As another process after a kill: what was tried waits, doubts stay.
		unlock, err := db.LockMailing(ctx, m.ID)
		must(t, err)
		must(t, unlock())
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySent: 1, jobs.DeliveryWaiting: 2, jobs.DeliveryInDoubt: 1, jobs.DeliveryRefused: 1, jobs.DeliveryGivenUp: 1})
		for state, want := range map[jobs.DeliveryState]int64{jobs.DeliveryInDoubt: 1, jobs.DeliveryRefused: 1, jobs.DeliveryGivenUp: 1} {
			if n, err := db.Resend(ctx, m.ID, state); err != nil || n != want {
				t.Errorf("resend %s: %d (%v)", state, n, err)
			}
		}
		if _, err := db.Resend(ctx, m.ID, jobs.DeliverySent); err == nil {
			t.Error("what was sent is sent again")
		}
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySent: 1, jobs.DeliveryWaiting: 4, jobs.DeliverySuppressed: 1})
		list, err := db.Deliveries(ctx, m.ID, jobs.DeliverySent, "", 10)
		if err != nil || len(list) != 1 || list[0].Recipient != "S00000@a.example" || list[0].Tries != 1 {
			t.Errorf("sent: %+v (%v)", list, err)
		}
		if next, err := db.NextDue(ctx, m.ID); err != nil || !next.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("next is due %v (%v), want %v", next, err, now)
		}
	})
}

// TestSuppression: whenever somebody unsubscribes, no mail is begun afterwards: not
// before it is intended, not while it waits, and not while it is written.
func TestSuppression(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		early := address("S00000@a.example")
		if n, err := db.Suppress(ctx, "person", early, early, address("nobody@a.example")); err != nil || n != 2 {
			t.Fatalf("%d new (%v)", n, err)
		}
		m := outbox(t, db, 4)
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySuppressed: 1, jobs.DeliveryWaiting: 3})
		must(t, db.Unsubscribe(ctx, "S00001"))
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySuppressed: 2, jobs.DeliveryWaiting: 2})
		if _, err := db.Claim(ctx, m.ID, 10, nil); err != nil {
			t.Fatal(err)
		}
		must(t, db.Unsubscribe(ctx, "S00002"))
		stopped, err := db.Record(ctx, []jobs.DeliveryChange{change("S00002", jobs.DeliveryInDoubt), change("S00003", jobs.DeliveryInDoubt)})
		if err != nil || !slices.Equal(stopped, []string{"S00002"}) {
			t.Errorf("stopped %v (%v)", stopped, err)
		}
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySuppressed: 3, jobs.DeliveryInDoubt: 1})
		if err := db.Unsubscribe(ctx, "nothing"); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("a delivery that isn't there: %v", err)
		}
		list, err := db.Suppressions(ctx)
		if err != nil || len(list) != 4 {
			t.Errorf("list %v (%v)", list, err)
		}
		if found, err := db.Unsuppress(ctx, early); err != nil || !found {
			t.Error(found, err)
		}
		if found, err := db.Unsuppress(ctx, early); err != nil || found {
			t.Error(found, err)
		}
		must(t, db.Bounce(ctx, "S00003", 550, "unknown", true))
		must(t, db.Bounce(ctx, "S00003", 550, "unknown", true))
		if err := db.Bounce(ctx, "nothing", 550, "", true); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("a bounce of nothing: %v", err)
		}
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySuppressed: 3, jobs.DeliveryBounced: 1})
		_, err = db.Record(ctx, []jobs.DeliveryChange{change("S00003", jobs.DeliverySent)}) // the answer is slower than the bounce
		must(t, err)
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySuppressed: 3, jobs.DeliveryBounced: 1})
	})
}

// TestVoidMails: nobody gets a mail about a pass that became void or expired after the
// mailing was prepared: not while it waits, and not while it is written.
func TestVoidMails(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		m := outbox(t, db, 4)
		stand := func(state jobs.StandingState, serial string) {
			s := jobs.Standing{State: state}
			if state == jobs.StandingExpired {
				s.Ends = now
			}
			must(t, db.SetStanding(ctx, passIDs(t, db, serial), s, sign.Event{At: now, Action: sign.ActionPassVoid}))
		}
		stand(jobs.StandingVoided, "S00000")
		got, err := db.Claim(ctx, m.ID, 10, nil)
		if err != nil || !slices.Equal(ids(got), []string{"S00001", "S00002", "S00003"}) {
			t.Fatalf("claimed %v (%v)", ids(got), err)
		}
		_, err = db.Record(ctx, []jobs.DeliveryChange{{ID: "S00003", State: jobs.DeliveryWaiting, Code: 450, Answer: "later", Next: now, Tried: true}})
		must(t, err)
		stand(jobs.StandingExpired, "S00001")
		stand(jobs.StandingVoided, "S00003")
		stopped, err := db.Record(ctx, []jobs.DeliveryChange{change("S00001", jobs.DeliveryInDoubt), change("S00002", jobs.DeliveryInDoubt)})
		if err != nil || !slices.Equal(stopped, []string{"S00001"}) {
			t.Errorf("stopped %v (%v)", stopped, err)
		}
		if got, err := db.Claim(ctx, m.ID, 10, nil); err != nil || len(got) > 0 {
			t.Errorf("claimed %v (%v)", ids(got), err)
		}
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySuppressed: 3, jobs.DeliveryInDoubt: 1})
		list, err := db.Deliveries(ctx, m.ID, jobs.DeliverySuppressed, "", 9)
		must(t, err)
		for _, d := range list {
			if d.Code != 0 || d.Answer != "the pass is void or has expired" {
				t.Errorf("%s is suppressed: %d %q", d.ID, d.Code, d.Answer)
			}
		}
	})
}

// TestPause: a mailing that is paused sends nothing more, not even what was claimed.
func TestPause(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		m := outbox(t, db, 3)
		_, err := db.Claim(ctx, m.ID, 1, nil)
		must(t, err)
		must(t, db.SetMailing(ctx, m.ID, jobs.MailingPaused))
		stopped, err := db.Record(ctx, []jobs.DeliveryChange{change("S00000", jobs.DeliveryInDoubt)})
		if err != nil || len(stopped) != 1 {
			t.Errorf("stopped %v (%v)", stopped, err)
		}
		if got, err := db.Claim(ctx, m.ID, 9, nil); err != nil || len(got) > 0 {
			t.Errorf("claimed %v (%v)", ids(got), err)
		}
		if _, err := db.PrepareMailing(ctx, m); !errors.Is(err, jobs.ErrStopped) {
			t.Errorf("prepared again: %v", err)
		}
		is(t, db, m.ID, map[jobs.DeliveryState]int{jobs.DeliveryWaiting: 3})

		// Whoever was preparing it when it was paused does not open it again.
		if err := db.OpenMailing(ctx, m.ID); !errors.Is(err, jobs.ErrStopped) {
			t.Errorf("opened what is paused: %v", err)
		}
		if got, err := db.Mailing(ctx, "members", ""); err != nil || got.State != jobs.MailingPaused {
			t.Errorf("mailing %+v (%v)", got, err)
		}
		must(t, db.SetMailing(ctx, m.ID, jobs.MailingOpen))
		must(t, db.OpenMailing(ctx, m.ID))
	})
}

// TestContact: when only contact data change, the row is known to be another, and the
// pass keeps its change number.
func TestContact(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		s := row(1, "S", "x")
		s.Contact = hash("a@example.com")
		finished(t, db, key("a"), s)
		before := passOf(t, dsn, "S")
		known := func() jobs.Known {
			k, err := db.Known(ctx, typeID, sink, []string{"S"})
			must(t, err)
			return k["S"]
		}
		if k := known(); k.Contact != s.Contact || k.Fingerprint != s.Fingerprint {
			t.Errorf("known %+v", k)
		}
		s.Contact, s.Values = hash("b@example.com"), []byte("x, new address")
		_, waiting := staged(t, db, key("b"), s)
		if waiting[0].Contact != s.Contact {
			t.Errorf("waiting %+v", waiting[0])
		}
		run, err := db.Begin(ctx, key("b"), now)
		must(t, err)
		must(t, db.Commit(ctx, run.ID, sink, pressed(waiting), nil))
		if after := passOf(t, dsn, "S"); after != before {
			t.Errorf("the pass is %+v now, and was %+v", after, before)
		}
		r, err := db.Recipient(ctx, "members", "S")
		if k := known(); err != nil || k.Contact != s.Contact || string(r.Values) != "x, new address" {
			t.Errorf("known %+v, row %s (%v)", k, r.Values, err)
		}
	})
}

// TestRestoredMailing: what waited when a backup was made may have been sent since.
// After a restore it is in doubt, and nothing is sent before a person lets it.
func TestRestoredMailing(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		m := outbox(t, db, 3)
		_, err := db.Claim(ctx, m.ID, 1, nil)
		must(t, err)
		_, err = db.Record(ctx, []jobs.DeliveryChange{change("S00000", jobs.DeliverySent)})
		must(t, err)
		file := filepath.Join(t.TempDir(), "ledger.backup")
		_, err = ledger.Backup(ctx, dsn, file, ledger.BackupOptions{})
		must(t, err)
		_, err = db.Claim(ctx, m.ID, 1, nil) // which is sent, and nobody will know
		must(t, err)
		must(t, db.Close())
		_, err = ledger.Restore(ctx, dsn, file, ledger.RestoreOptions{Replace: true})
		must(t, err)
		again, err := ledger.Open(ctx, dsn, ledger.Options{})
		must(t, err)
		defer again.Close()
		is(t, again, m.ID, map[jobs.DeliveryState]int{jobs.DeliverySent: 1, jobs.DeliveryInDoubt: 2})
		if got, err := again.Claim(ctx, m.ID, 9, nil); err != nil || len(got) > 0 {
			t.Errorf("claimed %v (%v)", ids(got), err)
		}
		if m, err := again.Mailing(ctx, "members", ""); err != nil || m.State != jobs.MailingPaused {
			t.Errorf("mailing %+v (%v)", m, err)
		}
	})
}
