package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/table"
)

type tablesCommand struct {
	Create tablesCreateCommand `cmd:"" help:"Make the four classic tables in a database of yours."`
}

type tablesCreateCommand struct {
	Database    string `arg:"" optional:"" name:"source-database" help:"An SQLite file, which is made, or a postgres:// URL (default: that of the job, of PASSMILL_SOURCE_DATABASE, or sourceDatabase of passmill.yaml)."`
	DatabaseEnv string `placeholder:"VARIABLE" help:"The environment variable that holds the database, which a password should not leave."`
	Job         string `placeholder:"JOB" help:"The job whose database it is."`
	Print       bool   `help:"Print the statements, and make nothing."`
}

// Help is the end of the command's -h.
func (tablesCreateCommand) Help() string {
	return "Tables that are there are left as they are. A job with `source: tables` makes the passes in them. Exit status: 0 done, 1 not done."
}

// Run makes the tables.
func (c *tablesCreateCommand) Run(ctx context.Context, std streams, all *commands) error {
	database, err := c.database(ctx, all.Database)
	if err != nil {
		return err
	}
	if c.Print {
		fmt.Fprint(std.out, table.Script(database))
		return nil
	}
	name, err := table.Create(ctx, database)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "the tables pass_foundation, pass_job, pass_job_field and pass_job_dictionary are in %s\n", name)
	return nil
}

// database returns the database that the command line names in one of its ways.
func (c *tablesCreateCommand) database(ctx context.Context, ledger string) (string, error) {
	named := 0
	for _, word := range []string{c.Database, c.DatabaseEnv, c.Job} {
		if word != "" {
			named++
		}
	}
	switch {
	case named > 1:
		return "", status{exitUsage, errors.New("name the database in one way: as an argument, with --database-env, or with --job")}
	case c.Database != "":
		return c.Database, nil
	case c.DatabaseEnv != "":
		return fromEnvironment(c.DatabaseEnv)
	case c.Job == "":
		name, err := defaultDatabase(".")
		if errors.Is(err, errNoDatabase) {
			err = fmt.Errorf("%w; or name it here, as an SQLite file or a postgres:// URL: passmill tables create FILE", err)
		}
		return name, err
	}
	def, err := findJob(ctx, c.Job, ledger)
	if err != nil {
		return "", err
	}
	defer def.close()
	return (&work{definition: def}).database()
}

// openTables opens the four classic tables. They say what the job leaves open:
// the template, the serial number's field, and the names of the files.
func (w *work) openTables(ctx context.Context) (rowSource, error) {
	database, err := w.database()
	if err != nil {
		return nil, err
	}
	c, err := table.OpenClassic(ctx, table.ClassicOptions{Database: database, TypeID: w.passType(ctx), Now: time.Now()})
	if err != nil {
		return nil, err // not a *table.Classic that is nil
	}
	f := c.Foundation()
	names, err := jobs.ParsePattern(cmp.Or(w.job.Output.Name, f.Pattern()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("output_name of pass_foundation: %w", err), c.Close())
	}
	w.names = names
	w.job.Output.Name = cmp.Or(w.job.Output.Name, f.Pattern())
	w.job.Template = cmp.Or(w.job.Template, filepath.ToSlash(f.Stationery))
	w.job.Serial = cmp.Or(w.job.Serial, table.SerialColumn)
	return c, nil
}

// passType returns the pass type of the job's certificate; "" if that is not
// there, as for somebody who only checks.
func (w *work) passType(ctx context.Context) string {
	if w.identity == nil && w.lacksCertificate() == "" {
		other := &work{definition: w.definition, named: w.named}
		if err := other.loadIdentity(ctx, time.Now()); err == nil { // if not, somebody else says so
			return other.identity.TypeID()
		}
	}
	if w.identity == nil {
		return ""
	}
	return w.identity.TypeID()
}

// checkType makes sure that the rows of the classic tables are those of the
// certificate's pass type: it was chosen once without the template, to find that,
// and once with it.
func (w *work) checkType() error {
	c, ok := w.source.(*table.Classic)
	if !ok || w.identity == nil || w.identity.TypeID() == c.Foundation().TypeID {
		return nil
	}
	return fmt.Errorf("the rows of pass_job would be those of %s, but template %s asks for the certificate of %s; name the right one in the job (certificate: {passType: …}), or take passTypeIdentifier out of the template",
		c.Foundation().TypeID, w.job.Template, w.identity.TypeID())
}

// A completer marks rows as completed when their passes are made. That of a
// source without marks does nothing.
type completer struct {
	marker *table.Marker
}

// completer has the importer's rows noted, if they are to be marked.
func (m *maker) completer(in *jobs.Importer) (completer, error) {
	classic, ok := m.work.source.(*table.Classic)
	if !ok {
		return completer{}, nil
	}
	marker, err := table.NewMarker(classic, m.work.job.Name)
	if err != nil {
		return completer{}, err
	}
	in.Taken, in.Untaken = marker.Taken, marker.Untaken
	return completer{marker}, nil
}

// complete marks what the ledger knows to be made.
func (c completer) complete(ctx context.Context, db *ledger.DB, target jobs.Target) error {
	if c.marker == nil {
		return nil
	}
	return c.marker.Mark(ctx, func(ctx context.Context, serials []string) (map[string]jobs.Known, error) {
		known, err := db.Known(ctx, target.TypeID, target.Sink, serials)
		for serial, k := range known {
			if target.Sink == "" { // there is no file to be missed
				k.Name = serial
				known[serial] = k
			}
		}
		return known, err
	})
}

func (c completer) close() error {
	if c.marker == nil {
		return nil
	}
	return c.marker.Close()
}
