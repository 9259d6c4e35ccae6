package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// An attempt is one execution of passmill make, whoever wanted it, and what is known
// of it by its end.
type attempt struct {
	*makeCommand
	by   string    // who or what started it
	slot jobs.Slot // zero if it is none's

	job   *jobs.Job // nil until it was found
	space workspace // of the job, once it was found
	run   jobs.Run  // zero until it began
}

// byCommand says that a person, or the system's cron, started a run.
func byCommand() string { return "command " + actor() }

// outcome says what became of an attempt that ended so.
func (a *attempt) outcome(err error) (state jobs.SlotState, reason string) {
	s, isStatus := errors.AsType[status](err)
	switch {
	case err == nil:
		return jobs.SlotDone, ""
	case isStatus && s.code == exitPartly && (s.err == nil || len(a.Only) > 0):
		return jobs.SlotPartly, ""
	case isStatus && s.code == exitPartly:
		return jobs.SlotPartly, failureText(s.err)
	case errors.Is(err, context.Canceled) && a.slot.By == "":
		return jobs.SlotDue, ""
	case errors.Is(err, context.Canceled):
		return jobs.SlotFailed, "it was interrupted"
	case errors.Is(err, jobs.ErrLocked) && a.slot.Tries > 1:
		return jobs.SlotDue, "" // who lost it holds the job still, and will find that out
	case errors.Is(err, jobs.ErrLocked) && a.slot.ID != 0:
		return jobs.SlotSkipped, failureText(err)
	case len(a.Only) > 0 && isStatus:
		return jobs.SlotFailed, "no row has the serial number that was asked for"
	}
	return jobs.SlotFailed, failureText(err)
}

// notice returns what the operator is to be told of an attempt; nil for nothing.
func (a *attempt) notice(state jobs.SlotState, reason string, to []string) *ledger.Notice {
	n := notice{
		ID: fmt.Sprintf("slot-%d", a.slot.ID), Type: runFailed, Time: time.Now().UTC().Truncate(time.Millisecond), Job: a.name(), Run: a.run.ID,
		StartedBy: a.by, Failure: reason,
	}.countOf(a.run.Count)
	n.Host, _ = os.Hostname()
	if a.slot.ID == 0 {
		n.ID = "make-" + strings.ToLower(rand.Text())
	}
	if state != jobs.SlotFailed {
		n.Type = runRefused
	}
	if state == jobs.SlotPartly && reason != "" {
		n.Type = runPartly
	}
	if n.Type != runRefused || (state == jobs.SlotPartly || state == jobs.SlotDone) && a.job != nil && a.job.Notify.Tells(a.run.Count) {
		return n.record(to)
	}
	return nil
}

// name is the job's name, as far as it is known.
func (a *attempt) name() string {
	if a.job != nil {
		return a.job.Name
	}
	if a.slot.ID != 0 {
		return a.slot.Job
	}
	base := filepath.Base(a.Job)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// tell writes down how an attempt without a slot ended, and tells the operator what he
// is to be told, with what he was not told before. It returns err.
func (a *attempt) tell(ctx context.Context, std streams, all *commands, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if telling := a.tellOf(ctx, all, err); telling != nil {
		fmt.Fprintf(std.err, "warning: %s\n", strings.ReplaceAll(telling.Error(), "\n", "\nwarning: "))
	}
	return err
}

func (a *attempt) tellOf(ctx context.Context, all *commands, ended error) (err error) {
	if a.space.database == "" { // the job was not found, or not understood
		start := "."
		if namesFile(a.Job) || exists(a.Job) {
			start = filepath.Dir(a.Job)
		}
		if a.space, err = findWorkspace(start, all.Database); err != nil {
			return err
		}
	}
	db, err := a.space.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	notify, err := newNotifier(db, a.space, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	db.StartedBy(a.by)
	state, reason := a.outcome(ended)
	if err := a.failed(ctx, db, state, reason); err != nil {
		return err
	}
	if n := a.notice(state, reason, notify.recipients()); n != nil {
		if err := db.AddNotice(ctx, *n); err != nil {
			return err
		}
		if len(n.To) == 0 {
			err = fmt.Errorf("nobody is told: %s names neither an operator under mail: nor the url of a webhook", settingsFile)
		}
	}
	return errors.Join(err, notify.deliver(ctx))
}

// failed writes down why there is no run, or why it has not come to its end.
func (a *attempt) failed(ctx context.Context, db *ledger.DB, state jobs.SlotState, reason string) (err error) {
	switch {
	case state != jobs.SlotFailed:
		return nil
	case a.run.ID == 0:
		a.run.ID, err = db.FailStart(ctx, a.name(), reason, time.Now())
		return err
	}
	return db.FailRun(ctx, a.run.ID, reason)
}
