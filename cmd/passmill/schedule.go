package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/schedule"
)

type scheduleCommand struct {
	List scheduleList `cmd:"" help:"List the jobs with a schedule: when they run next, and what became of the last time."`
	Run  scheduleRun  `cmd:"" help:"Run a job of the ledger now, as at one of its times."`
}

type scheduleList struct {
	JSON bool `help:"Print each job as one JSON object on a line of its own."`
}

// Help is the end of the command's -h.
func (scheduleList) Help() string {
	return "Jobs run at their times while passmill serve does. A schedule counts once the job is in the ledger: passmill job add FILE."
}

// nextTimes is how many times of a schedule are listed.
const nextTimes = 5

// A scheduleLine is a job of schedule list --json.
type scheduleLine struct {
	Job      string      `json:"job"`
	Cron     string      `json:"cron"`
	TimeZone string      `json:"timezone"`
	Missed   string      `json:"missed"`
	Next     []time.Time `json:"next"`
	Last     *slotLine   `json:"last,omitempty"`
}

// A slotLine is a slot in JSON.
type slotLine struct {
	Slot    string         `json:"slot"`
	By      string         `json:"by,omitempty"` // who wished for it; empty for the schedule
	State   jobs.SlotState `json:"state"`
	Reason  string         `json:"reason,omitempty"`
	Missed  int            `json:"missed,omitempty"` // slots before it that it stands for
	Run     int64          `json:"run,omitempty"`
	Started *time.Time     `json:"started,omitempty"`
	Ended   *time.Time     `json:"ended,omitempty"`
}

func slotLineOf(s jobs.Slot) *slotLine {
	l := &slotLine{Slot: s.Local, By: s.By, State: s.State, Reason: s.Reason, Missed: s.Passed, Run: s.Run}
	if !s.Started.IsZero() {
		l.Started = &s.Started
	}
	if !s.Finished.IsZero() {
		l.Ended = &s.Finished
	}
	return l
}

// Run lists the jobs.
func (c *scheduleList) Run(ctx context.Context, std streams, all *commands) (err error) {
	_, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list, err := db.Jobs(ctx)
	if err != nil {
		return err
	}
	listed := 0
	for _, stored := range list {
		job, err := jobs.ParseJob(stored.Definition, stored.Name)
		if err != nil {
			fmt.Fprintf(std.err, "job %q is not scheduled: its definition can't be read; passmill job add adds it again\n", stored.Name)
			continue
		}
		if !job.Schedule.Set() {
			continue
		}
		if err := c.one(ctx, std.out, db, job, listed > 0); err != nil {
			return err
		}
		listed++
	}
	if listed == 0 && !c.JSON {
		fmt.Fprintf(std.out, "no job of the ledger has a schedule, of %d; write schedule: into a job file, then passmill job add FILE\n", len(list))
	}
	return nil
}

// one prints one job.
func (c *scheduleList) one(ctx context.Context, w io.Writer, db *ledger.DB, job *jobs.Job, more bool) error {
	s, err := schedule.Parse(job.Schedule)
	if err != nil {
		return fmt.Errorf("schedule of job %q: %w", job.Name, err)
	}
	zone, err := job.Schedule.Location()
	if err != nil {
		return err
	}
	l := scheduleLine{Job: job.Name, Cron: job.Schedule.Cron, TimeZone: job.Schedule.TimeZone, Missed: job.Schedule.Missed}
	if l.Missed == "" {
		l.Missed = jobs.MissedOnce
	}
	for t := range s.After(time.Now()) {
		if len(l.Next) == nextTimes {
			break
		}
		l.Next = append(l.Next, t.Instant.In(zone))
	}
	last, err := db.LastSlots(ctx, job.Name, 1)
	if err != nil {
		return err
	}
	if len(last) > 0 {
		l.Last = slotLineOf(last[0])
	}
	if c.JSON {
		return json.NewEncoder(w).Encode(l)
	}
	if more {
		fmt.Fprintln(w)
	}
	return l.print(ctx, w, db)
}

// print prints a job for people, in lines that are not long.
func (l scheduleLine) print(ctx context.Context, w io.Writer, db *ledger.DB) error {
	fmt.Fprintf(w, "%s: %s, %s\n", visible(l.Job), visible(l.Cron), l.TimeZone)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	name := "next"
	for _, t := range l.Next {
		fmt.Fprintf(table, "  %s\t%s\n", name, t.Format("Mon 2 Jan 2006 15:04 MST"))
		name = ""
	}
	if l.Last == nil {
		fmt.Fprint(table, "  last\tnever\n")
		return table.Flush()
	}
	fmt.Fprintf(table, "  last\t%s\n", l.Last)
	if l.Last.Run != 0 {
		run, err := db.Run(ctx, l.Last.Run)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "  \trun %d: %s\n", run.ID, countLine(run.Count))
	}
	return table.Flush()
}

// String returns a slot in a line.
func (l *slotLine) String() string {
	text := fmt.Sprintf("%s: %s", visible(l.Slot), l.State)
	if l.Reason != "" {
		text += ", " + visible(strings.ReplaceAll(l.Reason, "\n", "; "))
	}
	if l.Missed > 0 {
		text += fmt.Sprintf("; %s before it missed", count(l.Missed, "time"))
	}
	return text
}

// countLine returns the counts of a run in a few words.
func countLine(c jobs.Count) string {
	return fmt.Sprintf("%s, %s made, %s unchanged, %s refused", count(c.Rows, "row"), thousands(c.Made), thousands(c.Unchanged), thousands(c.Refused))
}

// sayNext says when a job that was added runs by itself.
func sayNext(w io.Writer, job *jobs.Job) {
	if !job.Schedule.Set() {
		return
	}
	s, err := schedule.Parse(job.Schedule)
	zone, zoneErr := job.Schedule.Location()
	if err != nil || zoneErr != nil {
		return // the job's validation has said so
	}
	for t := range s.After(time.Now()) {
		fmt.Fprintf(w, "it runs by itself while passmill serve does, next on %s\n", t.Instant.In(zone).Format("Monday, 2 January 2006 at 15:04 MST"))
		return
	}
}

// unscheduled says so if a job has a schedule that nobody keeps, since the ledger does
// not hold the job, or holds it with another one; "" if all is well.
func unscheduled(ctx context.Context, db *ledger.DB, def definition) string {
	if !def.job.Schedule.Set() || def.file == "" {
		return ""
	}
	stored, err := db.Job(ctx, def.job.Name)
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return fmt.Sprintf("its schedule is kept once the job is in the ledger: passmill job add %s", def.file)
	case err != nil:
		return "" // what is wrong with the ledger is told by others
	}
	if kept, err := jobs.ParseJob(stored.Definition, stored.Name); err != nil || kept.Schedule != def.job.Schedule {
		return fmt.Sprintf("the ledger keeps another schedule of it: passmill job add %s takes this one in", def.file)
	}
	return ""
}
