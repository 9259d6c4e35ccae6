package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
)

type checkCommand struct {
	Job string `arg:"" help:"The job: a YAML file, a workbook with a sheet Job, or the name of a job in the ledger."`
	rowOptions
	JSON   bool   `help:"Print each problem as one JSON object on a line of its own."`
	Report string `placeholder:"FILE.xlsx" help:"Also write a workbook with the problems: a copy of the source with coloured cells, notes, and a first sheet that sums up."`
}

// Help is the end of the command's -h.
func (checkCommand) Help() string {
	return "Each problem is printed with file, sheet, cell, field, what is wrong and how to mend it. Nothing is signed, and nothing is written but the report. Exit status: 0 nothing to mend, 3 something, 1 could not look."
}

// A line of check --json.
type problemLine struct {
	File     string        `json:"file,omitempty"`
	Sheet    string        `json:"sheet,omitempty"`
	Row      int           `json:"row,omitempty"`
	Cell     string        `json:"cell,omitempty"`
	Key      string        `json:"key,omitempty"`
	Field    string        `json:"field,omitempty"`
	Serial   string        `json:"serial,omitempty"`
	Code     string        `json:"code"`
	Severity jobs.Severity `json:"severity"`
	Message  string        `json:"message"`
	Fix      string        `json:"fix,omitempty"`
	Value    string        `json:"value,omitempty"`
}

// Run checks every row of the job.
func (c *checkCommand) Run(ctx context.Context, std streams, all *commands) error {
	w, err := openJob(ctx, c.Job, all.Database, false)
	if err != nil {
		return err
	}
	defer w.close()
	report, err := c.newReport(w)
	if err != nil {
		return err
	}
	if report != nil {
		defer report.Close()
	}
	found := 0
	tell := func(p jobs.Problem) {
		if p.Severity == jobs.Refused {
			found++
		}
		if report != nil {
			report.Add(p)
		}
		c.print(std.out, p)
	}
	c.certificate(ctx, w, std, tell)
	ofNobody := -found
	for _, note := range slices.Concat(w.source.Notes(), w.schema.Notes()) {
		tell(note)
	}
	ofNobody += found // such as a pass field of no pass: the passes are made without it
	ofTemplate(w, tell)
	ofJob := found - ofNobody
	if err := w.ready(ctx, time.Time{}); err != nil {
		return err
	}
	meter := newMeter(std.err)
	in := w.importer(w.target(""))
	in.Limit, in.Only, in.Report = c.Limit, c.Only, tell
	in.Progress = func(n jobs.Count) { meter.importing(n, w.source.AtMost()) }
	rows, err := in.Import(ctx, 0)
	meter.stop()
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintf(std.out, "%s: %s good, %s to mend\n", count(rows.Rows, "row"), thousands(rows.Made), thousands(rows.Refused))
		if ofNobody > 0 {
			fmt.Fprintf(std.out, "and %s of no row to mend\n", count(ofNobody, "problem"))
		}
		if ofJob > 0 {
			fmt.Fprintf(std.out, "and %s to mend in the job, its template or its certificate, before any row can be made\n", thousands(ofJob))
		}
	}
	if report != nil {
		if err := writeReport(ctx, std.err, report, c.Report, rows); err != nil {
			return err
		}
	}
	if unfound := in.Unfound(); len(unfound) > 0 {
		return status{cmp.Or(min(rows.Rows, 1)*exitPartly, exitNotDone), w.notFound(unfound, false)}
	}
	if found > 0 {
		return status{code: exitPartly}
	}
	return nil
}

// ofTemplate tells what is odd about the template, whatever the rows say.
func ofTemplate(w *work, tell func(jobs.Problem)) {
	for _, f := range w.filler.known {
		message := f.Message
		if f.Path != "" && f.Path != f.File { // a rule about a file has it as its path
			message = f.Path + " " + message
		}
		tell(jobs.Problem{
			Origin: jobs.Origin{File: f.Place()}, Field: strings.Join(f.Fields, ", "), Code: f.Rule, Severity: f.Severity,
			Message: message, Fix: f.Fix,
		})
	}
}

// certificate reports what is wrong with the job's certificate. Who checks a
// sheet need not have the certificate at hand: then it is only said that it was
// not looked at.
func (c *checkCommand) certificate(ctx context.Context, w *work, std streams, tell func(jobs.Problem)) {
	if lacking := w.lacksCertificate(); lacking != "" {
		fmt.Fprintf(std.err, "the certificate was not looked at: %s\n", lacking)
		return
	}
	err := w.loadIdentity(ctx, time.Now())
	if named := w.template.Identity(); err == nil {
		err = w.identity.CheckPass(named.TypeID, named.TeamID)
	}
	if err != nil {
		tell(jobs.Problem{Code: "certificate", Severity: jobs.Refused, Message: err.Error()})
	}
}

func (c *checkCommand) print(w io.Writer, p jobs.Problem) {
	if !c.JSON {
		fmt.Fprintf(w, "%s%s\n", severityMark(p.Severity), p)
		if p.Value != "" {
			fmt.Fprintf(w, "    the cell says: %s\n", visible(p.Value))
		}
		return
	}
	line, _ := json.Marshal(problemLineOf(p)) // numbers and strings can't fail
	fmt.Fprintf(w, "%s\n", line)
}

func problemLineOf(p jobs.Problem) problemLine {
	return problemLine{
		File: p.Origin.File, Sheet: p.Origin.Sheet, Row: p.Origin.Row, Cell: p.Origin.Cell(), Key: p.Origin.Key, Field: p.Field, Serial: p.Serial,
		Code: p.Code, Severity: p.Severity, Message: p.Message, Fix: p.Fix, Value: p.Value,
	}
}

// visible writes text so that it can't steer the terminal, nor hide what it
// holds. Quotes do neither, and stay as they are.
func visible(s string) string {
	quoted := fmt.Sprintf("%q", s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
