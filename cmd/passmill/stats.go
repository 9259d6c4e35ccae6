package main

import (
	"context"
	"encoding/csv"
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
	"passmill/jobs/sheet"
)

type statsCommand struct {
	Job  string `arg:"" optional:"" help:"The job: its file, or its name; all jobs together if it is left out."`
	Days int    `default:"30" placeholder:"N" help:"How many days to look back, today included (default: 30)."`
	From string `placeholder:"DAY" help:"The first day instead, as 2026-11-25 (UTC)."`
	To   string `placeholder:"DAY" help:"The last day (default: today)."`
	CSV  bool   `name:"csv" xor:"form" help:"Print a line for each job and day as CSV."`
	JSON bool   `xor:"form" help:"Print a JSON object for each job and day on a line of its own."`
}

// Help is the end of the command's -h.
func (statsCommand) Help() string {
	return "What became of passes, counted by day (UTC): made for the first time, mailed, link opened, downloaded, installed (a phone registered for it), updated (a phone fetched a newer version), removed. " +
		"Nothing is kept of who did it. Exit status: 0 printed, 1 not printed, 2 wrong command line."
}

// A statsLine is a day of a job.
type statsLine struct {
	day, job string
	counts   map[jobs.FunnelStep]int
}

// Run prints the funnel.
func (c *statsCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	from, to, err := c.days(time.Now().UTC())
	if err != nil {
		return status{exitUsage, err}
	}
	_, db, err := openLedgerOf(ctx, &c.Job, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	counts, err := db.Funnel(ctx, c.Job, from, to)
	if err != nil {
		return err
	}
	byJob := c.CSV || c.JSON
	lines := byDay(counts, byJob)
	switch {
	case c.CSV:
		return statsCSV(std.out, lines)
	case c.JSON:
		return statsJSON(std.out, lines)
	case len(lines) == 0:
		of := ""
		if c.Job != "" {
			of = fmt.Sprintf(" of job %q", c.Job)
		}
		fmt.Fprintf(std.out, "nothing%s was counted from %s to %s\n", of, from, to)
		return nil
	}
	return statsTable(std.out, lines)
}

// days returns the first and the last day.
func (c *statsCommand) days(now time.Time) (from, to string, err error) {
	to = now.Format(time.DateOnly)
	from = now.AddDate(0, 0, 1-max(c.Days, 1)).Format(time.DateOnly)
	for _, d := range []struct{ given, to *string }{{&c.From, &from}, {&c.To, &to}} {
		if *d.given == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, *d.given); err != nil {
			return "", "", fmt.Errorf("%q is no day; write it as %s", *d.given, now.Format(time.DateOnly))
		}
		*d.to = *d.given
	}
	if from > to {
		return "", "", fmt.Errorf("the first day, %s, comes after the last, %s", from, to)
	}
	return from, to, nil
}

// byDay adds counts up by day, and by job if that is asked.
func byDay(counts []jobs.FunnelCount, byJob bool) (lines []statsLine) {
	for _, c := range counts {
		job := c.Job
		if !byJob {
			job = ""
		}
		i := slices.IndexFunc(lines, func(l statsLine) bool { return l.day == c.Day && l.job == job })
		if i < 0 {
			i = len(lines)
			lines = append(lines, statsLine{c.Day, job, map[jobs.FunnelStep]int{}})
		}
		lines[i].counts[c.Step] += c.Count
	}
	return lines
}

// statsTable prints a line for each day, and below the sums and what part of the
// passes that were made they are.
func statsTable(w io.Writer, lines []statsLine) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(first string, cell func(jobs.FunnelStep) string) {
		fmt.Fprintf(table, "%s\t", first)
		for _, s := range jobs.FunnelSteps {
			fmt.Fprintf(table, "%s\t", cell(s))
		}
		fmt.Fprintln(table)
	}
	row("DAY", func(s jobs.FunnelStep) string { return strings.ToUpper(string(s)) })
	sums := map[jobs.FunnelStep]int{}
	for _, l := range lines {
		row(l.day, func(s jobs.FunnelStep) string { sums[s] += l.counts[s]; return thousands(l.counts[s]) })
	}
	row("all", func(s jobs.FunnelStep) string { return thousands(sums[s]) })
	if made := sums[jobs.FunnelMade]; made > 0 {
		row("of made", func(s jobs.FunnelStep) string {
			if s == jobs.FunnelUpdated { // as often as phones fetch: no part of anything
				return ""
			}
			return fmt.Sprintf("%.1f%%", 100*float64(sums[s])/float64(made))
		})
	}
	return table.Flush()
}

func statsCSV(w io.Writer, lines []statsLine) error {
	out := csv.NewWriter(w)
	head := []string{"day", "job"}
	for _, s := range jobs.FunnelSteps {
		head = append(head, string(s))
	}
	records := [][]string{head}
	for _, l := range lines {
		record := []string{l.day, sheet.NoFormula(l.job)}
		for _, s := range jobs.FunnelSteps {
			record = append(record, strconv.Itoa(l.counts[s]))
		}
		records = append(records, record)
	}
	return out.WriteAll(records)
}

func statsJSON(w io.Writer, lines []statsLine) error {
	out := json.NewEncoder(w)
	for _, l := range lines {
		object := map[string]any{"day": l.day, "job": l.job}
		for _, s := range jobs.FunnelSteps {
			object[string(s)] = l.counts[s]
		}
		if err := out.Encode(object); err != nil {
			return err
		}
	}
	return nil
}
