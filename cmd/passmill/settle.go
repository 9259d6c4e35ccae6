package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/table"
)

// settle sees, when all rows are pressed, to the passes that have none: those whose rows
// are gone, and the files that are to be pressed again out of the ledger.
func (m *maker) settle(db *ledger.DB, sink string, shelf jobs.Sink) func(context.Context, jobs.Run) error {
	return func(ctx context.Context, run jobs.Run) error {
		if err := m.missing(ctx, db, run); err != nil {
			return err
		}
		if sink == "" { // the passes are planned: there are no files
			return nil
		}
		f := &freshener{
			demand: newOnDemand(db, m.space), begin: m.signer.begin,
			warn: func(serial string, err error) {
				m.meter.stop()
				fmt.Fprintf(m.told.w, "warning: the file of pass %s is older than the pass: %v\n", visible(serial), err)
			},
		}
		n, _, err := f.freshen(ctx, m.work.job.Name, sink, shelf)
		m.fresh = n
		if none, ok := errors.AsType[freshError](err); ok { // the run's own rows are done
			m.meter.stop()
			fmt.Fprintf(m.told.w, "warning: files that are older than their passes can't be pressed again: %v\n", none)
			return nil
		}
		return err
	}
}

// missing makes the passes void or expired whose rows are gone from the source, if the
// job says so, the run has read all of it, and not too many are gone.
func (m *maker) missing(ctx context.Context, db *ledger.DB, run jobs.Run) error {
	stands, spec := m.work.job.Missing.Standing(), m.work.job.Missing
	if stands.Valid() || m.Limit > 0 || len(m.Only) > 0 {
		return nil
	}
	typeID := m.work.identity.TypeID()
	present, nameless, err := db.Present(ctx, run.ID, typeID)
	if err != nil {
		return err
	}
	absent, of, err := db.Absent(ctx, m.work.job.Name, typeID, present)
	if err != nil {
		return err
	}
	gone, err := db.MissingOf(ctx, run.ID) // an earlier process may have begun
	if err != nil {
		return err
	}
	if m.spared = spared(spec, len(absent)+gone, of+gone, nameless); m.spared != "" {
		return nil
	}
	stands.Ends = time.Time{}
	if stands.State == jobs.StandingExpired {
		stands.Ends = time.Now().Truncate(time.Second)
	}
	if err := db.SetMissing(ctx, run.ID, absent, stands); err != nil {
		return err
	}
	m.gone = len(absent) + gone
	return nil
}

// checkMissing refuses jobs that let a query leave out rows and take away what it left
// out.
func (w *work) checkMissing() error {
	if q, ok := w.source.(*table.Query); ok && q.HasSince() && !w.job.Missing.Standing().Valid() {
		return fmt.Errorf("missing: %s does not go with a query that asks for what changed :since: nobody can tell which rows are gone; ask for all rows, or remove the key missing", w.job.Missing.Do)
	}
	return nil
}

// spared says why passes without a row are left as they are; empty if they are not.
func spared(spec jobs.MissingSpec, missing, of, nameless int) string {
	const sorry = "they are left as they are"
	switch {
	case missing == 0:
		return ""
	case nameless > 0:
		return fmt.Sprintf("%s no row any more, and %s can't be told whose; %s: mend the serial numbers", count(missing, "pass")+choose(missing, " has", " have"), count(nameless, "refused row"), sorry)
	case !spec.Allows(missing, of):
		return fmt.Sprintf("%s of %s no row any more, which is more than missing: allows; %s: if the source is right, write most: higher for this run, such as missing: {do: %s, most: \"50%%\"}", thousands(missing), count(of, "pass")+choose(missing, " has", " have"), sorry, spec.Do)
	}
	return ""
}
