package ledger_test

import (
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// phones registers devices 1 to n for the passes S00000 to S0000n-1, one each, and
// returns a connection to look and to change with.
func phones(t *testing.T, dsn string, db *ledger.DB, n int) *sql.DB {
	t.Helper()
	finished(t, db, key("1"), rows(0, n, "one")...)
	look := raw(t, dsn)
	var blob string
	if isPostgres(dsn) {
		blob = "convert_to(lpad('%d', 32, '0'), 'UTF8')"
	} else {
		blob = "CAST(printf('%%032d', %d) AS BLOB)"
	}
	for i := 1; i <= n; i++ {
		for _, statement := range []string{
			fmt.Sprintf("INSERT INTO devices (id, library, created, seen) VALUES (%d, %s, 1, 1)", i, fmt.Sprintf(blob, i)),
			fmt.Sprintf("INSERT INTO subscriptions (device_id, type_id, push_token, token_at) VALUES (%d, '%s', 'token%d', %d)", i, typeID, i, now.UnixMilli()),
			fmt.Sprintf("INSERT INTO registrations (pass_id, device_id, created) SELECT id, %d, 1 FROM passes WHERE serial = 'S%05d'", i, i-1),
		} {
			if _, err := look.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	return look
}

// A pushRow is what a test looks at of a subscription.
type pushRow struct {
	Token                                       string
	Wanted, Pushed, Tries, Setbacks, Due, Heard int64
	Answer                                      string
}

func pushRowOf(t *testing.T, look *sql.DB, device int64) (r pushRow) {
	t.Helper()
	must(t, look.QueryRow(fmt.Sprintf(`SELECT push_token, wanted, pushed, tries, setbacks, due, answered, answer FROM subscriptions WHERE device_id = %d`, device)).
		Scan(&r.Token, &r.Wanted, &r.Pushed, &r.Tries, &r.Setbacks, &r.Due, &r.Heard, &r.Answer))
	return r
}

func claim(at time.Time, limit int) jobs.PushClaim {
	return jobs.PushClaim{Now: at, Until: at.Add(time.Minute), Limit: limit}
}

func devicesOf(list []jobs.Push) (ids []int64) {
	for _, p := range list {
		ids = append(ids, p.Device)
	}
	slices.Sort(ids)
	return ids
}

// TestPushes walks a push through its states: claimed by one alone, sent, sent again,
// put off, given back, dropped.
func TestPushes(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		ctx := t.Context()
		look := phones(t, dsn, db, 5)
		next, err := db.NextPush(ctx)
		must(t, err)
		if !next.IsZero() {
			t.Errorf("nothing changed, and a push is due at %v", next)
		}
		finished(t, db, key("2"), rows(0, 5, "two")...)
		changed := pushRowOf(t, look, 1)
		if changed.Due != now.UnixMilli() || changed.Wanted == 0 {
			t.Fatalf("a change makes no push due: %+v", changed)
		}
		backlog, err := db.PushBacklog(ctx, now)
		must(t, err)
		if diff := cmp.Diff(jobs.PushBacklog{Due: 5, Oldest: now, Next: now}, backlog, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Error(diff)
		}
		list, err := db.ClaimPushes(ctx, jobs.PushClaim{Now: now, Until: now.Add(time.Minute), Limit: 10, Except: []string{typeID, "other"}})
		must(t, err)
		if len(list) != 0 {
			t.Errorf("%d pushes of a type that was excepted", len(list))
		}
		c := claim(now, 10)
		c.Jobs = true
		list, err = db.ClaimPushes(ctx, c)
		must(t, err)
		again, err := db.ClaimPushes(ctx, c)
		must(t, err)
		if len(list) != 5 || len(again) != 0 {
			t.Fatalf("claimed %d and %d, want 5 and 0", len(list), len(again))
		}
		slices.SortFunc(list, func(a, b jobs.Push) int { return int(a.Device - b.Device) })
		want := jobs.Push{Device: 1, TypeID: typeID, Token: "token1", TokenAt: now, Wanted: changed.Wanted, Due: now, Claim: now.Add(time.Minute), Jobs: []string{"members"}}
		if diff := cmp.Diff(want, list[0], cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Error(diff)
		}

		at := now.Add(time.Second)
		results := []jobs.PushResult{
			{Push: list[0], Outcome: jobs.PushSent, Due: at.Add(time.Hour), At: at},
			{Push: list[1], Outcome: jobs.PushGone, Since: now, Answer: "Unregistered", Due: at.Add(time.Minute), At: at},
			{Push: list[2], Outcome: jobs.PushLate, Answer: "TooManyRequests", Due: at.Add(time.Minute), At: at},
			{Push: list[3], Outcome: jobs.PushBack, Due: at.Add(2 * time.Minute), At: at},
			{Push: list[4], Outcome: jobs.PushGone, Since: now.Add(-time.Millisecond), Answer: "Unregistered", Due: at.Add(time.Minute), At: at},
		}
		must(t, db.SettlePushes(ctx, results))
		must(t, db.SettlePushes(ctx, results)) // as after a lost answer
		minute := at.Add(time.Minute).UnixMilli()
		for i, want := range []pushRow{
			{Token: "token1", Pushed: changed.Wanted, Tries: 1, Due: at.Add(time.Hour).UnixMilli(), Heard: at.UnixMilli()},
			{Answer: "Unregistered", Heard: at.UnixMilli()},
			{Token: "token3", Setbacks: 1, Due: minute, Heard: at.UnixMilli(), Answer: "TooManyRequests"},
			{Token: "token4", Due: at.Add(2 * time.Minute).UnixMilli()},
			{Token: "token5", Setbacks: 1, Due: minute, Heard: at.UnixMilli(), Answer: "Unregistered"}, // registered since it died
		} {
			got := pushRowOf(t, look, int64(i+1))
			got.Wanted = 0
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("device %d: %s", i+1, diff)
			}
		}

		// The phone of device 1 asks; that of device 3 does not.
		_, err = look.Exec(`UPDATE subscriptions SET told = wanted WHERE device_id = 1`)
		must(t, err)
		list, err = db.ClaimPushes(ctx, claim(at.Add(2*time.Hour), 10))
		must(t, err)
		if diff := cmp.Diff([]int64{3, 4, 5}, devicesOf(list)); diff != "" {
			t.Error(diff)
		}
		if due := pushRowOf(t, look, 1).Due; due != 0 {
			t.Errorf("a phone that has asked is to be pushed at %d", due)
		}
	})
}

// TestPushOfTwoChanges: a pass that changes while its push is under way is pushed
// again; the older push doesn't hide that.
func TestPushOfTwoChanges(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		look := phones(t, dsn, db, 1)
		finished(t, db, key("2"), rows(0, 1, "two")...)
		list, err := db.ClaimPushes(t.Context(), claim(now, 1))
		must(t, err)
		finished(t, db, key("3"), rows(0, 1, "three")...)
		must(t, db.SettlePushes(t.Context(), []jobs.PushResult{{Push: list[0], Outcome: jobs.PushSent, Due: now.Add(time.Hour), At: now}}))
		if r := pushRowOf(t, look, 1); r.Due != now.UnixMilli() || r.Tries != 0 || r.Wanted <= list[0].Wanted {
			t.Errorf("%+v", r)
		}
		// A token that was registered anew while Apple called the old one dead stays.
		list, err = db.ClaimPushes(t.Context(), claim(now, 1))
		must(t, err)
		_, err = look.Exec(fmt.Sprintf(`UPDATE subscriptions SET push_token = 'new', token_at = %d`, now.UnixMilli()+5))
		must(t, err)
		must(t, db.SettlePushes(t.Context(), []jobs.PushResult{{Push: list[0], Outcome: jobs.PushGone, Answer: "BadDeviceToken", Due: now.Add(time.Minute), At: now}}))
		if r := pushRowOf(t, look, 1); r.Token != "new" || r.Due != now.Add(time.Minute).UnixMilli() {
			t.Errorf("%+v", r)
		}
		// And one that was not, is dropped even if its claim was lost meanwhile.
		_, err = look.Exec(`UPDATE subscriptions SET due = 1`)
		must(t, err)
		list[0].Token, list[0].TokenAt = "new", now.Add(5*time.Millisecond)
		must(t, db.SettlePushes(t.Context(), []jobs.PushResult{{Push: list[0], Outcome: jobs.PushGone, Answer: "BadDeviceToken", Due: now.Add(time.Minute), At: now}}))
		if r := pushRowOf(t, look, 1); r.Token != "" || r.Due != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// TestClaimsDoNotOverlap: servers that claim at once get different pushes, and all of
// them together.
func TestClaimsDoNotOverlap(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		phones(t, dsn, db, 60)
		finished(t, db, key("2"), rows(0, 60, "two")...)
		var mu sync.Mutex
		var all []int64
		var group sync.WaitGroup
		for range 3 {
			other, err := ledger.Open(t.Context(), dsn, ledger.Options{})
			must(t, err)
			defer other.Close()
			group.Go(func() {
				for range 20 {
					list, err := other.ClaimPushes(t.Context(), claim(now, 7))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					all = append(all, devicesOf(list)...)
					mu.Unlock()
				}
			})
		}
		group.Wait()
		slices.Sort(all)
		if n := len(slices.Compact(slices.Clone(all))); len(all) != 60 || n != 60 {
			t.Errorf("%d claims of %d devices, want 60 of 60", len(all), n)
		}
	})
}

// TestSelectPushes: by hand, devices are taken page by page, by job, serial number or
// all, whether they are due or not.
func TestSelectPushes(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		look := phones(t, dsn, db, 5)
		_, err := look.Exec(`UPDATE subscriptions SET push_token = '' WHERE device_id = 4`)
		must(t, err)
		for _, test := range []struct {
			jobs.PushSelection
			want []int64
		}{
			{jobs.PushSelection{}, []int64{1, 2, 3, 5}},
			{jobs.PushSelection{Job: "members"}, []int64{1, 2, 3, 5}},
			{jobs.PushSelection{Job: "others"}, nil},
			{jobs.PushSelection{Serial: "S00002"}, []int64{3}},
			{jobs.PushSelection{Serial: "S00002", TypeID: "pass.other"}, nil},
		} {
			var got []int64
			var last jobs.Push
			for {
				list, err := db.SelectPushes(t.Context(), test.PushSelection, last, claim(now, 2))
				must(t, err)
				if len(list) == 0 {
					break
				}
				got, last = append(got, devicesOf(list)...), list[len(list)-1]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%+v: %s", test.PushSelection, diff)
			}
		}
	})
}

// TestSubscriptions: people are told of devices page by page, without what opens
// anything.
func TestSubscriptions(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		look := phones(t, dsn, db, 5)
		finished(t, db, key("2"), append(rows(0, 2, "two"), rows(2, 5, "one")...)...)
		_, err := look.Exec(`UPDATE subscriptions SET push_token = '', answer = 'Unregistered' WHERE device_id = 4`)
		must(t, err)
		list := func(f ledger.SubscriptionFilter) (all []ledger.Subscription) {
			var last ledger.Subscription
			for {
				page, err := db.Subscriptions(t.Context(), f, last, 2)
				must(t, err)
				if len(page) == 0 {
					return all
				}
				all, last = append(all, page...), page[len(page)-1]
			}
		}
		all := list(ledger.SubscriptionFilter{})
		if len(all) != 5 || all[3].Token != "" || all[3].Answer != "Unregistered" || len(all[0].Token) != 12 || len(all[0].Device) != 12 || all[0].Passes != 1 || !all[0].Due.Equal(now) {
			t.Errorf("%+v", all)
		}
		for _, test := range []struct {
			ledger.SubscriptionFilter
			want int
		}{
			{ledger.SubscriptionFilter{Waiting: true}, 2},
			{ledger.SubscriptionFilter{Job: "members"}, 5},
			{ledger.SubscriptionFilter{Job: "others"}, 0},
			{ledger.SubscriptionFilter{Serial: "S00003"}, 1},
			{ledger.SubscriptionFilter{Device: []byte("00000")}, 5},
			{ledger.SubscriptionFilter{Device: []byte("00000000000000000000000000000003")}, 1},
			{ledger.SubscriptionFilter{Device: []byte("1")}, 0},
		} {
			if n := len(list(test.SubscriptionFilter)); n != test.want {
				t.Errorf("%+v: %d, want %d", test.SubscriptionFilter, n, test.want)
			}
		}
		passes, err := db.DevicePasses(t.Context(), 2)
		must(t, err)
		if len(passes) != 1 || passes[0].Serial != "S00001" || passes[0].Job != "members" || passes[0].Change == 0 {
			t.Errorf("%+v", passes)
		}
	})
}
