package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/schedule"
)

// maxSlotTries is how many processes may end without a word before a slot has failed.
const maxSlotTries = 3

// scheduler returns what runs the jobs of the ledger at their times.
func (s *serving) scheduler() (*schedule.Scheduler, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	database := s.space.database
	if !isURL(database) {
		if database, err = filepath.Abs(database); err != nil {
			return nil, err
		}
	}
	m := &slotMaker{serving: s, program: self, database: database}
	p := &planner{db: s.db, log: s.log, known: map[string]timetable{}, told: len(s.notify.recipients()) > 0}
	return &schedule.Scheduler{
		Claims: s.db, Plans: p.plans, Do: m.make, Now: s.now, Holder: slotHolder(), AtOnce: s.command.JobsAtOnce, Log: s.log,
		Pause: s.command.SlotPause, Lease: s.command.SlotLease, Grace: schedule.Grace,
	}, nil
}

// slotHolder names this process, and no other that ever was.
func slotHolder() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("process %d on %s (%s)", os.Getpid(), host, strings.ToLower(rand.Text()[:6]))
}

// A planner reads the schedules of the ledger's jobs.
type planner struct {
	db    *ledger.DB
	log   *slog.Logger
	known map[string]timetable // by job
	told  bool                 // somebody hears of runs that fail
}

// A timetable is what a definition says of a schedule.
type timetable struct {
	definition string
	plan       schedule.Plan
	scheduled  bool
}

// plans implements the member of [schedule.Scheduler].
func (p *planner) plans(ctx context.Context) (plans []schedule.Plan, err error) {
	definitions, err := p.db.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	for name, text := range definitions {
		k, ok := p.known[name]
		if !ok || k.definition != text {
			k = timetable{definition: text}
			if k.plan, k.scheduled, err = planOf(name, text); err != nil {
				p.log.ErrorContext(ctx, "job is not scheduled: its definition can't be read; add it again", "job", name, "err", err)
			}
			if err == nil && !k.scheduled {
				if err := p.db.EndSchedule(ctx, name); err != nil {
					return nil, err
				}
			}
			if k.scheduled && !p.told {
				p.log.WarnContext(ctx, "nobody is told when this job fails: "+settingsFile+" names neither an operator under mail: nor the url of a webhook", "job", name)
			}
			p.known[name] = k
		}
		if k.scheduled {
			plans = append(plans, k.plan)
		}
	}
	return plans, nil
}

// planOf returns the plan of a job, if it has one.
func planOf(name, definition string) (p schedule.Plan, ok bool, err error) {
	job, err := jobs.ParseJob([]byte(definition), name)
	if err != nil || !job.Schedule.Set() {
		return p, false, err
	}
	s, err := schedule.Parse(job.Schedule)
	return schedule.Plan{
		Job: name, Text: job.Schedule.Cron + " " + job.Schedule.TimeZone, Schedule: s, Skip: job.Schedule.Missed == jobs.MissedSkip,
	}, err == nil, err
}

// A slotMaker makes slots, each in a process of its own: what a run takes of memory
// and time is not the server's.
type slotMaker struct {
	*serving
	program  string
	database string
}

// make implements the member Do of [schedule.Scheduler].
func (m *slotMaker) make(ctx context.Context, slot jobs.Slot) jobs.Slot {
	m.log.InfoContext(ctx, "job started", "job", slot.Job, "slot", slot.Local, "try", slot.Tries)
	begin := time.Now()
	summary, died := m.run(ctx, slot)
	after := context.WithoutCancel(ctx)
	is, err := m.db.Slot(after, slot.ID)
	switch {
	case err != nil:
		m.log.ErrorContext(after, "look what became of a slot", "job", slot.Job, "slot", slot.Local, "err", err)
		return slot // which is taken over, since there is no sign of life
	case is.Fence != slot.Fence:
		return slot
	case is.State == jobs.SlotRunning:
		is = m.unended(after, is, died)
	}
	m.notify.wake()
	level := slog.LevelInfo
	if is.State == jobs.SlotFailed {
		level = slog.LevelError
	}
	m.log.Log(after, level, "job ended", "job", slot.Job, "slot", slot.Local, "run", is.Run, "state", is.State, "reason", is.Reason,
		"rows", summary.Rows, "made", summary.Made, "unchanged", summary.Unchanged, "refused", summary.Refused, "took_ms", time.Since(begin).Milliseconds())
	return is
}

// run runs the process of a slot to its end, and says how it ended if that was badly.
func (m *slotMaker) run(ctx context.Context, slot jobs.Slot) (s summary, died error) {
	cmd := exec.CommandContext(ctx, m.program, "make", "--slot", fmt.Sprint(slot.ID), "--fence", fmt.Sprint(slot.Fence),
		"--lease", m.command.SlotLease.String(), "--json", "--", slot.Job)
	cmd.Dir = m.space.dir
	cmd.Env = append(os.Environ(), "PASSMILL_DATABASE="+m.database)
	var out bytes.Buffer
	var last tail
	cmd.Stdout, cmd.Stderr = &out, &last
	in, err := cmd.StdinPipe()
	if err != nil {
		return s, err
	}
	// A signal could reach it twice, from the service manager and from us, and the
	// second would end it at once.
	cmd.Cancel = in.Close
	cmd.WaitDelay = stopTime - 5*time.Second
	err = cmd.Run()
	_ = json.Unmarshal(out.Bytes(), &s) // there is none if nothing was made
	if crash := last.crash(); crash != "" {
		m.log.ErrorContext(ctx, "the process of a job crashed", "job", slot.Job, "slot", slot.Local, "trace", crash)
	}
	if said := last.complaint(); err != nil && said != "" {
		err = fmt.Errorf("%w, saying: %s", err, said)
	}
	return s, err
}

// unended ends a slot whose process ended without a word: another one tries it, if
// not too many have.
func (m *slotMaker) unended(ctx context.Context, slot jobs.Slot, died error) jobs.Slot {
	reason := "its process ended without a word"
	if died != nil {
		reason = fmt.Sprintf("its process ended before it could write down what became of the run: %v", died)
	}
	slot.State, slot.Reason = jobs.SlotDue, reason
	if slot.Tries < maxSlotTries {
		return slot
	}
	slot.State, slot.Reason = jobs.SlotFailed, fmt.Sprintf("%s, as did those of %d tries before", reason, slot.Tries-1)
	a := &attempt{makeCommand: &makeCommand{}, by: "schedule " + slot.Local, slot: slot, run: jobs.Run{ID: slot.Run}}
	if err := m.db.EndSlotTelling(ctx, slot, a.notice(slot.State, slot.Reason, m.notify.recipients())); err != nil {
		m.log.ErrorContext(ctx, "end a slot", "job", slot.Job, "slot", slot.Local, "err", err)
	}
	return slot
}

// A tail keeps the end of what a process says.
type tail struct{ text []byte }

const tailSize = 16 << 10

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if len(t.text) > 2*tailSize {
		t.text = append(t.text[:0], t.text[len(t.text)-tailSize:]...)
	}
	return len(p), nil
}

// crash returns the trace of a program that crashed. Of what it said before nothing
// is kept: that names serial numbers.
func (t *tail) crash() string {
	for _, begin := range []string{"panic: ", "fatal error: "} {
		if i := bytes.Index(t.text, []byte("\n"+begin)); i >= 0 {
			return string(t.text[i+1:])
		}
		if bytes.HasPrefix(t.text, []byte(begin)) {
			return string(t.text)
		}
	}
	return ""
}

// complaint returns the error with which the program ended, in one line, without what
// might name a person; empty if there is none.
func (t *tail) complaint() string {
	const begin = "passmill: "
	i := bytes.LastIndex(t.text, []byte(begin))
	if i < 0 || i > 0 && t.text[i-1] != '\n' {
		return ""
	}
	return failureText(errors.New(strings.Join(strings.Fields(string(t.text[i+len(begin):])), " ")))
}

var _ io.Writer = (*tail)(nil)
