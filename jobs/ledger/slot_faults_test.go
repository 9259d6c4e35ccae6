package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
)

// slotScript plays the life of a slot that fails, with every writing method of slots
// and notices; it can be played again.
func slotScript(ctx context.Context, db *ledger.DB) error {
	if _, err := db.SlotsEntered(ctx, "members", "0 * * * * UTC", now); err != nil {
		return err
	}
	if err := db.EnterSlots(ctx, []jobs.Slot{slotAt(1)}); err != nil {
		return err
	}
	open, err := db.OpenSlots(ctx)
	if err != nil {
		return err
	}
	for _, s := range open {
		if err := slotLife(ctx, db, s); err != nil {
			return err
		}
	}
	for hours := range 6 { // what a process before this one had claimed is due later
		if err := sendAll(ctx, db, now.Add(time.Duration(hours)*time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

func sendAll(ctx context.Context, db *ledger.DB, at time.Time) error {
	due, err := db.DueSendings(ctx, at)
	if err != nil {
		return err
	}
	for _, s := range due {
		if s, err = db.ClaimSending(ctx, s, at); err != nil {
			return err
		}
		s.State = ledger.SendingSent
		if err := db.SetSending(ctx, s, at); err != nil {
			return err
		}
	}
	return nil
}

func slotLife(ctx context.Context, db *ledger.DB, s jobs.Slot) error {
	mine, err := db.TakeSlot(ctx, s, "one")
	if err != nil {
		return err
	}
	db.Attend(mine)
	_, err = db.FailStart(ctx, "members", "no source", now)
	mine.State, mine.Reason = jobs.SlotFailed, "no source"
	told := ledger.Notice{ID: "slot", Kind: "run.failed", Job: "members", Body: []byte("{}"), Created: now, To: []string{ledger.Webhook}}
	return errors.Join(err, db.Beat(ctx, mine), db.EndSlotTelling(ctx, mine, &told), db.AddNotice(ctx, told))
}

func childSlots(args []string) error {
	db, err := ledger.Open(context.Background(), args[0], ledger.Options{Now: func() time.Time { return now }})
	if err != nil {
		return err
	}
	defer db.Close()
	return slotScript(context.Background(), db)
}

// TestSlotFaults ends a process before and after each commit of slots and notices, plays
// the script again, and wants each thing done once.
func TestSlotFaults(t *testing.T) {
	for database, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "passmill.db") },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		for _, point := range ledger.SlotFaultPoints() {
			t.Run(database+"/"+point, func(t *testing.T) { disturbSlots(t, point, dsn(t)) })
		}
	}
}

func disturbSlots(t *testing.T, point, dsn string) {
	for _, nth := range []string{":1:", ":2:", ":3:", ":4:"} {
		cmd := child(t, "slots", dsn)
		cmd.Env = append(cmd.Env, "FAULT="+point+nth+"exit")
		if out, err := cmd.CombinedOutput(); err == nil && nth == ":1:" {
			t.Errorf("the point was not reached\n%s", out)
		}
	}
	if out, err := child(t, "slots", dsn).CombinedOutput(); err != nil {
		t.Fatalf("played again: %v\n%s", err, out)
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM slots`: 1,
		`SELECT COUNT(*) FROM slots WHERE state = 'failed' AND run_id IS NOT NULL`:            1,
		`SELECT COUNT(*) FROM notices`:                                                        1,
		`SELECT COUNT(*) FROM notice_sendings WHERE state = 'sent' AND recipient = 'webhook'`: 1,
		`SELECT COUNT(*) FROM schedules`:                                                      1,
	} {
		if n := number(t, dsn, query); n != want {
			t.Errorf("%s is %d, want %d", query, n, want)
		}
	}
}
