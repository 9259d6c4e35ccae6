package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// Kinds of notices.
const (
	runFailed  = "run.failed"  // a run that did not come to its end, or did not begin
	runPartly  = "run.partly"  // a run that made passes and did not do all that belongs to it
	runRefused = "run.refused" // a run that refused more rows than the job's notify allows
)

// A notice is what the operator is told of a run. Its JSON is what webhooks get; its
// names are an interface.
type notice struct {
	ID        string    `json:"id"` // the same however often it is sent
	Type      string    `json:"type"`
	Time      time.Time `json:"time"`
	Job       string    `json:"job"`
	Run       int64     `json:"run,omitempty"`
	StartedBy string    `json:"started_by"`
	Rows      int       `json:"rows"`
	Made      int       `json:"made"`
	Unchanged int       `json:"unchanged"`
	Refused   int       `json:"refused"`
	Failure   string    `json:"failure,omitempty"`
	Host      string    `json:"host"`
}

// record returns the notice as the ledger keeps it.
func (n notice) record(to []string) *ledger.Notice {
	body, _ := json.Marshal(n) // strings and numbers can't fail
	return &ledger.Notice{ID: n.ID, Kind: n.Type, Job: n.Job, Run: n.Run, Body: body, Created: n.Time, To: to}
}

// title is the notice in a line.
func (n notice) title() string {
	if n.Type == runRefused {
		return fmt.Sprintf("job %q refused %s of %s", n.Job, thousands(n.Refused), count(n.Rows, "row"))
	}
	if n.Type == runPartly {
		return fmt.Sprintf("job %q was done in part", n.Job)
	}
	return fmt.Sprintf("job %q was not done", n.Job)
}

// text is the mail.
func (n notice) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\n", n.title())
	if n.Failure != "" {
		fmt.Fprintf(&b, "    %s\n\n", strings.ReplaceAll(n.Failure, "\n", "\n    "))
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, value) }
	row("started by", visible(n.StartedBy))
	row("on", n.Host)
	row("ended", n.Time.UTC().Format("2 January 2006 15:04 MST"))
	if n.Run != 0 {
		row("run", fmt.Sprint(n.Run))
	}
	if n.Rows > 0 {
		row("rows", fmt.Sprintf("%s: %s made, %s unchanged, %s refused", thousands(n.Rows), thousands(n.Made), thousands(n.Unchanged), thousands(n.Refused)))
	}
	table.Flush()
	if n.Run != 0 {
		what := "What is wrong with which row"
		if n.Refused == 0 {
			what = "What is known of it"
		}
		fmt.Fprintf(&b, "\n%s: passmill run show %d\n", what, n.Run)
	}
	if n.Type == runFailed {
		b.WriteString("Once the cause is mended, the next run goes on where this one was.\n")
	}
	return b.String()
}

// passFile is the name of a pass's file, which holds a serial number.
var passFile = regexp.MustCompile(`[^\s:"']*\.pkpass(es)?\b`)

// mailAddress is somebody's address, with a name before it or without.
var mailAddress = regexp.MustCompile(`[^\s<>"',;:@]+@[^\s<>"',;:@]+\.[^\s<>"',;:@]+`)

// failureText says why a run failed, without anything of a customer's.
func failureText(err error) string {
	text := passFile.ReplaceAllString(err.Error(), "a pass")
	text = mailAddress.ReplaceAllString(text, "an address")
	const most = 2000
	if len(text) > most {
		text = text[:most]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
		text += " …"
	}
	return text
}

// countOf fills in the counts.
func (n notice) countOf(c jobs.Count) notice {
	n.Rows, n.Made, n.Unchanged, n.Refused = c.Rows, c.Made, c.Unchanged, c.Refused
	return n
}
