package jobs

import (
	"errors"
	"time"
)

// ErrFenced means that another process has taken over what this one worked on, since
// it gave no sign of life for too long. Nothing more may be written.
var ErrFenced = errors.New("another process has taken over")

// A SlotState says what became of a slot.
type SlotState string

// The states of a slot. Due and running are open.
const (
	SlotDue     SlotState = "due"     // its time has come, and nobody works on it
	SlotRunning SlotState = "running" // a process works on it
	SlotDone    SlotState = "done"    // every row was made or unchanged
	SlotPartly  SlotState = "partly"  // some rows were refused
	SlotFailed  SlotState = "failed"  // the job was not done
	SlotSkipped SlotState = "skipped" // the job still ran when its time came
	SlotMissed  SlotState = "missed"  // no server ran when its time came
)

// Open reports whether there is something left to do.
func (s SlotState) Open() bool { return s == SlotDue || s == SlotRunning }

// A Slot is one time at which a job is to run: a local time of its schedule, or a
// person's wish. The ledger holds each one once.
type Slot struct {
	ID      int64
	Job     string
	Local   string    // "2026-11-26T02:00 Europe/Berlin"; unique within the job
	Instant time.Time // when that is
	By      string    // who wished for it; empty for a schedule

	State  SlotState
	Reason string // in words, of those that are skipped, missed or failed
	Passed int    // how many slots before it were missed, for all of which it stands

	// Whoever works on a slot has its fence, a number that rises with each
	// process that takes it; and now and then raises Beat.
	Fence  int64
	Beat   int64
	Holder string // which process
	Tries  int    // how many processes have taken it and did not end it

	Run      int64 // the run that it became; 0 for none
	Started  time.Time
	Finished time.Time
}
