package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

type runShow struct {
	ID   int64 `arg:"" name:"run" help:"The number of the run."`
	JSON bool  `help:"Print one JSON object, with all problems."`
}

// Run prints the run.
func (c *runShow) Run(ctx context.Context, std streams, all *commands) (err error) {
	_, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	run, err := db.Run(ctx, c.ID)
	if errors.Is(err, jobs.ErrNotFound) {
		return fmt.Errorf("the ledger has no run %d; passmill run list lists them", c.ID)
	}
	if err != nil {
		return err
	}
	j := runJSONOf(run)
	slots, err := db.SlotsOf(ctx, run.ID)
	if err != nil {
		return err
	}
	for _, s := range slots {
		j.Slots = append(j.Slots, slotLineOf(s))
	}
	told, err := db.SendingsOf(ctx, run.ID)
	if err != nil {
		return err
	}
	for _, s := range told {
		j.Told = append(j.Told, toldJSON{s.To, s.State, s.Answer})
	}
	if c.JSON {
		return c.json(ctx, std.out, db, j)
	}
	if err := j.print(std.out, run); err != nil {
		return err
	}
	return c.problems(ctx, std.out, db)
}

func (c *runShow) json(ctx context.Context, w io.Writer, db *ledger.DB, j runJSON) error {
	for p, err := range db.Problems(ctx, c.ID) {
		if err != nil {
			return err
		}
		j.Problems = append(j.Problems, problemLineOf(p))
	}
	return json.NewEncoder(w).Encode(j)
}

// print prints everything but the problems.
func (j runJSON) print(w io.Writer, run jobs.Run) error {
	fmt.Fprintf(w, "run %d of job %s\n", j.Run, visible(j.Job))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(table, "  "+name+"\t"+format+"\n", args...) }
	row("started", "%s", j.Started.Local().Format("2 January 2006 15:04:05 MST"))
	row("by", "%s", cmp.Or(visible(j.StartedBy), "-"))
	row("took", "%s", took(run))
	row("outcome", "%s", runOutcome(run))
	if j.Failure != "" {
		for line := range strings.SplitSeq(j.Failure, "\n") {
			row("", "%s", visible(line))
		}
	}
	c := run.Count
	row("rows", "%s: %s made, %s unchanged, %s refused", thousands(c.Rows), thousands(c.Made), thousands(c.Unchanged), thousands(c.Refused))
	if j.Heard > 0 {
		row("devices", "%s of its changes", heard(j.Heard))
	}
	for _, s := range j.Slots {
		if s.Reason == j.Failure { // it stands above
			s.Reason = ""
		}
		row("slot", "%s", s)
	}
	for _, t := range j.Told {
		text := fmt.Sprintf("%s: %s", visible(t.To), t.State)
		if t.Answer != "" {
			text += ", " + visible(t.Answer)
		}
		row("told", "%s", text)
	}
	return table.Flush()
}

func heard(n int) string {
	if n == 1 {
		return "1 hears"
	}
	return thousands(n) + " hear"
}

// problems prints the problems of the run, as many as a person reads.
func (c *runShow) problems(ctx context.Context, w io.Writer, db *ledger.DB) error {
	n := 0
	for p, err := range db.Problems(ctx, c.ID) {
		if err != nil {
			return err
		}
		if n++; n > tellAtMost {
			continue
		}
		if n == 1 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s%s\n", severityMark(p.Severity), p)
	}
	if n > tellAtMost {
		fmt.Fprintf(w, "… and %s more; --json lists them all\n", thousands(n-tellAtMost))
	}
	return nil
}
