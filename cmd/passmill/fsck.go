package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"passmill/jobs/ledger"
	"passmill/output/dir"
	"passmill/sign/verify"
)

type fsckCommand struct {
	Job  string   `arg:"" help:"The job whose output is looked at: a YAML file, a workbook with a sheet Job, or the name of a job in the ledger."`
	Root []string `type:"existingfile" placeholder:"FILE" help:"Trust this root certificate (PEM) besides Apple's."`
	JSON bool     `help:"Print each finding as one JSON object on a line of its own."`

	untrusted atomic.Int64 // passes whose authority is not trusted
}

// Help is the end of the command's -h.
func (*fsckCommand) Help() string {
	return "Counts add up, each pass that the ledger has is there, whole and verifies, each file belongs to something, nothing is left over. Nothing is changed. Exit status: 0 all is well, 3 something to mend, 1 could not look."
}

// A line of fsck --json.
type fsckLine struct {
	Code    string `json:"code"`
	Advice  bool   `json:"advice"`
	Subject string `json:"subject"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Run proves the ledger against the output of the job.
func (c *fsckCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	def, err := findJob(ctx, c.Job, all.Database)
	if err != nil {
		return err
	}
	w := &work{definition: def}
	if err := w.close(); err != nil { // the rows are not looked at
		return err
	}
	space, err := w.workspace(all.Database)
	if err != nil {
		return err
	}
	if !space.hasLedger() {
		return space.missingLedger()
	}
	roots, err := trustedRoots(c.Root)
	if err != nil {
		return err
	}
	db, err := space.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	o, done, err := c.options(w, space, roots)
	if err != nil {
		return err
	}
	defer done()
	return c.look(ctx, std, db, o)
}

// options says what to compare. An output directory that was never made is
// compared as an empty one would be: the ledger says what is missing. Of a job whose
// passes are only planned, the ledger alone is looked at.
func (c *fsckCommand) options(w *work, space workspace, roots *x509.CertPool) (o ledger.FsckOptions, done func() error, err error) {
	if w.job.Planned() {
		o.Summary = &ledger.FsckSummary{}
		return o, func() error { return nil }, nil
	}
	out := w.path(w.job.Output.Dir)
	if o.Sink, err = space.sink(out); err != nil {
		return o, nil, err
	}
	o.Summary = &ledger.FsckSummary{}
	o.Verify = fsckVerify(roots, &c.untrusted)
	shelf, err := dir.OpenReadOnly(out)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil, fmt.Errorf("%w\nno pass was made there yet, or somebody removed it; passmill make makes what is missing; over a database, with --force", err)
	}
	if err != nil {
		return o, nil, err
	}
	o.Shelf = shelf
	return o, shelf.Close, nil
}

// fsckVerify returns the judgement of package verify on what the ledger claims.
func fsckVerify(roots *x509.CertPool, untrusted *atomic.Int64) func(context.Context, []byte, ledger.Artefact) error {
	chains := &verify.Chains{}
	return func(_ context.Context, data []byte, a ledger.Artefact) error {
		r := verify.Pass(data, verify.Options{Roots: roots, Chains: chains})
		for _, f := range r.Findings {
			if f.Code == "untrusted" {
				untrusted.Add(1)
			} else if f.Severity == verify.Refused {
				return errors.New(f.Message)
			}
		}
		if r.Serial != a.Serial || r.TypeID != a.TypeID {
			return errors.New("it is another pass than the ledger says")
		}
		if a.Certificate != "" && r.Certificate != a.Certificate {
			return errors.New("another certificate has signed it than the ledger says")
		}
		if !bytes.Equal(r.Manifest[:], a.Manifest[:]) {
			return errors.New("it was pressed at another time than the ledger says: its manifest differs")
		}
		return nil
	}
}

func (c *fsckCommand) print(w io.Writer, f ledger.Finding) {
	if c.JSON {
		line, _ := json.Marshal(fsckLine(f)) // strings and booleans can't fail
		fmt.Fprintf(w, "%s\n", line)
		return
	}
	fmt.Fprintln(w, f)
}

func (c *fsckCommand) look(ctx context.Context, std streams, db *ledger.DB, o ledger.FsckOptions) error {
	for f, err := range db.Fsck(ctx, o) {
		if err != nil {
			return err
		}
		c.print(std.out, f)
	}
	s := o.Summary
	if n := int(c.untrusted.Load()); n > 0 {
		s.Damages++
		c.print(std.out, ledger.Finding{
			Code: "untrusted", Subject: count(n, "pass"), Message: "signed by an authority that is not Apple's",
			Fix: "if it is your own, name its root: --root FILE",
		})
	}
	if !c.JSON {
		fmt.Fprintf(std.out, "%s, %s, %s: %s to mend\n", count(s.Runs, "run"), count(s.Passes, "pass"), count(s.Files, "file"), thousands(s.Damages))
	}
	if s.Damages > 0 {
		return status{code: exitPartly}
	}
	return nil
}
