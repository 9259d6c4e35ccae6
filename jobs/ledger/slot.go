package ledger

import (
	"context"
	"fmt"
	"time"

	"passmill/jobs"
)

// keptSlots is how many slots of a job are kept: two months of every minute.
const keptSlots = 100_000

// EnterSlots writes slots down, each once: one that is there stays as it is. One that
// is due becomes skipped if the job has an open slot.
func (d *DB) EnterSlots(ctx context.Context, slots []jobs.Slot) error {
	err := d.write(ctx, stepSlot, func(t *tx) error {
		for _, s := range slots {
			if err := t.enter(ctx, s, d.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("enter slots: %w", err)
	}
	return nil
}

// EnterMine writes down a slot that somebody wished for, as being worked on by the
// holder. If the job has an open slot, that is [jobs.ErrLocked], and nothing is
// written.
func (d *DB) EnterMine(ctx context.Context, s jobs.Slot, holder string) (mine jobs.Slot, err error) {
	const take = `UPDATE slots SET state = 'running', fence = 1, tries = 1, holder = ?, started = ? WHERE job = ? AND local = ? AND state = 'due' AND fence = 0`
	err = d.write(ctx, stepSlot, func(t *tx) error {
		s.State = jobs.SlotDue
		if err := t.enter(ctx, s, d.now()); err != nil {
			return err
		}
		if _, err := t.exec(ctx, take, holder, millis(d.now()), s.Job, s.Local); err != nil {
			return err
		}
		if mine, err = t.slot(ctx, s.Job, s.Local); err == nil && mine.State == jobs.SlotSkipped {
			return jobs.ErrLocked
		}
		return err
	})
	if err != nil {
		return mine, fmt.Errorf("enter a slot of job %q: %w", s.Job, err)
	}
	return mine, nil
}

// enter writes a slot down. Slots of one job are entered one after the other, so that
// no two are open.
func (t *tx) enter(ctx context.Context, s jobs.Slot, now time.Time) error {
	const (
		lock   = `INSERT INTO schedules (job, content, since) VALUES (?, '', ?) ON CONFLICT (job) DO UPDATE SET content = schedules.content`
		insert = `
		INSERT INTO slots (job, local, instant, asked_by, state, reason, passed, finished)
		SELECT CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT),
			CASE WHEN o.open > 0 AND n.state = 'due' THEN 'skipped' ELSE n.state END,
			CASE WHEN o.open > 0 AND n.state = 'due' THEN 'the job still ran' ELSE CAST(? AS TEXT) END,
			CAST(? AS BIGINT),
			CASE WHEN o.open > 0 OR n.state <> 'due' THEN CAST(? AS BIGINT) END
		FROM (SELECT COUNT(*) AS open FROM slots WHERE job = ? AND state IN ('due', 'running')) o, (SELECT CAST(? AS TEXT) AS state) n
		WHERE TRUE
		ON CONFLICT (job, local) DO NOTHING`
		old = `
		DELETE FROM slots
		WHERE job = ? AND state NOT IN ('due', 'running')
			AND instant < (SELECT instant FROM slots WHERE job = ? ORDER BY instant DESC LIMIT 1 OFFSET ?)`
	)
	if _, err := t.exec(ctx, lock, s.Job, millis(now)); err != nil {
		return err
	}
	_, err := t.exec(ctx, insert, s.Job, s.Local, millis(s.Instant), s.By, s.Reason, s.Passed, millis(now), s.Job, string(s.State))
	if err != nil || s.Instant.Minute() != 0 || s.Instant.Hour() != 0 { // once a day is often enough
		return err
	}
	_, err = t.exec(ctx, old, s.Job, s.Job, keptSlots)
	return err
}

// slot reads a slot in a transaction.
func (t *tx) slot(ctx context.Context, job, local string) (jobs.Slot, error) {
	const query = `SELECT ` + slotColumns + ` FROM slots WHERE job = ? AND local = ? FOR UPDATE`
	return t.slotBy(ctx, query, job, local)
}

func (t *tx) slotBy(ctx context.Context, query string, args ...any) (jobs.Slot, error) {
	var r slotRow
	found, err := t.one(ctx, []any{
		&r.ID, &r.Job, &r.Local, &r.Instant, &r.By, &r.State, &r.Reason, &r.Passed, &r.Fence, &r.Beat, &r.Holder, &r.Tries, &r.Run, &r.Started, &r.Finished,
	}, query, args...)
	if err == nil && !found {
		err = jobs.ErrNotFound
	}
	return r.slot(), err
}

const slotByID = `SELECT ` + slotColumns + ` FROM slots WHERE id = ? FOR UPDATE`

// TakeSlot gives an open slot to a holder, whose name is no other process's, under a
// new fence. One that is not as it was when it was read is [jobs.ErrFenced].
func (d *DB) TakeSlot(ctx context.Context, seen jobs.Slot, holder string) (taken jobs.Slot, err error) {
	const take = `
		UPDATE slots
		SET state = 'running', fence = fence + 1, beat = 0, tries = tries + 1, holder = ?, started = COALESCE(started, ?)
		WHERE id = ?`
	err = d.write(ctx, stepSlot, func(t *tx) error {
		is, err := t.slotBy(ctx, slotByID, seen.ID)
		if err != nil {
			return err
		}
		if is.Fence == seen.Fence+1 && is.Holder == holder && is.State == jobs.SlotRunning {
			taken = is // the answer of this very commit was lost
			return nil
		}
		if is.Fence != seen.Fence || is.Beat != seen.Beat || is.State != seen.State {
			return jobs.ErrFenced
		}
		if _, err := t.exec(ctx, take, holder, millis(d.now()), seen.ID); err != nil {
			return err
		}
		taken, err = t.slotBy(ctx, slotByID, seen.ID)
		return err
	})
	if err != nil {
		return taken, fmt.Errorf("take slot %s of job %q: %w", seen.Local, seen.Job, err)
	}
	return taken, nil
}

// Beat is a sign of life of who works on a slot.
func (d *DB) Beat(ctx context.Context, s jobs.Slot) error {
	const query = `UPDATE slots SET beat = beat + 1 WHERE id = ? AND fence = ? AND state = 'running'`
	return d.write(ctx, stepBeat, func(t *tx) error {
		n, err := t.affect(ctx, query, s.ID, s.Fence)
		if err == nil && n == 0 {
			err = jobs.ErrFenced
		}
		return err
	})
}

// EndSlot writes down what became of a slot; due gives it back, which without a reason
// was no try.
// One that has ended under this fence stays as it is; one with another is
// [jobs.ErrFenced].
func (d *DB) EndSlot(ctx context.Context, s jobs.Slot) error { return d.EndSlotTelling(ctx, s, nil) }

// EndSlotTelling does so and adds a notice, if it isn't nil, together.
func (d *DB) EndSlotTelling(ctx context.Context, s jobs.Slot, n *Notice) error {
	const (
		give = `UPDATE slots SET state = 'due', tries = tries - ?, reason = ? WHERE id = ?`
		end  = `UPDATE slots SET state = ?, reason = ?, finished = ? WHERE id = ?`
	)
	err := d.write(ctx, stepSlot, func(t *tx) error {
		is, err := t.slotBy(ctx, slotByID, s.ID)
		switch {
		case err != nil:
			return err
		case is.Fence != s.Fence:
			return jobs.ErrFenced
		case is.State != jobs.SlotRunning:
			return nil
		case s.State == jobs.SlotDue:
			untried := 0
			if s.Reason == "" {
				untried = 1
			}
			_, err := t.exec(ctx, give, untried, s.Reason, s.ID)
			return err
		}
		if _, err := t.exec(ctx, end, string(s.State), s.Reason, millis(d.now()), s.ID); err != nil {
			return err
		}
		if n == nil {
			return nil
		}
		return t.notice(ctx, *n)
	})
	if err != nil {
		return fmt.Errorf("end slot %s of job %q: %w", s.Local, s.Job, err)
	}
	return nil
}
