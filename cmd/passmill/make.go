package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// Row options choose rows and are part of what a run is.
type rowOptions struct {
	Limit int      `placeholder:"N" help:"Take only the first N rows."`
	Only  []string `sep:"none" placeholder:"SERIAL" help:"Take only the row with this serial number; may be repeated."`
}

type makeCommand struct {
	Job     string `arg:"" help:"The job: a YAML file, a workbook with a sheet Job, or the name of a job in the ledger."`
	Workers int    `placeholder:"N" help:"How many chunks of rows are signed at once (default: one for each core)."`
	rowOptions
	DryRun  bool       `help:"Say what would be made, and make nothing."`
	Force   bool       `help:"Make unchanged passes too."`
	Canary  jobs.Share `placeholder:"N%" help:"Of the passes that would change, make this share only, and hold the others; passes that are new are all made."`
	OnError string     `placeholder:"skip|stop|N%" help:"What to do about bad rows, in the place of the job's onError."`
	JSON    bool       `help:"Print the summary as one JSON object."`
	Notify  bool       `help:"Tell the operator, by mail and webhook as passmill.yaml says, if the run fails, or refuses more rows than the job's notify allows: for cron and systemd."`

	// Of the server, which runs jobs of the ledger at their times.
	Slot  int64         `hidden:""`
	Fence int64         `hidden:""`
	Lease time.Duration `hidden:"" default:"1m"` // without a sign of life, after which the slot is taken over
}

// Help is the end of the command's -h.
func (makeCommand) Help() string {
	return "Run again, it makes only what is new or changed; killed, it goes on where it was. Exit status: 0 done, 1 not done, 2 wrong command line, 3 some rows were refused."
}

// Summary is what a run came to; its JSON names are an interface.
type summary struct {
	Run             int64   `json:"run"`
	Rows            int     `json:"rows"`
	Made            int     `json:"made"`
	Unchanged       int     `json:"unchanged"`
	Refused         int     `json:"refused"`
	Held            int     `json:"held,omitempty"`          // would have changed, and were left as they are
	Missing         int     `json:"missing,omitempty"`       // became void or expired since their rows are gone
	PressedAgain    int     `json:"pressed_again,omitempty"` // files without a row of this run
	Seconds         float64 `json:"seconds"`
	PassesPerSecond float64 `json:"passes_per_second"`
	Output          string  `json:"output"` // empty if passes are only planned

	planned bool
}

// notFound says that no row has the serial numbers that were asked for; forced if
// --force was given.
func (w *work) notFound(serials []string, forced bool) error {
	hint := ""
	if w.job.Source.Kind == jobs.SourceTables && !forced {
		hint = ", of those that are not completed; --force looks at all"
	}
	return fmt.Errorf("no row has the serial number %s%s", strings.Join(serials, ", nor "), hint)
}

// Run makes the passes of the job.
func (c *makeCommand) Run(ctx context.Context, std streams, all *commands) error {
	if c.Slot > 0 {
		return c.runSlot(ctx, std, all)
	}
	a := &attempt{makeCommand: c, by: byCommand()}
	err := a.make(ctx, std, all)
	if c.Notify && !c.DryRun {
		err = a.tell(ctx, std, all, err)
	}
	return err
}

// make makes the passes of the job.
func (a *attempt) make(ctx context.Context, std streams, all *commands) error {
	start, c := time.Now(), a.makeCommand
	find := findJob
	if a.slot.ID > 0 {
		find = storedJob // whatever file has its name
	}
	def, err := find(ctx, c.Job, all.Database)
	if err != nil {
		return err
	}
	a.job = def.job
	if a.space, err = def.workspace(all.Database); err != nil {
		return errors.Join(err, def.close())
	}
	w, err := openWork(ctx, def, all.Database, true)
	if err != nil {
		return err
	}
	defer w.close()
	if w.job.Planned() && w.job.Links.Kind == jobs.LinkSealed {
		return fmt.Errorf("passes of sealed links are made when somebody opens them, so there is nothing to make of job %q; passmill links %s --out FILE gives out the links", w.job.Name, c.Job)
	}
	if c.OnError != "" {
		if w.job.OnError, err = jobs.ParsePolicy(c.OnError); err != nil {
			return status{exitUsage, fmt.Errorf("--on-error: %w", err)}
		}
	}
	if w.chosen.Entry.ID != "" {
		fmt.Fprintf(std.err, "signing with %v\n", w.chosen)
	}
	lost := false // something of the source that belongs to no row
	for _, note := range slices.Concat(w.source.Notes(), w.schema.Notes()) {
		lost = lost || note.Severity == jobs.Refused
		fmt.Fprintf(std.err, "%s%s\n", severityMark(note.Severity), note)
	}
	m := newMaker(*c, w, std.err)
	m.space, m.by, m.slot = a.space, a.by, a.slot
	if c.DryRun {
		a.run.Count, err = m.dryRun(ctx)
	} else {
		a.run, err = m.make(ctx)
	}
	run := a.run
	m.meter.stop()
	m.told.rest(fmt.Sprintf("passmill check %s", c.Job))
	if m.idle != "" {
		fmt.Fprintf(std.err, "note: %s\n", m.idle)
	}
	for _, line := range m.near {
		fmt.Fprintf(std.err, "warning: %s\n", line)
	}
	if err != nil && !errors.Is(err, jobs.ErrTooManyRefused) {
		return explain(err)
	}
	s := summary{
		Run: run.ID, Rows: run.Count.Rows, Made: run.Count.Made, Unchanged: run.Count.Unchanged - run.Count.Held, Refused: run.Count.Refused,
		Held: run.Count.Held, Missing: m.gone, PressedAgain: m.fresh.pressed,
		Seconds: math.Round(time.Since(start).Seconds()*1000) / 1000, planned: w.job.Planned(),
	}
	if !s.planned {
		s.Output = w.path(w.job.Output.Dir)
	}
	if s.Seconds > 0 {
		s.PassesPerSecond = math.Round(float64(s.Made-m.before) / s.Seconds)
	}
	if err := s.print(std.out, c, w.job.Missing.Do); err != nil {
		return err
	}
	if m.spared != "" {
		fmt.Fprintf(std.err, "warning: %s\n", m.spared)
	}
	if err == nil && !c.DryRun {
		if mailErr := w.mailNew(ctx, a.space, c.Job, std); mailErr != nil && mailErr.Error() != "" {
			return status{exitPartly, fmt.Errorf("the passes are made, but not all mails are sent: %w", mailErr)}
		}
	}
	switch {
	case len(m.unfound) > 0:
		return status{cmp.Or(min(s.Rows, 1)*exitPartly, exitNotDone), w.notFound(m.unfound, c.Force)}
	case err != nil:
		return fmt.Errorf("stopped before the first pass: %w; mend them, or let onError say otherwise", err)
	case s.Refused > 0 || lost || m.spared != "" || m.fresh.failed > 0:
		return status{code: exitPartly}
	}
	return nil
}

func (s summary) print(w io.Writer, c *makeCommand, missing string) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(s)
	}
	verb, held := "made", ""
	switch {
	case s.planned && c.DryRun:
		verb = "would be planned"
	case s.planned:
		verb = "planned"
	case c.DryRun:
		verb = "would be made"
	}
	if s.Held > 0 {
		held = fmt.Sprintf(", %s held", thousands(s.Held))
	}
	fmt.Fprintf(w, "%s: %s %s, %s unchanged%s, %s refused\n", count(s.Rows, "row"), thousands(s.Made), verb, thousands(s.Unchanged), held, thousands(s.Refused))
	if s.Held > 0 {
		fmt.Fprintf(w, "held are changed passes that are not among %v; without --canary they are made too\n", c.Canary)
	}
	if c.DryRun {
		if s.Made > 0 {
			fmt.Fprintf(w, "passmill diff %s shows what changes, and who hears of it\n", c.Job)
		}
		return nil
	}
	if s.Missing > 0 {
		what := map[string]string{jobs.MissingVoid: "void", jobs.MissingExpire: "expired"}[missing]
		fmt.Fprintf(w, "%s %s, since %s gone from the source\n", count(s.Missing, "pass")+choose(s.Missing, " is", " are"), what, choose(s.Missing, "its row is", "their rows are"))
	}
	if s.PressedAgain > 0 {
		fmt.Fprintf(w, "%s pressed again whose passes changed without a row\n", count(s.PressedAgain, "file")+choose(s.PressedAgain, " was", " were"))
	}
	pace := ""
	if s.Made > 0 && s.Seconds >= 1 {
		pace = fmt.Sprintf(" (%s passes a second)", thousands(int(s.PassesPerSecond)))
	}
	if s.planned {
		fmt.Fprintf(w, "in %.1f seconds%s; each is pressed when somebody asks for it: passmill links gives out the links\n", s.Seconds, pace)
		return nil
	}
	fmt.Fprintf(w, "in %.1f seconds%s, in %s\n", s.Seconds, pace, fromHere(s.Output))
	return nil
}

// fromHere returns a path as seen from the current folder, if it lies in that.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return path
	}
	return rel
}

// explain adds what to do to errors that stop a whole run.
func explain(err error) error {
	if ledger.IsFull(err) {
		return fmt.Errorf("%w\nthe disk is full: free some space, then run the same command again; it goes on where it was", err)
	}
	return err
}
