package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/dir"
	"passmill/sign"
)

// A maker is one run of passmill make.
type maker struct {
	makeCommand
	work  *work
	space workspace
	by    string    // who or what started it
	slot  jobs.Slot // zero if it is none's
	meter *meter
	told  *teller

	runs   *ledger.DB     // while it runs
	signer *auditedSigner // while it runs

	idle    string   // why the job's schedule is not kept, in words
	near    []string // certificates that expire soon, in words
	unfound []string // serial numbers that were asked for and that no row has
	resumed bool     // the run was begun by an earlier process
	before  int      // passes that it had made by then

	looks  func(*ledger.DB) jobs.Snapshot // what a dry run compares with, if not the ledger alone
	looked func(context.Context) error    // is called when it has compared all

	gone   int        // passes that became void or expired since their rows are gone
	spared string     // why passes without a row were left as they are; empty if none were
	fresh  freshCount // files that were pressed again without a row
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
	db.StartedBy(m.by)
	db.Attend(m.slot)
	m.idle = unscheduled(ctx, db, m.work.definition)
	unlock, err := db.LockJob(ctx, m.work.job.Name)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	shelf, name, err := m.shelf()
	if err != nil {
		return run, err
	}
	if shelf != nil {
		defer func() { err = errors.Join(err, shelf.Close()) }()
	}
	ring := newRing(ctx, db, m.space)
	if err := errors.Join(ring.CheckClock(ctx), m.save(ctx, db)); err != nil {
		return run, err
	}
	if err := m.ready(ctx, db, name); err != nil {
		return run, err
	}
	runner, err := m.runner(db, shelf, name)
	if err != nil {
		return run, err
	}
	if runner.Importer.Erased, err = erasedRows(ctx, db, m.space, runner.Importer.Target); err != nil {
		return run, err
	}
	done, err := m.completer(runner.Importer)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, done.close()) }()
	runner.Resumed = func(run jobs.Run) {
		m.resumed, m.before = true, run.Count.Made
		fmt.Fprintf(m.told.w, "going on with run %d, which was interrupted: %s were made before\n", run.ID, count(m.before, "pass"))
		for p, err := range db.Problems(ctx, run.ID) {
			if err == nil {
				m.told.tell(p)
			}
		}
	}
	runner.Settle = m.settle(db, name, shelf)
	m.runs = db
	if runner.Presser != nil {
		m.signer = newAuditedSigner(runner.Presser.Signer, m.begins(ring))
		runner.Presser.Signer = m.signer
	}
	run, err = runner.Run(ctx)
	m.near = m.expiring(ctx, ring.Store)
	if err = errors.Join(err, m.ends(ctx, ring, run, err)); err != nil {
		return run, errors.Join(err, m.fails(ctx, db, run, err))
	}
	if !m.resumed { // then the rows were read by an earlier process
		m.unfound = runner.Importer.Unfound()
	}
	err = done.complete(ctx, db, m.work.target(name))
	if shelf != nil {
		err = errors.Join(err, jobs.Sweep(ctx, db, shelf, name))
	}
	return run, err
}

// shelf opens where the passes go, and returns what the ledger calls it; nil and ""
// if they are only planned.
func (m *maker) shelf() (*dir.Sink, string, error) {
	if m.work.job.Planned() {
		return nil, "", nil
	}
	out := m.work.path(m.work.job.Output.Dir)
	sink, err := dir.Open(out)
	if err != nil {
		return nil, "", err
	}
	name, err := m.space.sink(out)
	if err != nil {
		return nil, "", errors.Join(err, sink.Close())
	}
	return sink, name, nil
}

// fails writes down why a run did not come to its end, unless it was interrupted.
func (m *maker) fails(ctx context.Context, db *ledger.DB, run jobs.Run, err error) error {
	if run.ID == 0 || ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, jobs.ErrFenced) {
		return nil
	}
	return db.FailRun(ctx, run.ID, failureText(err))
}

// save keeps in the ledger what it takes to press the passes again.
func (m *maker) save(ctx context.Context, db *ledger.DB) error {
	if err := db.SaveTemplate(ctx, m.work.template.Version, m.work.job.Template, m.work.template.Files); err != nil {
		return err
	}
	if err := db.SaveCertificate(ctx, m.work.identity.Certificate()); err != nil {
		return err
	}
	recipe, err := m.work.recipe(m.space)
	if err != nil {
		return err
	}
	return db.SaveRecipe(ctx, recipe)
}

// runner returns what runs the job; without a shelf, it only plans.
func (m *maker) runner(db *ledger.DB, shelf *dir.Sink, name string) (*jobs.Runner, error) {
	target := m.work.target(name)
	press, err := m.work.presser(target, shelf)
	if err != nil {
		return nil, err
	}
	m.work.keepImages(db, press)
	press.Standings = func(ctx context.Context, serials []string) (map[string]jobs.Standing, error) {
		return db.Standings(ctx, target.TypeID, serials)
	}
	in := m.work.importer(target)
	in.Snapshot = db
	in.Force, in.Limit, in.Only, in.Canary = m.Force, m.Limit, m.Only, m.Canary
	in.Report = m.told.tell
	in.Progress = func(c jobs.Count) { m.meter.importing(c, m.work.source.AtMost()) }
	r := &jobs.Runner{
		Key: m.work.key(m.rowOptions, m.Force, m.Canary, target), Runs: db, Book: db, Importer: in,
		Policy: m.work.job.OnError, Workers: m.Workers, Now: time.Now,
		Report: m.told.tell, Progress: m.meter.pressing,
	}
	if shelf == nil {
		r.Planner = &jobs.Planner{Target: target}
		return r, nil
	}
	if m.Force {
		press.Trusted = nil // make them again, also those that are whole
	}
	r.Presser, in.Missing, in.Owners = press, shelf.Missing, owners(db, name)
	// Also without bundles: those of a time when the job made some have to go.
	r.Bundler = &jobs.Bundler{
		Target: target, Book: db, Sink: shelf, Pack: packBundle,
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
	out, name := "", ""
	if !m.work.job.Planned() {
		out = m.work.path(m.work.job.Output.Dir)
		var err error
		if name, err = m.space.sink(out); err != nil {
			return jobs.Count{}, err
		}
	}
	var err error
	var db *ledger.DB
	if m.space.hasLedger() {
		if db, err = m.space.open(ctx); err != nil {
			return jobs.Count{}, err
		}
		defer db.Close()
	}
	if err := m.ready(ctx, db, name); err != nil {
		return jobs.Count{}, err
	}
	in := m.work.importer(m.work.target(name))
	in.Force, in.Limit, in.Only, in.Canary, in.Report = m.Force, m.Limit, m.Only, m.Canary, m.told.tell
	in.Progress = func(c jobs.Count) { m.meter.importing(c, m.work.source.AtMost()) }
	if db != nil {
		if m.work.album != nil {
			m.work.album.Store = readOnlyImages{db}
		}
		in.Snapshot = readOnly{db}
		if in.Erased, err = erasedRows(ctx, db, m.space, in.Target); err != nil {
			return jobs.Count{}, err
		}
		if m.looks != nil {
			in.Snapshot = m.looks(db)
		}
		if name != "" {
			in.Owners = owners(db, name)
			in.Missing = func(_ context.Context, names []string) ([]string, error) { return names, nil }
		}
		if name != "" && exists(out) {
			sink, err := dir.OpenReadOnly(filepath.Clean(out))
			if err != nil {
				return jobs.Count{}, err
			}
			defer sink.Close()
			in.Missing = sink.Missing
		}
	}
	c, err := in.Import(ctx, 0)
	if err == nil {
		m.unfound = in.Unfound()
	}
	if err == nil && db != nil && m.looked != nil {
		err = m.looked(ctx)
	}
	if err == nil && m.work.job.OnError.Stops(c) {
		err = jobs.ErrTooManyRefused
	}
	return c, err
}

// readOnly is a ledger that is looked into and not written to.
type readOnly struct{ jobs.Snapshot }

func (readOnly) Stage(context.Context, int64, jobs.Batch) error        { return nil }
func (readOnly) Withdraw(context.Context, int64, []int, []int64) error { return nil }
