package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

type runsCommand struct {
	List runList `cmd:"" help:"List the newest runs: what they made, what they refused, and who or what started them."`
	Show runShow `cmd:"" help:"Print everything about a run, with its problems."`
}

type runList struct {
	Job   string `placeholder:"JOB" help:"Those of one job: its file, or its name."`
	Limit int    `default:"20" placeholder:"N" help:"How many (default: 20)."`
	JSON  bool   `help:"Print each run as one JSON object on a line of its own."`
}

// A runJSON is a run in JSON; its names are an interface.
type runJSON struct {
	Run       int64         `json:"run"`
	Job       string        `json:"job"`
	State     jobs.RunState `json:"state"`
	StartedBy string        `json:"started_by,omitempty"`
	Started   time.Time     `json:"started"`
	Ended     *time.Time    `json:"ended,omitempty"`
	Seconds   float64       `json:"seconds"`
	Rows      int           `json:"rows"`
	Made      int           `json:"made"`
	Unchanged int           `json:"unchanged"`
	Refused   int           `json:"refused"`
	Heard     int           `json:"heard"`
	Failure   string        `json:"failure,omitempty"`

	Slots    []*slotLine   `json:"slots,omitempty"`
	Told     []toldJSON    `json:"told,omitempty"`
	Problems []problemLine `json:"problems,omitempty"`
}

// A toldJSON is what became of a notice on its way to somebody.
type toldJSON struct {
	To     string              `json:"to"`
	State  ledger.SendingState `json:"state"`
	Answer string              `json:"answer,omitempty"`
}

func runJSONOf(r jobs.Run) runJSON {
	j := runJSON{
		Run: r.ID, Job: r.Key.Job, State: r.State, StartedBy: r.StartedBy, Started: r.Started, Failure: r.Failure, Heard: r.Heard,
		Rows: r.Count.Rows, Made: r.Count.Made, Unchanged: r.Count.Unchanged, Refused: r.Count.Refused,
	}
	if !r.Finished.IsZero() {
		j.Ended, j.Seconds = &r.Finished, r.Finished.Sub(r.Started).Seconds()
	}
	return j
}

// Run lists the runs.
func (c *runList) Run(ctx context.Context, std streams, all *commands) (err error) {
	_, db, err := openLedgerOf(ctx, &c.Job, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	runs, err := db.Runs(ctx, c.Job, max(c.Limit, 1))
	if err != nil {
		return err
	}
	if c.JSON {
		for _, r := range runs {
			if err := json.NewEncoder(std.out).Encode(runJSONOf(r)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(runs) == 0 {
		fmt.Fprintln(std.out, "no runs yet")
		return nil
	}
	return printRuns(std.out, runs)
}

// printRuns prints a table. A column in which nothing would stand is left out.
func printRuns(w io.Writer, runs []jobs.Run) error {
	type column struct {
		name string
		of   func(jobs.Run) string
	}
	columns := []column{
		{"RUN", func(r jobs.Run) string { return strconv.FormatInt(r.ID, 10) }},
		{"JOB", func(r jobs.Run) string { return visible(r.Key.Job) }},
		{"STARTED", func(r jobs.Run) string { return r.Started.Local().Format("2006-01-02 15:04") }},
		{"TOOK", took},
		{"OUTCOME", runOutcome},
		{"MADE", func(r jobs.Run) string { return thousands(r.Count.Made) }},
		{"UNCHANGED", func(r jobs.Run) string { return thousands(r.Count.Unchanged) }},
		{"REFUSED", func(r jobs.Run) string { return thousands(r.Count.Refused) }},
		{"HEARD", func(r jobs.Run) string { return thousands(r.Heard) }},
		{"BY", func(r jobs.Run) string { return shortStarter(r.StartedBy) }},
	}
	empty := map[string]string{"HEARD": "0", "BY": "-"}
	columns = slices.DeleteFunc(columns, func(c column) bool {
		usual, ok := empty[c.name]
		return ok && !slices.ContainsFunc(runs, func(r jobs.Run) bool { return c.of(r) != usual })
	})
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	var cells []string
	for _, c := range columns {
		cells = append(cells, c.name)
	}
	fmt.Fprintln(table, strings.Join(cells, "\t"))
	for _, r := range runs {
		cells = cells[:0]
		for _, c := range columns {
			cells = append(cells, c.of(r))
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	return nil
}

// shortStarter is who started a run, in a word.
func shortStarter(by string) string {
	kind, rest, _ := strings.Cut(by, " ")
	if kind == "command" {
		return visible(rest)
	}
	return cmp.Or(visible(kind), "-")
}

// took says how long a run took.
func took(r jobs.Run) string {
	if r.Finished.IsZero() {
		return "-"
	}
	d := r.Finished.Sub(r.Started)
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// runOutcome says in a word what became of a run.
func runOutcome(r jobs.Run) string {
	open := r.State == jobs.RunImporting || r.State == jobs.RunPressing
	switch {
	case r.Failure != "":
		return "failed"
	case r.State == jobs.RunDone && r.Count.Refused > 0:
		return "partly"
	case open:
		return "open"
	}
	return string(r.State)
}
