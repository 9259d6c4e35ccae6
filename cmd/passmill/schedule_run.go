package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/schedule"
)

type scheduleRun struct {
	Name string `arg:"" help:"The job's name in the ledger."`
	JSON bool   `help:"Print the summary as one JSON object."`
}

// Help is the end of the command's -h.
func (scheduleRun) Help() string {
	return "Runs here and now, beside passmill serve or without it: it is written down as a time that somebody wished for, a time of the schedule that comes meanwhile is passed over, and the operator is told as of any. Exit status: as of passmill make."
}

// Run runs the job.
func (c *scheduleRun) Run(ctx context.Context, std streams, all *commands) (err error) {
	space, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := lookUp(ctx, db, c.Name); err != nil {
		if exists(c.Name) {
			return fmt.Errorf("%w\n%s is a file; passmill job add takes it into the ledger, and passmill make runs it", err, c.Name)
		}
		return err
	}
	slot, err := c.slot(ctx, std, db)
	if err != nil {
		return err
	}
	a := &attempt{makeCommand: &makeCommand{Job: c.Name, JSON: c.JSON, Lease: schedule.Lease}, slot: slot, space: space, by: "schedule " + slot.Local}
	err = attend(ctx, std, all, db, a)
	notify, noting := newNotifier(db, space, slog.New(slog.DiscardHandler))
	if noting == nil && ctx.Err() == nil {
		noting = notify.deliver(ctx)
	}
	if noting != nil {
		fmt.Fprintf(std.err, "warning: %v\n", noting)
	}
	return err
}

// slot returns the slot to work on: a new one, or one that is open and nobody works on.
func (c *scheduleRun) slot(ctx context.Context, std streams, db *ledger.DB) (jobs.Slot, error) {
	me, now := slotHolder(), time.Now().UTC()
	wish := jobs.Slot{Job: c.Name, Local: "by hand " + now.Format("2006-01-02T15:04:05.000Z"), Instant: now, By: byCommand()}
	for {
		slot, err := db.EnterMine(ctx, wish, me)
		if !errors.Is(err, jobs.ErrLocked) {
			return slot, err
		}
		open, err := openSlot(ctx, db, c.Name)
		if errors.Is(err, jobs.ErrNotFound) {
			continue // it has ended just now
		}
		if err == nil && open.State == jobs.SlotRunning {
			fmt.Fprintf(std.err, "%s works on %s; watching for a minute whether it lives\n", open.Holder, open.Local)
			open, err = abandoned(ctx, db, open)
		}
		if err != nil {
			return open, err
		}
		slot, err = db.TakeSlot(ctx, open, me)
		if !errors.Is(err, jobs.ErrFenced) {
			return slot, err
		}
	}
}

// openSlot returns the open slot of a job, or [jobs.ErrNotFound].
func openSlot(ctx context.Context, db *ledger.DB, job string) (jobs.Slot, error) {
	open, err := db.OpenSlots(ctx)
	for _, s := range open {
		if s.Job == job {
			return s, nil
		}
	}
	if err == nil {
		err = jobs.ErrNotFound
	}
	return jobs.Slot{}, err
}

// abandoned returns a slot that gave no sign of life for as long as it takes; one that
// did is [jobs.ErrLocked].
func abandoned(ctx context.Context, db *ledger.DB, slot jobs.Slot) (jobs.Slot, error) {
	const looks = 30
	pause := time.NewTicker(schedule.Lease / looks)
	defer pause.Stop()
	for range looks {
		select {
		case <-ctx.Done():
			return slot, ctx.Err()
		case <-pause.C:
		}
		is, err := db.Slot(ctx, slot.ID)
		if err != nil {
			return slot, err
		}
		if is.Fence != slot.Fence || is.Beat != slot.Beat || is.State != slot.State {
			return slot, fmt.Errorf("job %q is %w: %s, for %s", slot.Job, jobs.ErrLocked, slot.Holder, slot.Local)
		}
	}
	return slot, nil
}
