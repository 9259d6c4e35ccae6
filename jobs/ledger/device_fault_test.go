package ledger_test

import (
	"context"
	"path/filepath"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
)

// phoneScript uses every writing method of what phones ask for; it can be played again.
func phoneScript(ctx context.Context, db *ledger.DB) error {
	for _, step := range []func() error{
		func() error { _, err := db.Register(ctx, registration(phone, "S00001", "t"), 9); return err },
		func() error { _, err := db.Register(ctx, registration(phone, "S00002", "t"), 9); return err },
		func() error { return db.Told(ctx, phone, typeID, 2) },
		func() error { return db.AddPhoneLines(ctx, []jobs.PhoneLine{{At: now, Text: "x"}}) },
		func() error { return db.Unregister(ctx, phone, typeID, "S00002") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// TestPhoneFaults ends the program before and after the commit of each step, plays the
// script again, and wants to find what it leaves without that.
func TestPhoneFaults(t *testing.T) {
	for database, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "passmill.db") },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		for _, point := range ledger.PhoneFaultPoints() {
			t.Run(database+"/"+point, func(t *testing.T) { disturbPhones(t, point, dsn(t)) })
		}
	}
}

func disturbPhones(t *testing.T, point, dsn string) {
	db := open(t, dsn)
	finished(t, db, key("a"), rows(1, 4, "x")...)
	cmd := child(t, "phones", dsn)
	cmd.Env = append(cmd.Env, "FAULT="+point+":1:exit")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("the point was not reached\n%s", out)
	}
	if out, err := child(t, "phones", dsn).CombinedOutput(); err != nil {
		t.Fatalf("played again: %v\n%s", err, out)
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM devices`:                                           1,
		`SELECT COUNT(*) FROM registrations`:                                     1,
		`SELECT COUNT(*) FROM subscriptions WHERE told = 2 AND push_token = 't'`: 1,
		`SELECT CASE WHEN COUNT(*) IN (1, 2) THEN 1 ELSE 0 END FROM phone_log`:   1,
	} {
		if n := number(t, dsn, query); n != want {
			t.Errorf("%s is %d, want %d", query, n, want)
		}
	}
	if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
		t.Errorf("found %q", got)
	}
}

func childPhones(args []string) error {
	db, err := ledger.Open(context.Background(), args[0], ledger.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	return phoneScript(context.Background(), db)
}
