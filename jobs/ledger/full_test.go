package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// TestFullDisk fills the disk that a SQLite ledger lies on, in a process with a
// small file system that nobody else sees.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	cmd := child(t, "full", dir)
	if !mayMount(cmd) { // then the database's own limit stands for it
		cmd.Env = append(cmd.Env, "LEDGER_TEST_PAGES=300")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
}

func childFull(args []string) error {
	dir, ctx := args[0], context.Background()
	if os.Getenv("LEDGER_TEST_PAGES") == "" {
		unmount, err := mount(dir)
		if err != nil {
			return fmt.Errorf("mount: %w", err)
		}
		defer unmount()
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		return err
	}
	path := filepath.Join(dir, "passmill.db")
	db, err := ledger.Open(ctx, path, ledger.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if pages := os.Getenv("LEDGER_TEST_PAGES"); pages != "" {
		if err := ledger.LimitPages(ctx, db, pages); err != nil {
			return err
		}
	}
	if err := prepare(ctx, db); err != nil {
		return err
	}
	run, err := db.Begin(ctx, key("a"), now)
	if err != nil {
		return err
	}
	stored := 0
	for ; err == nil; stored++ {
		err = db.Stage(ctx, run.ID, jobs.Batch{Number: stored + 1, Staged: rows(stored*100, stored*100+100, "some text")})
	}
	stored-- // the last one failed
	if !ledger.IsFull(err) {
		return fmt.Errorf("after %d batches: %w; want it recognised as a full disk", stored, err)
	}
	fmt.Println("after", stored, "batches:", err)
	if err := whole(ctx, db, run.ID, stored*100); err != nil {
		return err
	}
	// With room again it goes on, without being opened again.
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if os.Getenv("LEDGER_TEST_PAGES") != "" {
		if err := ledger.LimitPages(ctx, db, "100000"); err != nil {
			return err
		}
	}
	b := jobs.Batch{Number: stored + 1, Staged: rows(stored*100, stored*100+100, "some text")}
	if err := db.Stage(ctx, run.ID, b); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	return whole(ctx, db, run.ID, stored*100+100)
}

// whole checks that the database is sound and holds so many rows.
func whole(ctx context.Context, db *ledger.DB, run int64, want int) error {
	for f, err := range db.Fsck(ctx, ledger.FsckOptions{}) {
		if err != nil {
			return err
		}
		if !f.Advice {
			return errors.New(f.String())
		}
	}
	list, err := db.Waiting(ctx, run, 0, want+1)
	if err == nil && len(list) != want {
		err = fmt.Errorf("%d rows wait, want %d", len(list), want)
	}
	return err
}
