package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// runSlot is passmill make as the server starts it: for a slot that the server has
// taken, whose end is written down here.
func (c *makeCommand) runSlot(ctx context.Context, std streams, all *commands) (err error) {
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	db, err := ledger.Open(ctx, space.database, ledger.Options{NoUpgrade: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	slot, err := db.Slot(ctx, c.Slot)
	if err != nil {
		return err
	}
	if slot.Fence != c.Fence || slot.State != jobs.SlotRunning || slot.Job != c.Job {
		return fmt.Errorf("slot %s of job %q: %w", slot.Local, slot.Job, jobs.ErrFenced)
	}
	// The server closes our input when we are to stop; and if it dies, the system does.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	a := &attempt{makeCommand: c, by: "schedule " + slot.Local, slot: slot, space: space}
	return attend(ctx, std, all, db, a)
}

// attend makes an attempt at a slot that belongs to this process: it gives signs of
// life meanwhile, stops when the slot is lost, and writes down what became of it, with
// what the operator is told.
func attend(ctx context.Context, std streams, all *commands, db *ledger.DB, a *attempt) error {
	if a.slot.By != "" {
		a.by = a.slot.By
	}
	db.StartedBy(a.by)
	db.Attend(a.slot)
	notify, err := newNotifier(db, a.space, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	work, lose := context.WithCancelCause(ctx)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		beat(work, db, a.slot, a.Lease/6, lose)
	}()
	if err = a.alone(work, db); err == nil {
		err = a.make(work, std, all)
	}
	lost := context.Cause(work)
	lose(nil)
	<-beating
	if errors.Is(lost, jobs.ErrFenced) {
		return lost
	}
	if errors.Is(err, jobs.ErrFenced) {
		return err
	}
	state, reason := a.outcome(err)
	settled := context.WithoutCancel(ctx) // what has been made is written down, whoever wants to stop
	ended := a.slot
	ended.State, ended.Reason = state, reason
	if noting := a.failed(settled, db, state, reason); noting != nil {
		return errors.Join(err, noting)
	}
	return errors.Join(err, db.EndSlotTelling(settled, ended, a.notice(state, reason, notify.recipients())))
}

// aloneTime is how long a slot waits for a job that is worked on before it is skipped.
const aloneTime = 10 * time.Second

// alone waits for a moment until no other process works on the job: one that was stopped
// for so long that it lost its slot holds the job's lock until it finds that out.
func (a *attempt) alone(ctx context.Context, db *ledger.DB) error {
	for deadline := time.Now().Add(aloneTime); ; {
		unlock, err := db.LockJob(ctx, a.slot.Job)
		if err == nil {
			return unlock()
		}
		if !errors.Is(err, jobs.ErrLocked) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// beat gives signs of life until ctx ends or the slot is another's.
func beat(ctx context.Context, db *ledger.DB, slot jobs.Slot, every time.Duration, lose context.CancelCauseFunc) {
	pause := time.NewTicker(every)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
			// Another error passes, or the slot is lost to another process by it.
			if err := db.Beat(ctx, slot); errors.Is(err, jobs.ErrFenced) {
				lose(fmt.Errorf("slot %s of job %q: %w", slot.Local, slot.Job, err))
			}
		}
	}
}
