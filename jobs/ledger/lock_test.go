package ledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

func childLock(args []string) error {
	db, err := ledger.Open(context.Background(), args[0], ledger.Options{LockWait: -1})
	if err != nil {
		return err
	}
	if _, err := db.LockJob(context.Background(), args[1]); err != nil {
		return err
	}
	fmt.Println("locked")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func TestLockJob(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		unlock, err := db.LockJob(t.Context(), "members")
		must(t, err)
		if out, err := child(t, "lock", dsn, "members").CombinedOutput(); err == nil || !strings.Contains(string(out), "in use by another process") {
			t.Errorf("another process got a lock that is held: %v\n%s", err, out)
		}
		if _, err := db.LockJob(t.Context(), "members"); !errors.Is(err, jobs.ErrLocked) {
			t.Errorf("the same process got the lock twice: %v", err)
		}
		other, err := db.LockJob(t.Context(), "vouchers")
		must(t, err)
		must(t, other())
		must(t, unlock())
		must(t, unlock())
		again, err := db.LockJob(t.Context(), "members")
		must(t, err)
		must(t, again())
	})
}

// TestLockOfKilled checks that a lock tells its holder, and goes with it.
func TestLockOfKilled(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		cmd := child(t, "lock", dsn, "members")
		stdin, err := cmd.StdinPipe()
		must(t, err)
		defer stdin.Close()
		stdout, err := cmd.StdoutPipe()
		must(t, err)
		cmd.Stderr = t.Output()
		must(t, cmd.Start())
		if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "locked\n" {
			t.Fatalf("child said %q, %v", line, err)
		}
		_, err = db.LockJob(t.Context(), "members")
		if !errors.Is(err, jobs.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint("process ", cmd.Process.Pid)) {
			t.Errorf("got %v, want the holder's process number %d", err, cmd.Process.Pid)
		}
		must(t, cmd.Process.Kill())
		cmd.Wait()
		patient, err := ledger.Open(t.Context(), dsn, ledger.Options{})
		must(t, err)
		defer patient.Close()
		unlock, err := patient.LockJob(t.Context(), "members")
		if err != nil {
			t.Fatalf("after the holder was killed: %v", err)
		}
		must(t, unlock())
	})
}

func TestLockEndsWithContext(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		unlock, err := db.LockJob(t.Context(), "members")
		must(t, err)
		defer unlock()
		patient, err := ledger.Open(t.Context(), dsn, ledger.Options{LockWait: time.Minute})
		must(t, err)
		defer patient.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := patient.LockJob(ctx, "members"); err == nil {
			t.Error("got a lock that is held")
		}
	})
}
