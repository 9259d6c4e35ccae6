package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

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
	if !space.hasLedger() {
		return space, nil, space.missingLedger()
	}
	db, err := space.open(ctx)
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
	job, err := checkDefinition(ctx, std, &def)
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
	if added {
		fmt.Fprintf(std.out, "job %q is in the ledger; run it with: passmill make %q\n", job.Name, job.Name)
		return nil
	}
	fmt.Fprintf(std.out, "job %q: %s\n", job.Name, changed(before, job))
	return nil
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
	fmt.Fprintf(std.out, "job %q was removed from the ledger; its %s remain, in the ledger and where they lie\n", c.Name, count(passes, "pass"))
	return nil
}

type jobList struct {
	JSON bool `help:"Print each job as one JSON object on a line of its own."`
}

// A jobLine is a job of job list --json and job show --json.
type jobLine struct {
	Name       string    `json:"name"`
	Source     string    `json:"source"`
	Template   string    `json:"template"`
	Version    string    `json:"version,omitempty"`
	Folder     string    `json:"folder"`
	File       string    `json:"file"`
	Added      time.Time `json:"added"`
	LastRun    *runLine  `json:"last_run,omitempty"`
	Definition string    `json:"definition,omitempty"`
}

type runLine struct {
	Run       int64         `json:"run"`
	State     jobs.RunState `json:"state"`
	Started   time.Time     `json:"started"`
	Rows      int           `json:"rows"`
	Made      int           `json:"made"`
	Unchanged int           `json:"unchanged"`
	Refused   int           `json:"refused"`
}

// Run lists the jobs.
func (c *jobList) Run(ctx context.Context, std streams, all *commands) (err error) {
	space, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list, err := db.Jobs(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		for _, j := range list {
			if err := json.NewEncoder(std.out).Encode(lineOf(space, j)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		fmt.Fprintln(std.out, "the ledger holds no job; passmill job add FILE puts one there")
		return nil
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSOURCE\tTEMPLATE\tLAST RUN")
	for _, j := range list {
		l := lineOf(space, j)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", visible(l.Name), visible(l.Source), visible(l.Template), l.LastRun)
	}
	return table.Flush()
}

// lineOf describes a job. Of one that this program can't read, source and template
// stay empty.
func lineOf(space workspace, j ledger.Job) jobLine {
	l := jobLine{Name: j.Name, Folder: space.folder(j.Dir), File: j.File, Added: j.Added}
	if job, err := jobs.ParseJob(j.Definition, j.Name); err == nil {
		l.Template, l.Source = job.Template, sourceLine(job.Source)
	}
	if j.Template != (jobs.Hash{}) {
		l.Version = fmt.Sprintf("%x", j.Template)
	}
	if r := j.LastRun; r != nil {
		l.LastRun = &runLine{r.ID, r.State, r.Started, r.Count.Rows, r.Count.Made, r.Count.Unchanged, r.Count.Refused}
	}
	return l
}

// sourceLine says in a few words where rows come from.
func sourceLine(s jobs.SourceSpec) string {
	switch s.Kind {
	case jobs.SourceQuery:
		return "query"
	case jobs.SourceTables:
		return "tables"
	}
	if s.Sheet != "" {
		return fmt.Sprintf("%s, %s", s.File, s.Sheet)
	}
	return s.File
}

// String returns the run in a line.
func (r *runLine) String() string {
	if r == nil {
		return "never"
	}
	return fmt.Sprintf("run %d, %s, %s: %s, %s made, %s unchanged, %s refused", r.Run, r.Started.Local().Format("2 January 2006 15:04"), r.State,
		count(r.Rows, "row"), thousands(r.Made), thousands(r.Unchanged), thousands(r.Refused))
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
