package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

type jobCommand struct {
	Add    jobAdd    `cmd:"" help:"Take a job into the ledger: its definition and its template."`
	List   jobList   `cmd:"" help:"List the jobs that the ledger holds."`
	Show   jobShow   `cmd:"" help:"Print a job: definition, template, last run."`
	Export jobExport `cmd:"" help:"Print a job as YAML, or write it with its template into a folder."`
	Remove jobRemove `cmd:"" help:"Remove the definition of a job from the ledger; its passes remain."`
}

// openLedger opens the ledger of the workspace around the current folder.
func openLedger(ctx context.Context, database string) (workspace, *ledger.DB, error) {
	space, err := findWorkspace(".", database)
	if err != nil {
		return space, nil, err
	}
	db, err := space.existing(ctx)
	return space, db, err
}

// openLedgerOf opens the ledger with the passes of a job, which may be named by its file;
// then its name takes the place of that.
func openLedgerOf(ctx context.Context, job *string, database string) (workspace, *ledger.DB, error) {
	space, err := workspaceOf(ctx, job, database)
	if err != nil {
		return space, nil, err
	}
	db, err := space.existing(ctx)
	return space, db, err
}

type jobAdd struct {
	File string `arg:"" type:"existingfile" help:"The job: a YAML file, or a workbook with a sheet Job."`
}

// Help is the end of the command's -h.
func (jobAdd) Help() string {
	return "Run it as passmill make NAME. Source and certificate stay where they are. Added again, the new definition and template take the place of the old, and it is said what changed. Exit status: 0 done, 1 not done."
}

// Run adds the job.
func (c *jobAdd) Run(ctx context.Context, std streams, all *commands) (err error) {
	def, err := fileJob(ctx, c.File)
	if err != nil {
		return err
	}
	job, err := checkDefinition(ctx, std, &def, all.Database)
	if err != nil {
		return err
	}
	space, err := def.workspace(all.Database)
	if err != nil {
		return err
	}
	if job.Dir, err = space.place(def.dir); err != nil {
		return err
	}
	db, err := space.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	before, err := db.Job(ctx, job.Name)
	added := errors.Is(err, jobs.ErrNotFound)
	if err != nil && !added {
		return err
	}
	if def.template != nil {
		if err := db.SaveTemplate(ctx, def.template.Version, def.job.Template, def.template.Files); err != nil {
			return err
		}
	}
	if err := db.SaveJob(ctx, job); err != nil {
		return err
	}
	defer sayNext(std.out, def.job)
	if added {
		fmt.Fprintf(std.out, "job %q is in the ledger; run it%s with: passmill make %q\n", job.Name, space.elsewhere(all.Database), job.Name)
		return nil
	}
	fmt.Fprintf(std.out, "job %q: %s\n", job.Name, changed(before, job))
	return nil
}

// elsewhere says in which folder commands find this ledger, if that isn't the
// current one.
func (w workspace) elsewhere(database string) string {
	here, err := findWorkspace(".", database)
	if err == nil && here.database == w.database {
		return ""
	}
	return fmt.Sprintf(" in the folder %s", w.dir)
}

// changed says what a job has become that was added again.
func changed(before, after ledger.Job) string {
	definition := !bytes.Equal(before.Definition, after.Definition) || before.Dir != after.Dir
	switch template := before.Template != after.Template; {
	case definition && template:
		return "definition and template have changed"
	case definition:
		return "the definition has changed, the template has not"
	case template:
		return "the template has changed, the definition has not"
	}
	return "nothing has changed"
}

type jobRemove struct {
	Name string `arg:"" help:"The job's name."`
}

// Run removes the definition.
func (c *jobRemove) Run(ctx context.Context, std streams, all *commands) (err error) {
	_, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := lookUp(ctx, db, c.Name); err != nil {
		return err
	}
	unlock, err := db.LockJob(ctx, c.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	passes, err := db.RemoveJob(ctx, c.Name)
	if err != nil {
		return err
	}
	remain := count(passes, "pass") + " remain"
	if passes == 1 {
		remain += "s"
	}
	fmt.Fprintf(std.out, "job %q was removed from the ledger; its %s, in the ledger and where they lie\n", c.Name, remain)
	return nil
}

type jobShow struct {
	Name string `arg:"" help:"The job's name."`
	JSON bool   `help:"Print one JSON object."`
}

// Run prints the job.
func (c *jobShow) Run(ctx context.Context, std streams, all *commands) (err error) {
	space, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	stored, err := lookUp(ctx, db, c.Name)
	if err != nil {
		return err
	}
	l := lineOf(space, stored)
	if c.JSON {
		l.Definition = string(stored.Definition)
		return json.NewEncoder(std.out).Encode(l)
	}
	c.print(ctx, std.out, l, stored)
	return nil
}

func (c *jobShow) print(ctx context.Context, w io.Writer, l jobLine, stored ledger.Job) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(table, name+"\t"+format+"\n", args...) }
	row("added", "%s, from %s: %s", l.Added.Local().Format("2 January 2006 15:04"), visible(l.File), fileNow(ctx, l, stored))
	row("folder", "%s", visible(l.Folder))
	if l.Version != "" {
		row("template", "%s, version %s: %s", visible(l.Template), l.Version[:12], templateNow(l, stored))
	}
	row("last run", "%s", l.LastRun)
	table.Flush()
	fmt.Fprintf(w, "\n%s", stored.Definition)
}
