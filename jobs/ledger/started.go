package ledger

import (
	"context"
	"fmt"
	"os"
	"time"

	"passmill/jobs"
)

// StartedBy says who or what begins runs with this handle. It is called before the
// first of them.
func (d *DB) StartedBy(who string) { d.startedBy = who }

// Attend makes this handle the slot's: runs that it begins are the slot's, and it
// writes nothing more once another process has taken the slot over, or it has ended;
// that is [jobs.ErrFenced]. It is called before the first use.
func (d *DB) Attend(s jobs.Slot) { d.slot = s }

// fenced fails if the slot that the handle belongs to is another's now. Steps of the
// slot itself look for themselves.
func (d *DB) fenced(ctx context.Context, t *tx, s step) error {
	if d.slot.ID == 0 || s == stepSlot || s == stepBeat || s == stepNotice {
		return nil
	}
	// The row is locked, so that whoever takes the slot over waits for the end
	// of the transaction.
	const query = `SELECT fence FROM slots WHERE id = ? AND state = 'running' FOR UPDATE`
	var fence int64
	_, err := t.one(ctx, []any{&fence}, query, d.slot.ID)
	if err == nil && fence != d.slot.Fence {
		err = fmt.Errorf("slot %s of job %q: %w", d.slot.Local, d.slot.Job, jobs.ErrFenced)
	}
	return err
}

// became writes down which run the slot of the handle became.
func (d *DB) became(ctx context.Context, t *tx, run int64) error {
	if d.slot.ID == 0 {
		return nil
	}
	const query = `UPDATE slots SET run_id = ? WHERE id = ?`
	_, err := t.exec(ctx, query, run, d.slot.ID)
	return err
}

// FailRun writes down why a run did not come to its end. The text holds nothing of a
// customer's.
func (d *DB) FailRun(ctx context.Context, run int64, failure string) error {
	const query = `UPDATE runs SET failure = ? WHERE id = ? AND state <> 'done'`
	err := d.write(ctx, stepFail, func(t *tx) error {
		_, err := t.exec(ctx, query, failure, run)
		return err
	})
	if err != nil {
		return fmt.Errorf("record the failure of run %d: %w", run, err)
	}
	return nil
}

// FailStart writes down a run that came to nothing before it could begin, and returns
// its number.
func (d *DB) FailStart(ctx context.Context, job, failure string, now time.Time) (run int64, err error) {
	const (
		same   = `SELECT id FROM runs WHERE job = ? AND started = ? AND host = ? AND pid = ? AND sink = ''`
		insert = `
		INSERT INTO runs (job, source_hash, template_hash, sink, settings_hash, state, started, finished, host, pid, started_by, failure)
		VALUES (?, ?, ?, '', ?, 'stopped', ?, ?, ?, ?, ?, ?)`
	)
	err = d.write(ctx, stepFail, func(t *tx) error {
		key := []any{job, millis(now), host(), os.Getpid()}
		found, err := t.one(ctx, []any{&run}, same, key...)
		if err != nil || found {
			return err
		}
		_, err = t.exec(ctx, insert, job, hash{}, hash{}, hash{}, millis(now), millis(now), host(), os.Getpid(), d.startedBy, failure)
		if err != nil {
			return err
		}
		if _, err := t.one(ctx, []any{&run}, same, key...); err != nil {
			return err
		}
		return d.became(ctx, t, run)
	})
	if err != nil {
		return 0, fmt.Errorf("record that a run of job %q did not begin: %w", job, err)
	}
	return run, nil
}
