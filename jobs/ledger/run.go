package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"passmill/jobs"
)

const runColumns = `id, job, source_hash, template_hash, sink, settings_hash, state, rolls_back, total, made, unchanged, refused, held, started, finished, started_by, failure, heard`

// A runRow is a row of the table runs.
type runRow struct {
	ID        int64         `db:"id"`
	Job       string        `db:"job"`
	Source    hash          `db:"source_hash"`
	Template  hash          `db:"template_hash"`
	Sink      string        `db:"sink"`
	Settings  hash          `db:"settings_hash"`
	State     jobs.RunState `db:"state"`
	RollsBack int64         `db:"rolls_back"`
	Total     int           `db:"total"`
	Made      int           `db:"made"`
	Unchanged int           `db:"unchanged"`
	Refused   int           `db:"refused"`
	Held      int           `db:"held"`
	Started   int64         `db:"started"`
	Finished  sql.NullInt64 `db:"finished"`
	StartedBy string        `db:"started_by"`
	Failure   string        `db:"failure"`
	Heard     int           `db:"heard"`
}

func (r *runRow) run() jobs.Run {
	run := jobs.Run{
		ID: r.ID,
		Key: jobs.RunKey{
			Job: r.Job, Source: jobs.Hash(r.Source), Template: jobs.Hash(r.Template), Sink: r.Sink, Settings: jobs.Hash(r.Settings),
			RollsBack: r.RollsBack,
		},
		State:   r.State,
		Count:   jobs.Count{Rows: r.Total, Made: r.Made, Unchanged: r.Unchanged, Refused: r.Refused, Held: r.Held},
		Started: fromMillis(r.Started), StartedBy: r.StartedBy, Failure: r.Failure, Heard: r.Heard,
	}
	if r.Finished.Valid {
		run.Finished = fromMillis(r.Finished.Int64)
	}
	return run
}

func isOpen(s jobs.RunState) bool { return s == jobs.RunImporting || s == jobs.RunPressing }

// Run returns a run, or [jobs.ErrNotFound].
func (d *DB) Run(ctx context.Context, id int64) (jobs.Run, error) {
	const query = `SELECT ` + runColumns + ` FROM runs WHERE id = ?`
	var row runRow
	if err := d.get(ctx, &row, query, id); err != nil {
		return jobs.Run{}, fmt.Errorf("run %d: %w", id, err)
	}
	return row.run(), nil
}

// LastGood returns when the last run with this key, whatever its source was,
// began that made every row: what did not change since then has its pass. It
// returns the zero time if there is none, or if a run with another template, sink
// or other settings began after it. Runs that read no source don't count: those that
// failed before it was opened, and those that hold the rows of sealed links.
func (d *DB) LastGood(ctx context.Context, key jobs.RunKey) (time.Time, error) {
	const (
		same  = `job = ? AND template_hash = ? AND sink = ? AND settings_hash = ?`
		query = `
		SELECT started
		FROM runs
		WHERE ` + same + ` AND state = 'done' AND refused = 0
			AND id > (SELECT COALESCE(MAX(id), 0) FROM runs WHERE job = ? AND (sink <> '' OR source_hash <> ?) AND NOT (` + same + `))
		ORDER BY id DESC
		LIMIT 1`
	)
	of := []any{key.Job, hash(key.Template), key.Sink, hash(key.Settings)}
	var started int64
	err := d.get(ctx, &started, query, slices.Concat(of, []any{key.Job, hash{}}, of)...)
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("look for the last good run of job %q: %w", key.Job, err)
	}
	return fromMillis(started), nil
}

// Runs returns the newest runs of a job, or of all jobs if job is empty, newest
// first.
func (d *DB) Runs(ctx context.Context, job string, limit int) ([]jobs.Run, error) {
	const (
		ofOne = `SELECT ` + runColumns + ` FROM runs WHERE job = ? ORDER BY id DESC LIMIT ?`
		ofAll = `SELECT ` + runColumns + ` FROM runs ORDER BY id DESC LIMIT ?`
	)
	query, args := ofOne, []any{job, limit}
	if job == "" {
		query, args = ofAll, []any{limit}
	}
	var rows []runRow
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	runs := make([]jobs.Run, len(rows))
	for i := range rows {
		runs[i] = rows[i].run()
	}
	return runs, nil
}

// Finish closes a run. It is done only if no row waits any more; closed in
// another state, its waiting rows are deleted, and what may lie in the sink of
// them is put in doubt. A run that was closed so before stays as it is.
func (d *DB) Finish(ctx context.Context, run int64, state jobs.RunState, now time.Time) (jobs.Run, error) {
	if isOpen(state) {
		return jobs.Run{}, fmt.Errorf("finish run %d: %q is no state to end in", run, state)
	}
	if err := d.end(ctx, run, state, now); err != nil {
		return jobs.Run{}, fmt.Errorf("finish run %d: %w", run, err)
	}
	return d.Run(ctx, run)
}

// end closes a run in two steps, see the table runs. From the first on it can't
// be resumed, so that it never goes on with a part of its rows.
func (d *DB) end(ctx context.Context, run int64, state jobs.RunState, now time.Time) error {
	if err := d.closeRun(ctx, run, state); err != nil {
		return err
	}
	return d.tidy(ctx, run, now)
}

func (d *DB) closeRun(ctx context.Context, run int64, state jobs.RunState) error {
	const (
		have    = `SELECT state, CASE WHEN EXISTS (SELECT 1 FROM rows WHERE run_id = runs.id AND state = 'waiting') THEN 1 ELSE 0 END FROM runs WHERE id = ? FOR UPDATE`
		setDone = `UPDATE runs SET state = ?, failure = CASE WHEN CAST(? AS TEXT) = 'done' THEN '' ELSE failure END WHERE id = ?`
	)
	return d.write(ctx, stepClose, func(t *tx) error {
		var is jobs.RunState
		var waiting int
		found, err := t.one(ctx, []any{&is, &waiting}, have, run)
		switch {
		case err != nil:
			return err
		case !found:
			return jobs.ErrNotFound
		case is == state:
			return nil
		case !isOpen(is):
			return fmt.Errorf("it is %s already, not %s", is, state)
		case state == jobs.RunDone && (is != jobs.RunPressing || waiting > 0):
			return errors.New("it has rows that are neither made nor failed")
		}
		_, err = t.exec(ctx, setDone, string(state), string(state), run)
		return err
	})
}

// tidy deletes what a closed run left to do, and then gives it the time of its
// end.
func (d *DB) tidy(ctx context.Context, run int64, now time.Time) error {
	err := d.drain(ctx, stepTidy, func(t *tx) (int64, error) { return t.giveUp(ctx, run) })
	if err != nil {
		return err
	}
	const query = `UPDATE runs SET finished = ? WHERE id = ? AND finished IS NULL`
	return d.write(ctx, stepFinish, func(t *tx) error {
		_, err := t.exec(ctx, query, millis(now), run)
		return err
	})
}

// giveUp deletes some of the waiting rows of a closed run, and returns how many.
// A waiting row is the only word of a pass that may have been put into the sink
// before the run was killed, so its name is put in doubt at the same time.
func (t *tx) giveUp(ctx context.Context, run int64) (int64, error) {
	const (
		of   = `SELECT sink, total FROM runs WHERE id = ?`
		some = `SELECT name FROM rows WHERE run_id = ? AND state = 'waiting' ORDER BY id LIMIT ?`
	)
	// No chunk may be recorded in between: its rows would be in doubt and made.
	if _, err := t.lockCounter(ctx); err != nil {
		return 0, err
	}
	var sink string
	var total int
	if found, err := t.one(ctx, []any{&sink, &total}, of, run); err != nil || !found {
		return 0, orNotFound(err)
	}
	if total == 0 || sink == "" { // its import never ended, or there is no sink, so nothing was pressed
		return t.deleteWaiting(ctx, run)
	}
	var names []string
	err := t.each(ctx, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, some, run, rowsAtOnce)
	if err != nil {
		return 0, err
	}
	if err := t.doubt(ctx, sink, names); err != nil {
		return 0, err
	}
	return t.deleteWaiting(ctx, run)
}
