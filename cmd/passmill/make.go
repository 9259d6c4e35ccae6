package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
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
	for _, note := range slices.Concat(w.source.Notes(), w.schema.Notes()) {
		fmt.Fprintf(std.err, "%s%s\n", severityMark(note.Severity), note)
	}
	m := newMaker(*c, w, std.err)
	m.space = space
	var run jobs.Run
	if c.DryRun {
		run.Count, err = m.dryRun(ctx)
	} else {
		run, err = m.make(ctx)
	}
	m.meter.stop()
	m.told.rest(fmt.Sprintf("passmill check %s", c.Job))
	if err != nil && !errors.Is(err, jobs.ErrTooManyRefused) {
		return explain(err)
	}
	s := summary{
		Run: run.ID, Rows: run.Count.Rows, Made: run.Count.Made, Unchanged: run.Count.Unchanged, Refused: run.Count.Refused,
		Seconds: math.Round(time.Since(start).Seconds()*1000) / 1000, Output: w.path(w.job.Output.Dir),
	}
	if s.Seconds > 0 {
		s.PassesPerSecond = math.Round(float64(s.Made-m.before) / s.Seconds)
	}
	if err := s.print(std.out, c.JSON, c.DryRun); err != nil {
		return err
	}
	switch {
	case len(m.unfound) > 0:
		return status{cmp.Or(min(s.Rows, 1)*exitPartly, exitNotDone), fmt.Errorf("no row has the serial number %s", strings.Join(m.unfound, ", nor "))}
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
	fmt.Fprintf(w, "%s: %s %s, %s unchanged, %s refused\n", count(s.Rows, "row"), thousands(s.Made), verb, thousands(s.Unchanged), thousands(s.Refused))
	if dry {
		return nil
	}
	pace := ""
	if s.Made > 0 && s.Seconds >= 1 {
		pace = fmt.Sprintf(" (%s passes a second)", thousands(int(s.PassesPerSecond)))
	}
	fmt.Fprintf(w, "in %.1f seconds%s, in %s\n", s.Seconds, pace, s.Output)
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
	meter *meter
	told  *teller

	unfound []string // serial numbers that were asked for and that no row has
	before  int      // passes that an interrupted run had made before this process went on with it
}

// newMaker returns a maker that tells its progress and problems to w.
func newMaker(c makeCommand, work *work, w io.Writer) *maker {
	m := newMeter(w)
	return &maker{makeCommand: c, work: work, meter: m, told: &teller{w: w, meter: m}}
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
	runner.Resumed = func(run jobs.Run) {
		m.before = run.Count.Made
		fmt.Fprintf(m.told.w, "going on with run %d, which was interrupted: %s were made before\n", run.ID, count(m.before, "pass"))
		for p, err := range db.Problems(ctx, run.ID) {
			if err == nil {
				m.told.tell(p)
			}
		}
	}
	if run, err = runner.Run(ctx); err != nil {
		return run, err
	}
	m.unfound = runner.Importer.Unfound()
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
	in.Snapshot, in.Missing, in.Owners = db, sink.Missing, owners(db, name)
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
	// Also without bundles: those of a time when the job made some have to go.
	r.Bundler = &jobs.Bundler{
		Target: target, Book: db, Sink: sink, Pack: packBundle,
		MaxPasses: sign.MaxBundlePasses, MaxBytes: sign.MaxBundleBytes,
	}
	return r, nil
}

// owners asks the ledger to which jobs files of a sink belong.
func owners(db *ledger.DB, sink string) func(context.Context, []string) (map[string]string, error) {
	return func(ctx context.Context, names []string) (map[string]string, error) {
		claims, err := db.Claimed(ctx, sink, names)
		jobs := make(map[string]string, len(claims))
		for name, claim := range claims {
			jobs[name] = claim.Job
		}
		return jobs, err
	}
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
		in.Snapshot, in.Owners = readOnly{db}, owners(db, name)
		in.Missing = func(_ context.Context, names []string) ([]string, error) { return names, nil }
		if exists(out) {
			sink, err := dir.OpenReadOnly(filepath.Clean(out))
			if err != nil {
				return jobs.Count{}, err
			}
			defer sink.Close()
			in.Missing = sink.Missing
		}
	}
	c, err := in.Import(ctx, 0)
	if err == nil && m.work.job.OnError.Stops(c) {
		err = jobs.ErrTooManyRefused
	}
	return c, err
}

// readOnly is a ledger that is looked into and not written to.
type readOnly struct{ jobs.Snapshot }

func (readOnly) Stage(context.Context, int64, jobs.Batch) error        { return nil }
func (readOnly) Withdraw(context.Context, int64, []int, []int64) error { return nil }
