package ledger_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

var phone = jobs.DeviceOf("phone")

func registration(device jobs.Device, serial, token string) jobs.Registration {
	return jobs.Registration{Device: device, TypeID: typeID, Serial: serial, PushToken: token}
}

// subscriptionRow is what a test looks at of a subscription.
type subscriptionRow struct {
	token             string
	wanted, told, due int64
	tries             int64
}

func subscriptionOf(t testing.TB, dsn string) (s subscriptionRow) {
	t.Helper()
	const query = `SELECT push_token, wanted, told, due, tries FROM subscriptions`
	must(t, raw(t, dsn).QueryRow(query).Scan(&s.token, &s.wanted, &s.told, &s.due, &s.tries))
	return s
}

// updates asks what a device has not heard of, and notes that it was told.
func updates(t testing.TB, db *ledger.DB, since jobs.Tag) jobs.Updates {
	t.Helper()
	u, err := db.Updates(t.Context(), phone, typeID, since)
	must(t, err)
	if u.Known {
		must(t, db.Told(t.Context(), phone, typeID, u.Tag.Number))
	}
	return u
}

// TestRegister: a registration is known once; its newest push token counts; a device
// goes with its last pass.
func TestRegister(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(1, 6, "x")...)
		for i, want := range []bool{true, false, false} {
			created, err := db.Register(ctx, registration(phone, "S00001", fmt.Sprint("token", i)), 3)
			if err != nil || created != want {
				t.Errorf("time %d: %v, %v", i, created, err)
			}
			if s := subscriptionOf(t, dsn); s.token != fmt.Sprint("token", i) || s.wanted != 0 || s.due != 0 {
				t.Errorf("time %d: %+v", i, s)
			}
		}
		if _, err := db.Register(ctx, registration(phone, "nobody", "t"), 3); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("a pass that isn't there: %v", err)
		}
		must1(db.Register(ctx, registration(phone, "S00002", "last"), 3))
		for i := range 3 {
			_, err := db.Register(ctx, registration(jobs.DeviceOf(fmt.Sprint(i)), "S00001", "t"), 3)
			if want := i == 2; errors.Is(err, jobs.ErrTooMany) != want {
				t.Errorf("device %d of a pass for three: %v", i+2, err)
			}
		}
		if created, err := db.Register(ctx, registration(phone, "S00001", "last"), 3); err != nil || created {
			t.Errorf("one of three that is known: %v, %v", created, err)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM devices`); n != 3 {
			t.Errorf("%d devices, want 3", n)
		}
		for i, want := range []int64{3, 2, 2} {
			must(t, db.Unregister(ctx, phone, typeID, fmt.Sprintf("S%05d", i+1)))
			if n := number(t, dsn, `SELECT COUNT(*) FROM devices`); n != want {
				t.Errorf("%d devices are left after %d passes went, want %d", n, i+1, want)
			}
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM subscriptions`); n != 2 {
			t.Errorf("%d subscriptions are left, want 2", n)
		}
	})
}

// TestUpdates: every change number after a tag is told, once; tags of another epoch,
// from the future and none at all mean everything.
func TestUpdates(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(1, 6, "x")...)
		if u := updates(t, db, jobs.Tag{}); u.Known || u.Serials != nil {
			t.Errorf("a device that nobody knows: %+v", u)
		}
		for _, serial := range []string{"S00001", "S00002", "S00003"} {
			must1(db.Register(ctx, registration(phone, serial, "t"), 9))
		}
		first := updates(t, db, jobs.Tag{})
		if len(first.Serials) != 3 || first.Tag.Number != 3 || first.Tag.Epoch == "" {
			t.Errorf("without a tag: %+v", first)
		}
		if first.Noted {
			t.Errorf("noted before it was told: %+v", first)
		}
		if u := updates(t, db, first.Tag); u.Serials != nil || !u.Known || !u.Noted {
			t.Errorf("nothing has changed, and yet %+v", u)
		}
		// Two passes change in one transaction, one more in another.
		finished(t, db, key("b"), row(1, "S00001", "y"), row(3, "S00003", "y"), row(5, "S00005", "y"))
		if s := subscriptionOf(t, dsn); s.wanted != 7 || s.due == 0 || s.told != 3 {
			t.Errorf("after a change: %+v", s)
		}
		second := updates(t, db, first.Tag)
		if !slices.Equal(second.Serials, []string{"S00001", "S00003"}) || second.Tag.Number != 7 {
			t.Errorf("after a change: %+v", second)
		}
		if s := subscriptionOf(t, dsn); s.told != 7 || s.due != 0 {
			t.Errorf("after the device was told: %+v", s)
		}
		between := jobs.Tag{Epoch: first.Tag.Epoch, Number: 6}
		if u := updates(t, db, between); !slices.Equal(u.Serials, []string{"S00003"}) {
			t.Errorf("from between two changes: %+v", u)
		}
		for _, since := range []jobs.Tag{{Epoch: "other", Number: 7}, {Epoch: first.Tag.Epoch, Number: 9999}} {
			if u := updates(t, db, since); len(u.Serials) != 3 {
				t.Errorf("since %v: %+v", since, u)
			}
		}
	})
}

// TestRegisterLate: who registers for a pass that has changed since it was made hears
// of it, though his tag is of later, and once only.
func TestRegisterLate(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(1, 4, "x")...)
		finished(t, db, key("b"), row(1, "S00001", "y"))
		finished(t, db, key("c"), row(2, "S00002", "y"))
		must1(db.Register(ctx, registration(phone, "S00002", "t"), 9))
		tag := updates(t, db, jobs.Tag{}).Tag
		must1(db.Register(ctx, registration(phone, "S00003", "t"), 9)) // never changed
		if s := subscriptionOf(t, dsn); s.due != 0 {
			t.Errorf("a push for nothing: %+v", s)
		}
		must1(db.Register(ctx, registration(phone, "S00001", "t"), 9))
		if s := subscriptionOf(t, dsn); s.wanted <= s.told || s.due == 0 {
			t.Errorf("no push for a pass that the device may have in an older version: %+v", s)
		}
		u := updates(t, db, tag)
		if !slices.Equal(u.Serials, []string{"S00001"}) || u.Tag.Number <= tag.Number {
			t.Errorf("after registering late: %+v", u)
		}
		if u := updates(t, db, u.Tag); u.Serials != nil {
			t.Errorf("told twice: %+v", u)
		}
		if s := subscriptionOf(t, dsn); s.due != 0 {
			t.Errorf("a push for what was told: %+v", s)
		}
		// It was removed without our hearing of it, and added from an old mail.
		if created := must1(db.Register(ctx, registration(phone, "S00001", "t"), 9)); created {
			t.Error("a registration that was known is new")
		}
		if u := updates(t, db, u.Tag); !slices.Equal(u.Serials, []string{"S00001"}) {
			t.Errorf("after registering again: %+v", u)
		}
		if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
			t.Errorf("found %q", got)
		}
	})
}

// TestNewTokenIsPushed: what was pushed to an old token may have gone nowhere.
func TestNewTokenIsPushed(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(1, 3, "x")...)
		must1(db.Register(ctx, registration(phone, "S00001", "old"), 9))
		finished(t, db, key("b"), row(1, "S00001", "y"))
		_, err := raw(t, dsn).Exec(`UPDATE subscriptions SET due = 0, tries = 3, answer = 'Unregistered', push_token = ''`)
		must(t, err)
		must1(db.Register(ctx, registration(phone, "S00001", "new"), 9))
		if s := subscriptionOf(t, dsn); s.token != "new" || s.due == 0 || s.tries != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

// TestTagAfterRestore: a device with a tag from before a restore hears of everything,
// though its number is given out again.
func TestTagAfterRestore(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(1, 4, "x")...)
		must1(db.Register(ctx, registration(phone, "S00001", "t"), 9))
		name := filepath.Join(t.TempDir(), "backup")
		_, err := ledger.Backup(ctx, dsn, name, ledger.BackupOptions{})
		must(t, err)
		finished(t, db, key("b"), row(2, "S00002", "y"), row(1, "S00001", "y"))
		tag := updates(t, db, jobs.Tag{}).Tag
		if u := updates(t, db, tag); u.Serials != nil {
			t.Errorf("before the restore: %+v", u)
		}
		lost := must1(db.Version(ctx, typeID, "S00001"))
		must(t, db.Close())
		_, err = ledger.Restore(ctx, dsn, name, ledger.RestoreOptions{Replace: true})
		must(t, err)
		db = open(t, dsn)
		if s := subscriptionOf(t, dsn); s.wanted == 0 || s.told != 0 || s.due == 0 {
			t.Errorf("a device is not to hear of the restore: %+v", s)
		}
		if p := must1(db.Version(ctx, typeID, "S00001")); !p.Modified.After(lost.Modified) || p.Modified.Nanosecond() != 0 {
			t.Errorf("modified %v, and the version that was lost %v", p.Modified, lost.Modified)
		}
		if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
			t.Errorf("found %q", got)
		}
		finished(t, db, key("c"), row(1, "S00001", "z")) // takes a number that was given out
		if u := updates(t, db, tag); len(u.Serials) != 1 || u.Tag.Epoch == tag.Epoch {
			t.Errorf("after the restore: %+v, and the tag was %v", u, tag)
		}
	})
}

// TestRegisterTogether: many devices at once, over and again, and each answer is right.
func TestRegisterTogether(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(1, 40, "x")...)
		var mu sync.Mutex
		created := 0
		var all sync.WaitGroup
		for i := range 600 {
			all.Go(func() {
				r := registration(jobs.DeviceOf(fmt.Sprint("d", i%300)), fmt.Sprintf("S%05d", 1+i%39), strings.Repeat("ab", 32))
				made, err := db.Register(ctx, r, 50)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if made {
					created++
				}
			})
		}
		all.Wait()
		n := number(t, dsn, `SELECT COUNT(*) FROM registrations`)
		if int64(created) != n || n != 600 || number(t, dsn, `SELECT COUNT(*) FROM devices`) != 300 {
			t.Errorf("%d are told to be new, and there are %d of %d devices", created, n, number(t, dsn, `SELECT COUNT(*) FROM devices`))
		}
		for i := range 150 { // each gets his own answer
			all.Go(func() {
				r := registration(jobs.DeviceOf(fmt.Sprint("d", i)), fmt.Sprintf("S%05d", 1+i%39), "t")
				switch i % 3 {
				case 1:
					r.Device = jobs.DeviceOf(fmt.Sprint("new", i))
				case 2:
					r.Serial = "nobody"
				}
				made, err := db.Register(ctx, r, 50)
				if made != (i%3 == 1) || errors.Is(err, jobs.ErrNotFound) != (i%3 == 2) {
					t.Errorf("device %d: %v, %v", i, made, err)
				}
			})
		}
		all.Wait()
		for i := range 300 {
			all.Go(func() {
				for _, told := range []int64{39, 7} {
					if err := db.Told(ctx, jobs.DeviceOf(fmt.Sprint("d", i)), typeID, told); err != nil {
						t.Error(err)
					}
				}
			})
			all.Go(func() {
				if err := db.Told(ctx, jobs.DeviceOf(fmt.Sprint("d", i%2)), typeID, 3); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if told := number(t, dsn, `SELECT COUNT(*) FROM subscriptions WHERE told = 39`); told != 300 {
			t.Errorf("%d of 300 were told", told)
		}
	})
}

// TestPhoneLines: what phones say is kept within bounds, the newest first, and a pass
// that isn't there is not named.
func TestPhoneLines(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(1, 3, "x")...)
		for i := range 60 {
			must(t, db.AddPhoneLines(ctx, []jobs.PhoneLine{
				{At: now, TypeID: typeID, Serial: "S00001", Device: "abc", Text: fmt.Sprint("line ", i)},
				{At: now, TypeID: typeID, Serial: "made up", Text: "from nobody"},
			}))
		}
		must(t, db.AddPhoneLines(ctx, []jobs.PhoneLine{{At: now, TypeID: typeID, Serial: "S00002", Text: "another"}}))
		lines, err := db.PhoneLines(ctx, "S00001", 1000)
		must(t, err)
		if len(lines) != 50 || lines[0].Text != "line 59" || lines[49].Text != "line 10" || lines[0].Device != "abc" {
			t.Errorf("%d lines, %+v", len(lines), lines[:min(1, len(lines))])
		}
		all, err := db.PhoneLines(ctx, "", 1000)
		must(t, err)
		if len(all) != 50+60+1 || all[0].Text != "another" || all[1].Serial != "" || all[1].TypeID != "" {
			t.Errorf("%d lines, %+v", len(all), all[:2])
		}
	})
}
