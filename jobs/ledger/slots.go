package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"passmill/jobs"
)

const slotColumns = `id, job, local, instant, asked_by, state, reason, passed, fence, beat, holder, tries, COALESCE(run_id, 0) AS run_id, started, finished`

// A slotRow is a row of the table slots.
type slotRow struct {
	ID       int64          `db:"id"`
	Job      string         `db:"job"`
	Local    string         `db:"local"`
	Instant  int64          `db:"instant"`
	By       string         `db:"asked_by"`
	State    jobs.SlotState `db:"state"`
	Reason   string         `db:"reason"`
	Passed   int            `db:"passed"`
	Fence    int64          `db:"fence"`
	Beat     int64          `db:"beat"`
	Holder   string         `db:"holder"`
	Tries    int            `db:"tries"`
	Run      int64          `db:"run_id"`
	Started  sql.NullInt64  `db:"started"`
	Finished sql.NullInt64  `db:"finished"`
}

func (r *slotRow) slot() jobs.Slot {
	s := jobs.Slot{
		ID: r.ID, Job: r.Job, Local: r.Local, Instant: fromMillis(r.Instant), By: r.By, State: r.State, Reason: r.Reason, Passed: r.Passed,
		Fence: r.Fence, Beat: r.Beat, Holder: r.Holder, Tries: r.Tries, Run: r.Run,
	}
	if r.Started.Valid {
		s.Started = fromMillis(r.Started.Int64)
	}
	if r.Finished.Valid {
		s.Finished = fromMillis(r.Finished.Int64)
	}
	return s
}

// Slot returns a slot, or [jobs.ErrNotFound].
func (d *DB) Slot(ctx context.Context, id int64) (jobs.Slot, error) {
	const query = `SELECT ` + slotColumns + ` FROM slots WHERE id = ?`
	var row slotRow
	if err := d.get(ctx, &row, query, id); err != nil {
		return jobs.Slot{}, fmt.Errorf("slot %d: %w", id, err)
	}
	return row.slot(), nil
}

// OpenSlots returns the slots that are due or running, oldest first.
func (d *DB) OpenSlots(ctx context.Context) ([]jobs.Slot, error) {
	const query = `SELECT ` + slotColumns + ` FROM slots WHERE state IN ('due', 'running') ORDER BY instant, id`
	return d.slots(ctx, query)
}

// LastSlots returns the newest slots of a job, newest first.
func (d *DB) LastSlots(ctx context.Context, job string, limit int) ([]jobs.Slot, error) {
	const query = `SELECT ` + slotColumns + ` FROM slots WHERE job = ? ORDER BY instant DESC, id DESC LIMIT ?`
	return d.slots(ctx, query, job, limit)
}

// SlotsOf returns the slots that became a run, oldest first: several, if it was
// interrupted and gone on with.
func (d *DB) SlotsOf(ctx context.Context, run int64) ([]jobs.Slot, error) {
	const query = `SELECT ` + slotColumns + ` FROM slots WHERE run_id = ? ORDER BY instant, id`
	return d.slots(ctx, query, run)
}

func (d *DB) slots(ctx context.Context, query string, args ...any) ([]jobs.Slot, error) {
	var rows []slotRow
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list slots: %w", err)
	}
	slots := make([]jobs.Slot, len(rows))
	for i := range rows {
		slots[i] = rows[i].slot()
	}
	return slots, nil
}

// Definitions returns the texts of all jobs, by name.
func (d *DB) Definitions(ctx context.Context) (map[string]string, error) {
	const query = `SELECT name, definition FROM jobs`
	var rows []struct {
		Name       string `db:"name"`
		Definition string `db:"definition"`
	}
	if err := d.list(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	all := make(map[string]string, len(rows))
	for _, r := range rows {
		all[r.Name] = r.Definition
	}
	return all, nil
}

// SlotsEntered returns the instant of a job's schedule up to which slots are entered,
// not counting those after now. A schedule whose text is new, or another than before,
// begins now, and so does one that began later than now: then the clock was wrong.
func (d *DB) SlotsEntered(ctx context.Context, job, text string, now time.Time) (time.Time, error) {
	after, known, err := d.slotsEntered(ctx, job, text, now)
	if err == nil && !known {
		if err = d.newSchedule(ctx, job, text, now); err == nil {
			after, _, err = d.slotsEntered(ctx, job, text, now)
		}
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule of job %q: %w", job, err)
	}
	return after, nil
}

// slotsEntered only looks, since this is asked every few seconds.
func (d *DB) slotsEntered(ctx context.Context, job, text string, now time.Time) (after time.Time, known bool, err error) {
	const query = `
		SELECT s.since, COALESCE((SELECT MAX(t.instant) FROM slots t WHERE t.job = s.job AND t.instant <= ? AND t.asked_by = ''), 0) AS entered
		FROM schedules s
		WHERE s.job = ? AND s.content = ? AND s.since <= ?`
	var row struct {
		Since   int64 `db:"since"`
		Entered int64 `db:"entered"`
	}
	err = d.get(ctx, &row, query, millis(now), job, text, millis(now))
	if errors.Is(err, jobs.ErrNotFound) {
		return now, false, nil
	}
	return fromMillis(max(row.Since, row.Entered)), err == nil, err
}

const endSchedule = `DELETE FROM schedules WHERE job = ?`

// EndSchedule forgets the schedule of a job that has none any more: given again, it
// begins anew.
func (d *DB) EndSchedule(ctx context.Context, job string) error {
	return d.write(ctx, stepSlot, func(t *tx) error {
		_, err := t.exec(ctx, endSchedule, job)
		return err
	})
}

func (d *DB) newSchedule(ctx context.Context, job, text string, now time.Time) error {
	const query = `
		INSERT INTO schedules (job, content, since)
		VALUES (?, ?, ?)
		ON CONFLICT (job) DO UPDATE SET content = excluded.content, since = excluded.since
		WHERE schedules.content <> excluded.content OR schedules.since > excluded.since`
	return d.write(ctx, stepSlot, func(t *tx) error {
		_, err := t.exec(ctx, query, job, text, millis(now))
		return err
	})
}
