// Package schedule runs jobs at their times: each local time of a job's schedule
// once, across restarts, several processes, clocks that jump and both changes of
// daylight saving.
//
// A time of a schedule is a slot: what a clock on the wall shows in the schedule's
// time zone. [Schedule] turns wall times into instants. A [Scheduler] looks at the
// clock every few seconds, enters the slots whose time has come into a ledger, in
// which each stands once, and takes those that nobody works on.
//
// Whoever takes a slot gets a fence, a number that is higher than everybody's before.
// A process that gives no sign of life for a while loses its slot to another, and
// with an old fence it can write nothing more. Whether a sign of life came is
// watched by each process on its own steady clock, so that no clock on the wall can
// make a slot look abandoned.
//
// The package knows times and slots. It does not know what a job is, how one is run,
// or where slots are kept.
package schedule
