package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

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
