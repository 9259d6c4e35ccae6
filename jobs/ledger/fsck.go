package ledger

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"passmill/jobs"
)

// FsckOptions say what is checked.
type FsckOptions struct {
	// Sink is the name of the sink whose files are checked, as runs know it.
	Sink string
	// Shelf is that sink. nil checks the ledger alone.
	Shelf jobs.Shelf
	// Verify checks that data is the whole pass that a describes: its
	// signature, its manifest and the hash of that, its pass type and serial
	// number. It is called from several goroutines. nil checks sizes only.
	Verify func(ctx context.Context, data []byte, a Artefact) error
	// Summary, if not nil, counts what is looked at.
	Summary *FsckSummary
}

// A FsckSummary counts what a check has looked at. The check goes through the
// whole ledger, and Damages and Advice count all that it found; the other members
// count what concerns the asked sink: the runs for it and their rows, the passes
// that have an artefact in it, those artefacts, its files and its bundles. If no
// sink is named, they count everything.
type FsckSummary struct {
	Runs, Rows, Passes, Artefacts, Files, Bundles int
	Damages, Advice                               int // findings
}

// A Finding is one thing that a check found.
type Finding struct {
	Code    string // stable and short: "missing-file"
	Advice  bool   // no damage: the next run, or a person, may want to know
	Subject string // what it is about: the name of a file, "run 7", "pass pass.com.example/42"
	Message string // what is wrong, lower case, without a full stop
	Fix     string // what to do about it, as an imperative; may be empty
}

// String returns the finding as one line.
func (f Finding) String() string {
	line := f.Subject + ": " + f.Message
	if f.Fix != "" {
		line += "; " + f.Fix
	}
	return line
}

// An Artefact is the pressed file of a pass in a sink, as the ledger knows it.
type Artefact struct {
	PassID       int64
	TypeID       string
	Serial       string
	Job          string
	Name         string // empty if another pass was written under it since
	ChangeNumber int64  // of the pass when it was pressed
	Size         int64
	Manifest     [32]byte  // SHA-256 of manifest.json
	Template     jobs.Hash // the version of the template; zero if the pass has changed since
	Certificate  string    // the id of the certificate that signed; may be empty
}

const makeAgain = "run the job again: it makes what is missing" + forced

// forced is what it takes where a run does not read all rows.
const forced = "; over a database, with --force"

// Fsck proves the ledger against itself and against a sink: counts add up, what
// is marked as made has its pass and its whole file, and every file belongs to
// something. It changes nothing, reads page by page, and holds nothing of the
// database while files are read.
//
// Work that goes on meanwhile makes it find things that are not so. Errors are
// told as [jobs.Source] says: a finding is no error.
func (d *DB) Fsck(ctx context.Context, o FsckOptions) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		if o.Summary == nil {
			o.Summary = new(FsckSummary)
		}
		c := &checker{DB: d, FsckOptions: o, yield: yield}
		checks := []func(context.Context) error{
			c.database, c.runs, c.rows, c.passes, c.names, c.counter, c.devices, c.bundles, c.leftovers,
		}
		if o.Shelf != nil {
			checks = append(checks, c.files, c.parts, c.strays)
		}
		for _, check := range checks {
			err := check(ctx)
			if c.left {
				return
			}
			if err != nil {
				yield(Finding{}, fmt.Errorf("check the ledger: %w", err))
				return
			}
		}
	}
}

// A checker does the checks of one Fsck, one after the other.
type checker struct {
	*DB
	FsckOptions
	yield func(Finding, error) bool
	left  bool // the caller has broken the loop
}

// workers is how many files are read and verified at a time.
func workers() int { return runtime.GOMAXPROCS(0) }

// pageSize is how many things are looked at between two queries.
const pageSize = 500

// found reports a finding. It returns false if the check is to end.
func (c *checker) found(f Finding) bool {
	if f.Advice {
		c.Summary.Advice++
	} else {
		c.Summary.Damages++
	}
	c.left = !c.yield(f, nil)
	return !c.left
}

// concerns reports whether things of a sink are to be counted.
func (c *checker) concerns(sink string) bool { return c.Sink == "" || c.Sink == sink }

// all reports findings.
func (c *checker) all(findings []Finding) bool {
	for _, f := range findings {
		if !c.found(f) {
			return false
		}
	}
	return true
}

// database lets SQLite check its own file. PostgreSQL has no such check to call.
func (c *checker) database(ctx context.Context) error {
	if c.dialect == postgres {
		return nil
	}
	var lines []string
	if err := c.list(ctx, &lines, `PRAGMA integrity_check(10)`); err != nil {
		return err
	}
	for _, line := range lines {
		if line != "ok" && !c.found(Finding{Code: "damaged-database", Subject: c.path, Message: line, Fix: "restore the last backup"}) {
			return nil
		}
	}
	return nil
}

// counter checks that no pass has a number that is still to be given out.
func (c *checker) counter(ctx context.Context) error {
	const query = `
		SELECT CASE WHEN (SELECT COALESCE(MAX(change_number), 0) FROM passes) > COALESCE((SELECT value FROM change_counter WHERE id = 1), -1) THEN 1 ELSE 0 END`
	var behind bool
	if err := c.get(ctx, &behind, query); err != nil {
		return err
	}
	if behind {
		c.found(Finding{Code: "change-counter", Subject: "change counter", Message: "is behind the passes' change numbers", Fix: "restore the last backup"})
	}
	return nil
}
