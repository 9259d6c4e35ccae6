package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"passmill/jobs"
)

// Begin returns the run to work on, for a caller that holds the job's lock.
//
// If the newest run of the job is open and has the same key, it is resumed under
// its own id: if it was importing, what it had imported is deleted and the import
// begins again; if it was pressing, it goes on. An open run with another key is
// closed as superseded, its waiting rows are deleted, what may lie in the sink of
// them is put in doubt, and a new run begins.
func (d *DB) Begin(ctx context.Context, key jobs.RunKey, now time.Time) (jobs.Run, error) {
	run, err := d.beginRun(ctx, key, now)
	if err != nil {
		return jobs.Run{}, fmt.Errorf("begin a run of job %q: %w", key.Job, err)
	}
	return run, nil
}

func (d *DB) beginRun(ctx context.Context, key jobs.RunKey, now time.Time) (jobs.Run, error) {
	if err := d.tidyClosed(ctx, key.Job, now); err != nil {
		return jobs.Run{}, err
	}
	run, err := d.openRun(ctx, key.Job)
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return d.newRun(ctx, key, now)
	case err != nil:
		return jobs.Run{}, err
	case run.Key == key:
		return d.resume(ctx, run)
	}
	if err := d.end(ctx, run.ID, jobs.RunSuperseded, now); err != nil {
		return jobs.Run{}, err
	}
	return d.newRun(ctx, key, now)
}

// tidyClosed ends what a process that was killed while it closed a run left.
func (d *DB) tidyClosed(ctx context.Context, job string, now time.Time) error {
	const query = `
		SELECT id
		FROM runs
		WHERE job = ? AND finished IS NULL AND state NOT IN ('importing', 'pressing')
		ORDER BY id`
	var ids []int64
	if err := d.list(ctx, &ids, query, job); err != nil {
		return err
	}
	for _, id := range ids {
		if err := d.tidy(ctx, id, now); err != nil {
			return err
		}
	}
	return nil
}

// openRun returns the one open run of a job, or [jobs.ErrNotFound].
func (d *DB) openRun(ctx context.Context, job string) (jobs.Run, error) {
	const query = `SELECT ` + runColumns + ` FROM runs WHERE job = ? AND state IN ('importing', 'pressing')`
	var row runRow
	if err := d.get(ctx, &row, query, job); err != nil {
		return jobs.Run{}, err
	}
	return row.run(), nil
}

func (d *DB) newRun(ctx context.Context, key jobs.RunKey, now time.Time) (jobs.Run, error) {
	// A conflict means that the run is there: the answer of this very
	// statement's commit was lost, or the caller doesn't hold the lock.
	const query = `
		INSERT INTO runs (job, source_hash, template_hash, sink, settings_hash, rolls_back, state, started, host, pid, started_by, change_before)
		VALUES (?, ?, ?, ?, ?, ?, 'importing', ?, ?, ?, ?, (SELECT value FROM change_counter WHERE id = 1))
		ON CONFLICT (job) WHERE state IN ('importing', 'pressing') DO NOTHING`
	const open = `SELECT id FROM runs WHERE job = ? AND state IN ('importing', 'pressing')`
	err := d.write(ctx, stepBegin, func(t *tx) error {
		_, err := t.exec(ctx, query, key.Job, hash(key.Source), hash(key.Template), key.Sink, hash(key.Settings), key.RollsBack,
			millis(now), host(), os.Getpid(), d.startedBy)
		if err != nil {
			return err
		}
		var id int64
		if _, err := t.one(ctx, []any{&id}, open, key.Job); err != nil {
			return err
		}
		return d.became(ctx, t, id)
	})
	if err != nil {
		return jobs.Run{}, err
	}
	run, err := d.openRun(ctx, key.Job)
	if err == nil && run.Key != key {
		return jobs.Run{}, jobs.ErrLocked
	}
	return run, err
}

func (d *DB) resume(ctx context.Context, run jobs.Run) (jobs.Run, error) {
	if run.State == jobs.RunImporting {
		err := d.drain(ctx, stepClear, func(t *tx) (int64, error) { return t.deleteWaiting(ctx, run.ID) })
		if err != nil {
			return jobs.Run{}, err
		}
		if err := d.deleteBatches(ctx, run.ID); err != nil {
			return jobs.Run{}, err
		}
	}
	const query = `UPDATE runs SET host = ?, pid = ?, failure = '' WHERE id = ?`
	err := d.write(ctx, stepResume, func(t *tx) error {
		if _, err := t.exec(ctx, query, host(), os.Getpid(), run.ID); err != nil {
			return err
		}
		return d.became(ctx, t, run.ID)
	})
	return run, err
}

// Bounds of the transactions that delete: each takes a moment only, so that
// others get their turn.
const (
	rowsAtOnce    = 5000
	batchesAtOnce = 5 // and the thousand problems that each may have
)

// deleteWaiting deletes some of the waiting rows of a run, and returns how many.
func (t *tx) deleteWaiting(ctx context.Context, run int64) (int64, error) {
	const query = `
		DELETE FROM rows
		WHERE id IN (SELECT id FROM rows WHERE run_id = ? AND state = 'waiting' ORDER BY id LIMIT ?)`
	return t.affect(ctx, query, run, rowsAtOnce)
}

// deleteBatches deletes the batches of a run, and the problems found in them.
func (d *DB) deleteBatches(ctx context.Context, run int64) error {
	const (
		some     = `(SELECT number FROM batches WHERE run_id = ? ORDER BY number LIMIT ?)`
		problems = `DELETE FROM problems WHERE run_id = ? AND batch IN ` + some
		batches  = `DELETE FROM batches WHERE run_id = ? AND number IN ` + some
	)
	return d.drain(ctx, stepClear, func(t *tx) (int64, error) {
		if _, err := t.exec(ctx, problems, run, run, batchesAtOnce); err != nil {
			return 0, err
		}
		return t.affect(ctx, batches, run, run, batchesAtOnce)
	})
}

// drain does op in a transaction of its own until it finds nothing to do.
func (d *DB) drain(ctx context.Context, s step, op func(*tx) (int64, error)) error {
	for {
		var n int64
		err := d.write(ctx, s, func(t *tx) (err error) {
			n, err = op(t)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
