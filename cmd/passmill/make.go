package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/dir"
	"passmill/sign"
)

// Row options choose rows and are part of what a run is.
type rowOptions struct {
	Limit int      `placeholder:"N" help:"Take only the first N rows."`
	Only  []string `sep:"none" placeholder:"SERIAL" help:"Take only the row with this serial number; may be repeated."`
}

type makeCommand struct {
	Job     string `arg:"" help:"The job: a YAML file."`
	Workers int    `placeholder:"N" help:"How many chunks of rows are signed at once (default: one for each core)."`
	rowOptions
	DryRun  bool   `help:"Say what would be made, and make nothing."`
	Force   bool   `help:"Make unchanged passes too."`
	OnError string `placeholder:"skip|stop|N%" help:"What to do about bad rows, in the place of the job's onError."`
	JSON    bool   `help:"Print the summary as one JSON object."`
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
	Seconds         float64 `json:"seconds"`
	PassesPerSecond float64 `json:"passes_per_second"`
	Output          string  `json:"output"`
}

// Run makes the passes of the job.
func (c *makeCommand) Run(ctx context.Context, std streams, all *commands) error {
	start := time.Now()
	w, err := openWork(ctx, c.Job, true)
	if err != nil {
		return err
	}
	defer w.close()
	if c.OnError != "" {
		if w.job.OnError, err = jobs.ParsePolicy(c.OnError); err != nil {
			return status{exitUsage, fmt.Errorf("--on-error: %w", err)}
		}
	}
	space, err := findWorkspace(w.dir, all.Database)
	if err != nil {
		return err
	}
	for _, note := range w.source.Notes() {
		fmt.Fprintf(std.err, "%s%s\n", severityMark(note.Severity), note)
	}
	m := &maker{makeCommand: *c, work: w, space: space, std: std, meter: newMeter(std.err), told: newTeller(std.err)}
	var count jobs.Count
	var run jobs.Run
	if c.DryRun {
		count, err = m.dryRun(ctx)
	} else {
		run, err = m.make(ctx)
		count = run.Count
	}
	m.meter.stop()
	m.told.rest(fmt.Sprintf("passmill check %s", c.Job))
	if err != nil && !errors.Is(err, jobs.ErrTooManyRefused) {
		return explain(err)
	}
	s := summary{
		Run: run.ID, Rows: count.Rows, Made: count.Made, Unchanged: count.Unchanged, Refused: count.Refused,
		Seconds: math.Round(time.Since(start).Seconds()*1000) / 1000, Output: w.path(w.job.Output.Dir),
	}
	if s.Seconds > 0 {
		s.PassesPerSecond = math.Round(float64(s.Made) / s.Seconds)
	}
	if err := s.print(std.out, c.JSON, c.DryRun); err != nil {
		return err
	}
	switch {
	case len(c.Only) > 0 && s.Rows == 0:
		return fmt.Errorf("no row has the serial number %s", strings.Join(c.Only, " or "))
	case err != nil:
		return fmt.Errorf("stopped before the first pass: %w; mend them, or let onError say otherwise", err)
	case s.Refused > 0:
		return status{code: exitPartly}
	}
	return nil
}

func (s summary) print(w io.Writer, asJSON, dry bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	verb := "made"
	if dry {
		verb = "would be made"
	}
	fmt.Fprintf(w, "%s rows: %s %s, %s unchanged, %s refused\n", thousands(s.Rows), thousands(s.Made), verb, thousands(s.Unchanged), thousands(s.Refused))
	if !dry {
		fmt.Fprintf(w, "in %.1f seconds (%s passes a second), in %s\n", s.Seconds, thousands(int(s.PassesPerSecond)), s.Output)
	}
	return nil
}

// explain adds what to do to errors that stop a whole run.
func explain(err error) error {
	if ledger.IsFull(err) {
		return fmt.Errorf("%w\nthe disk is full: free some space, then run the same command again; it goes on where it was", err)
	}
	return err
}

// A maker is one run of passmill make.
type maker struct {
	makeCommand
	work  *work
	space workspace
	std   streams
	meter *meter
	told  *teller
}

// make runs the job.
func (m *maker) make(ctx context.Context) (run jobs.Run, err error) {
	db, err := m.space.open(ctx)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	unlock, err := db.LockJob(ctx, m.work.job.Name)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	sink, err := dir.Open(m.work.path(m.work.job.Output.Dir))
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()

	name, err := m.space.sink(m.work.path(m.work.job.Output.Dir))
	if err != nil {
		return run, err
	}
	if err := m.save(ctx, db); err != nil {
		return run, err
	}
	runner, err := m.runner(db, sink, name)
	if err != nil {
		return run, err
	}
	if run, err = runner.Run(ctx); err != nil {
		return run, err
	}
	return run, jobs.Sweep(ctx, db, sink, name)
}

// save keeps in the ledger what it takes to press the passes again.
func (m *maker) save(ctx context.Context, db *ledger.DB) error {
	if err := db.SaveTemplate(ctx, m.work.template.Version, m.work.job.Template, m.work.template.Files); err != nil {
		return err
	}
	return db.SaveCertificate(ctx, m.work.identity.Certificate())
}

func (m *maker) runner(db *ledger.DB, sink jobs.Shelf, name string) (*jobs.Runner, error) {
	target := m.work.target(name)
	press, err := m.work.presser(target, sink)
	if err != nil {
		return nil, err
	}
	in := m.work.importer(target)
	in.Snapshot, in.Missing = db, sink.Missing
	in.Force, in.Limit, in.Only = m.Force, m.Limit, m.Only
	in.Report = m.told.tell
	in.Progress = func(c jobs.Count) { m.meter.importing(c, m.work.source.AtMost()) }
	if m.Force {
		press.Trusted = nil // make them again, also those that are whole
	}
	r := &jobs.Runner{
		Key: m.work.key(m.rowOptions, m.Force, target), Runs: db, Book: db, Importer: in, Presser: press,
		Policy: m.work.job.OnError, Workers: m.Workers, Now: time.Now,
		Report: m.told.tell, Progress: m.meter.pressing,
	}
	if m.work.job.Output.Bundle != "" {
		r.Bundler = &jobs.Bundler{
			Target: target, Book: db, Sink: sink, Pack: packBundle,
			MaxPasses: sign.MaxBundlePasses, MaxBytes: sign.MaxBundleBytes,
		}
	}
	return r, nil
}

// dryRun imports and compares, and makes nothing. (A ledger of an older version is
// brought up to this one, as by any command.)
func (m *maker) dryRun(ctx context.Context) (jobs.Count, error) {
	out := m.work.path(m.work.job.Output.Dir)
	name, err := m.space.sink(out)
	if err != nil {
		return jobs.Count{}, err
	}
	in := m.work.importer(m.work.target(name))
	in.Force, in.Limit, in.Only, in.Report = m.Force, m.Limit, m.Only, m.told.tell
	in.Progress = func(c jobs.Count) { m.meter.importing(c, m.work.source.AtMost()) }
	if m.space.hasLedger() {
		db, err := m.space.open(ctx)
		if err != nil {
			return jobs.Count{}, err
		}
		defer db.Close()
		in.Snapshot = readOnly{db}
		if exists(out) {
			sink, err := dir.OpenReadOnly(filepath.Clean(out))
			if err != nil {
				return jobs.Count{}, err
			}
			defer sink.Close()
			in.Missing = sink.Missing
		}
	}
	count, err := in.Import(ctx, 0)
	if err == nil && m.work.job.OnError.Stops(count) {
		err = jobs.ErrTooManyRefused
	}
	return count, err
}

// readOnly is a ledger that is looked into and not written to.
type readOnly struct{ jobs.Snapshot }

func (readOnly) Stage(context.Context, int64, jobs.Batch) error        { return nil }
func (readOnly) Withdraw(context.Context, int64, []int, []int64) error { return nil }
