package schedule

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"passmill/jobs"
)

// Claims is where slots are kept: each once, whoever enters it. All methods are safe
// to repeat, and to call from any number of processes.
type Claims interface {
	// SlotsEntered returns the instant of a schedule up to which slots are
	// entered, not counting those after now. A schedule whose text is new, or
	// another than before, begins now.
	SlotsEntered(ctx context.Context, job, text string, now time.Time) (time.Time, error)
	// EnterSlots writes slots down, each once: one that is there stays as it
	// is. One that is due becomes skipped if the job has an open slot.
	EnterSlots(ctx context.Context, slots []jobs.Slot) error
	// OpenSlots returns the open slots, oldest first.
	OpenSlots(ctx context.Context) ([]jobs.Slot, error)
	// TakeSlot gives a slot to a holder, under a new fence. One that was
	// touched since it was read is [jobs.ErrFenced].
	TakeSlot(ctx context.Context, s jobs.Slot, holder string) (jobs.Slot, error)
	// EndSlot writes down what became of a slot; due gives it back. One that
	// has ended stays as it is; one with another fence is [jobs.ErrFenced].
	EndSlot(ctx context.Context, s jobs.Slot) error
}

// A Plan is a job with a schedule.
type Plan struct {
	Job      string
	Text     string // of the schedule: another text is another schedule
	Schedule Schedule
	Skip     bool // what was missed is not made up for
}

// A Scheduler enters and takes slots.
type Scheduler struct {
	Claims Claims
	// Plans returns the jobs that have schedules now.
	Plans func(ctx context.Context) ([]Plan, error)
	// Do does the work of a slot, raises its beat several times within Lease,
	// and returns with State and Reason of what became of it: still running if
	// that can't be told. At the end of ctx it stops soon, and returns the slot
	// as due.
	Do func(ctx context.Context, s jobs.Slot) jobs.Slot
	// Now is the clock on the wall. Durations are measured by another, that of
	// package time.
	Now    func() time.Time
	Holder string // this process, in words
	AtOnce int    // how many slots are worked on at once
	Log    *slog.Logger

	Pause time.Duration // between two looks at the clock
	Lease time.Duration // without a sign of life, after which a slot is taken over
	Grace time.Duration // after which a time counts as missed
}

// The usual durations.
const (
	Pause = 5 * time.Second
	Lease = time.Minute
	Grace = 5 * time.Minute
)

// A watch is a Scheduler at work.
type watch struct {
	*Scheduler
	mine   map[int64]bool      // slots that are worked on here
	seen   map[int64]sighting  // running slots of others
	rest   map[int64]time.Time // slots that were given back, and until when they are left alone
	next   map[string]coming   // by job
	ended  chan jobs.Slot
	begins context.Context //nolint:containedctx // of the work that has begun
}

// A sighting is when a slot was first seen as it is.
type sighting struct {
	fence, beat int64
	at          time.Time
}

// A coming is the first time of a schedule after another one: looking it up costs
// less than finding it anew.
type coming struct {
	text  string
	after time.Time
	first Time
}

// Run looks at the clock until ctx ends, and then waits for what it has begun, to
// which ctx is passed on.
func (s *Scheduler) Run(ctx context.Context) {
	w := &watch{
		Scheduler: s, mine: map[int64]bool{}, seen: map[int64]sighting{}, rest: map[int64]time.Time{},
		next: map[string]coming{}, ended: make(chan jobs.Slot), begins: ctx,
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case slot := <-w.ended:
			w.end(ctx, slot)
			w.take(ctx)
		case <-pause.C:
			w.look(ctx)
			pause.Reset(s.Pause)
		}
	}
	for len(w.mine) > 0 {
		w.end(context.WithoutCancel(ctx), <-w.ended)
	}
}

// look enters the slots whose time has come, and takes what it can.
func (w *watch) look(ctx context.Context) {
	plans, err := w.Plans(ctx)
	w.complain(ctx, "read schedules", err)
	for _, p := range plans {
		w.complain(ctx, "enter the times of job "+p.Job, w.enter(ctx, p))
	}
	w.take(ctx)
}

func (w *watch) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "schedule", "doing", what, "err", err)
	}
}

// enter enters the newest slot of a schedule whose time has come. It stands for those
// before it that nobody has entered: more than one have come between two looks only
// if no process looked, or the clock jumped.
func (w *watch) enter(ctx context.Context, p Plan) error {
	now := w.Now()
	after, err := w.Claims.SlotsEntered(ctx, p.Job, p.Text, now)
	if err != nil {
		return err
	}
	next := w.next[p.Job]
	if next.text != p.Text || !next.after.Equal(after) {
		next = coming{p.Text, after, p.Schedule.first(after)}
		w.next[p.Job] = next
	}
	if next.first.Instant.After(now) {
		return nil
	}
	last, before, ok := p.Schedule.Until(after, now)
	if !ok {
		return nil
	}
	slot := jobs.Slot{Job: p.Job, Local: last.Local, Instant: last.Instant, State: jobs.SlotDue}
	if p.Skip && last.Instant.Before(now.Add(-w.Grace)) {
		slot.State, slot.Reason = jobs.SlotMissed, "no server ran"
	}
	slots := []jobs.Slot{slot}
	for t := range p.Schedule.After(last.Instant.Add(-1)) { // a gap in spring gives one instant to several
		if t.Local == last.Local {
			break
		}
		slots = append(slots, jobs.Slot{
			Job: p.Job, Local: t.Local, Instant: t.Instant, State: jobs.SlotSkipped, Reason: "the clock leapt over it, to " + last.Local,
		})
	}
	slots[0].Passed = max(before-len(slots)+1, 0)
	if slots[0].Passed > 0 {
		w.Log.WarnContext(ctx, "times were missed", "job", p.Job, "missed", slots[0].Passed, "until", last.Local, "policy", policy(p.Skip))
	}
	return w.Claims.EnterSlots(ctx, slots)
}

func policy(skip bool) string {
	if skip {
		return jobs.MissedSkip
	}
	return jobs.MissedOnce
}

// take takes the slots that nobody works on, oldest first, as many as may be worked
// on at once.
func (w *watch) take(ctx context.Context) {
	open, err := w.Claims.OpenSlots(ctx)
	if err != nil {
		w.complain(ctx, "read open slots", err)
		return
	}
	seen := map[int64]sighting{}
	for _, slot := range open {
		if w.mine[slot.ID] {
			continue
		}
		free := slot.State == jobs.SlotDue && !time.Now().Before(w.rest[slot.ID])
		if slot.State == jobs.SlotRunning {
			seen[slot.ID], free = w.sight(slot)
		}
		if !free || len(w.mine) >= w.AtOnce {
			continue
		}
		taken, err := w.Claims.TakeSlot(ctx, slot, w.Holder)
		switch {
		case errors.Is(err, jobs.ErrFenced): // another process was faster
		case err != nil:
			w.complain(ctx, "take "+slot.Local, err)
		default:
			w.begin(ctx, slot, taken)
		}
	}
	w.seen = seen
}

// sight says since when a running slot is as it is now, and whether it is abandoned.
func (w *watch) sight(slot jobs.Slot) (s sighting, abandoned bool) {
	s, known := w.seen[slot.ID]
	if !known || s.fence != slot.Fence || s.beat != slot.Beat {
		s = sighting{slot.Fence, slot.Beat, time.Now()}
	}
	return s, time.Since(s.at) >= w.Lease
}

// begin works on a slot that was taken.
func (w *watch) begin(ctx context.Context, before, slot jobs.Slot) {
	w.mine[slot.ID] = true
	delete(w.rest, slot.ID)
	if before.State == jobs.SlotRunning {
		w.Log.WarnContext(ctx, "took over a slot that gave no sign of life", "job", slot.Job, "slot", slot.Local, "from", before.Holder, "fence", slot.Fence)
	}
	go func() { w.ended <- w.Do(w.begins, slot) }()
}

// end writes down what became of a slot.
func (w *watch) end(ctx context.Context, slot jobs.Slot) {
	delete(w.mine, slot.ID)
	if slot.State == jobs.SlotRunning {
		return // nobody knows what became of it: it is taken over, since there is no sign of life
	}
	err := w.Claims.EndSlot(ctx, slot)
	switch {
	case errors.Is(err, jobs.ErrFenced):
		w.Log.WarnContext(ctx, "a slot was taken over meanwhile", "job", slot.Job, "slot", slot.Local, "fence", slot.Fence)
		return
	case err != nil:
		w.complain(ctx, "end "+slot.Local, err)
	}
	if slot.State == jobs.SlotDue {
		w.rest[slot.ID] = time.Now().Add(w.Lease / 4)
	}
}
