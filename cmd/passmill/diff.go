package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/table"
	"passmill/render"
)

type diffCommand struct {
	Job    string   `arg:"" help:"The job: a YAML file, a workbook with a sheet Job, or the name of a job in the ledger."`
	Limit  int      `default:"20" placeholder:"N" help:"Show the first N passes that change (default: 20); 0 shows all. The summary counts all."`
	Serial []string `sep:"none" placeholder:"SERIAL" help:"Look at the row with this serial number only; may be repeated."`
	JSON   bool     `help:"Print each pass as one JSON object on a line of its own, and then the summary."`
}

// Help is the end of the command's -h.
func (diffCommand) Help() string {
	return "Nothing is made, and nothing is written down. What is shown is customers' data. Exit status: 0 done, 1 not done, 2 wrong command line, 3 some rows would be refused."
}

// A passDiff is how a pass would change; its JSON names are an interface.
type passDiff struct {
	Serial  string       `json:"serial"`
	New     bool         `json:"new,omitempty"`     // nobody has it yet
	Changes []diffChange `json:"changes,omitempty"` // that its row causes
	Devices int          `json:"devices"`           // that hear of it
	Message string       `json:"message,omitempty"` // that they show
	Silent  string       `json:"silent,omitempty"`  // why they show none

	fromTemplate []diffChange // that the template causes
	same         bool         // it would only be pressed again
}

type diffChange struct {
	Place string  `json:"place"`
	Label string  `json:"label,omitempty"`
	Old   *string `json:"old"`
	New   *string `json:"new"`
}

// A templateDiff is a place that the template changes in many passes.
type templateDiff struct {
	diffChange
	Passes int  `json:"passes"`
	Varies bool `json:"varies,omitempty"` // in other passes it is another value
}

// A diffSummary is what a diff came to; its JSON names are an interface.
type diffSummary struct {
	Changed   int            `json:"changed"`
	New       int            `json:"new"`
	Again     int            `json:"pressed_again,omitempty"` // their files are missing or older
	Unchanged int            `json:"unchanged"`
	Refused   int            `json:"refused"`
	Gone      int            `json:"gone"` // valid passes without a row
	Missing   string         `json:"missing,omitempty"`
	Devices   int            `json:"devices"`
	Template  []templateDiff `json:"template,omitempty"`
	Messages  int            `json:"with_message"` // passes that show a message
}

// Run shows what would change.
func (c *diffCommand) Run(ctx context.Context, std streams, all *commands) error {
	w, err := openJob(ctx, c.Job, all.Database, true)
	if err != nil {
		return err
	}
	defer w.close()
	space, err := w.workspace(all.Database)
	if err != nil {
		return err
	}
	m := newMaker(makeCommand{Job: c.Job, rowOptions: rowOptions{Only: c.Serial}}, w, std.err)
	m.space = space
	d := &differ{diffCommand: *c, work: w, meter: m.meter, out: std.out, fillers: map[kitKey]*filler{}}
	m.looks, m.looked = d.over, d.gone
	n, err := m.dryRun(ctx)
	m.meter.stop()
	m.told.rest(fmt.Sprintf("passmill check %s", c.Job))
	if err != nil && !errors.Is(err, jobs.ErrTooManyRefused) {
		return explain(err)
	}
	if err := d.finish(n); err != nil {
		return err
	}
	switch {
	case len(m.unfound) > 0:
		return status{exitPartly, w.notFound(m.unfound, false)}
	case err != nil:
		return fmt.Errorf("a run would stop before the first pass: %w", err)
	case n.Refused > 0:
		return status{code: exitPartly}
	}
	return nil
}

// A differ is a ledger that is looked into and not written to: it shows how what is
// staged differs from what is there.
type differ struct {
	jobs.Snapshot
	diffCommand
	db    *ledger.DB
	work  *work
	meter *meter
	out   io.Writer

	fillers  map[kitKey]*filler // of older versions
	sum      diffSummary
	places   map[string]int // where in sum.Template a place is
	present  ledger.IDSet   // passes that have a row
	nameless int
	devices  ledger.IDSet
	shown    int
	twice    int // passes that were shown, and whose rows turned out to be refused
}

func (d *differ) over(db *ledger.DB) jobs.Snapshot {
	d.db, d.Snapshot, d.places = db, readOnly{db}, map[string]int{}
	return d
}

// Stage implements [jobs.Snapshot].
func (d *differ) Stage(ctx context.Context, _ int64, b jobs.Batch) error {
	d.present.Add(b.Seen...)
	if err := d.refused(ctx, b.Problems); err != nil || len(b.Staged) == 0 {
		return err
	}
	serials := make([]string, len(b.Staged))
	for i := range b.Staged {
		serials[i] = b.Staged[i].Serial
	}
	rows, err := d.db.PassesBySerial(ctx, serials, "", d.work.identity.TypeID())
	if err != nil {
		return err
	}
	was := make(map[string]*ledger.PassRow, len(rows))
	ids := make([]int64, len(rows))
	for i := range rows {
		was[rows[i].Serial], ids[i] = &rows[i], rows[i].ID
	}
	d.present.Add(ids...)
	// Those that would only be pressed again tell nobody.
	var changed []int64
	diffs := make([]passDiff, len(b.Staged))
	for i := range b.Staged {
		if diffs[i], err = d.compare(ctx, &b.Staged[i], was[b.Staged[i].Serial]); err != nil {
			return err
		}
		if old := was[b.Staged[i].Serial]; old != nil && !diffs[i].same {
			changed = append(changed, old.ID)
		}
	}
	holders, err := d.db.Holders(ctx, changed, &d.devices)
	if err != nil {
		return err
	}
	for i := range diffs {
		if old := was[diffs[i].Serial]; old != nil {
			diffs[i].Devices = holders[old.ID]
		}
		if err := d.count(&diffs[i]); err != nil {
			return err
		}
	}
	return nil
}

// refused notes whose rows are refused: their passes are not gone.
func (d *differ) refused(ctx context.Context, problems []jobs.Problem) error {
	var serials []string
	rows := map[int]bool{}
	for _, p := range problems {
		switch {
		case p.Severity != jobs.Refused:
		case p.Serial == "":
			rows[p.Origin.Row] = true
		default:
			serials = append(serials, p.Serial)
		}
	}
	d.nameless += len(rows)
	ids, err := d.db.PassIDs(ctx, d.work.identity.TypeID(), serials)
	d.present.Add(ids...)
	return err
}

// Withdraw implements [jobs.Snapshot].
func (d *differ) Withdraw(_ context.Context, _ int64, rows []int, _ []int64) error {
	d.twice += len(rows)
	return nil
}

// count counts a difference, and shows it if there is room.
func (d *differ) count(p *passDiff) error {
	switch {
	case p.New:
		d.sum.New++
	case p.same:
		d.sum.Again++
		return nil
	default:
		d.sum.Changed++
	}
	if p.Message != "" {
		d.sum.Messages++
	}
	for _, c := range p.fromTemplate {
		d.template(c)
	}
	if !p.New && len(p.Changes) == 0 || d.Limit > 0 && d.shown >= d.Limit {
		return nil
	}
	d.shown++
	d.meter.stop()
	if d.JSON {
		return json.NewEncoder(d.out).Encode(p)
	}
	return p.print(d.out)
}

// template adds up what the template causes.
func (d *differ) template(c diffChange) {
	i, met := d.places[c.Place]
	if !met {
		d.places[c.Place] = len(d.sum.Template)
		d.sum.Template = append(d.sum.Template, templateDiff{diffChange: c, Passes: 1})
		return
	}
	t := &d.sum.Template[i]
	t.Passes++
	t.Varies = t.Varies || valueText(t.Old) != valueText(c.Old) || valueText(t.New) != valueText(c.New)
}

// gone counts the passes that have no row.
func (d *differ) gone(ctx context.Context) error {
	q, ok := d.work.source.(*table.Query)
	if some := ok && q.HasSince() || d.work.job.Source.Kind == jobs.SourceTables; some || len(d.Serial) > 0 {
		return nil // not all rows are read
	}
	absent, of, err := d.db.Absent(ctx, d.work.job.Name, d.work.identity.TypeID(), d.present)
	if err != nil {
		return err
	}
	d.sum.Gone = len(absent)
	d.sum.Missing = fate(d.work.job.Missing, len(absent), of, d.nameless)
	return nil
}

// finish prints the summary.
func (d *differ) finish(n jobs.Count) error {
	d.sum.Unchanged, d.sum.Refused, d.sum.Devices = n.Unchanged, n.Refused, d.devices.Len()
	if d.db == nil {
		d.sum.New = n.Made
	}
	if d.JSON {
		return json.NewEncoder(d.out).Encode(map[string]diffSummary{"summary": d.sum})
	}
	d.sum.print(d.out, d)
	return nil
}

// fate says what becomes of passes without a row.
func fate(spec jobs.MissingSpec, missing, of, nameless int) string {
	switch {
	case missing == 0:
		return ""
	case spec.Standing().Valid():
		return "missing: keep leaves them as they are"
	case spared(spec, missing, of, nameless) != "":
		return choose(missing, "it is left as it is", "they are left as they are") + ": more than most: under missing: allows, or rows are refused that may be theirs"
	case spec.Do == jobs.MissingVoid:
		return "missing: void makes them void"
	}
	return "missing: expire ends them"
}

func valueText(s *string) string {
	if s == nil {
		return "nothing"
	}
	return visible(shorten(*s))
}

// shorten bounds a value on a line.
func shorten(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

func (c diffChange) print(w io.Writer, more string) {
	place := c.Place
	if c.Label != "" && strings.HasSuffix(c.Place, ": value") {
		place = fmt.Sprintf("%s (%s)", c.Label, strings.TrimSuffix(c.Place, ": value"))
	}
	fmt.Fprintf(w, "  %s: %s → %s%s\n", visible(place), valueText(c.Old), valueText(c.New), more)
}

func (p *passDiff) print(w io.Writer) error {
	if p.New {
		_, err := fmt.Fprintf(w, "%s is new\n", visible(p.Serial))
		return err
	}
	shows := "no message is shown: " + p.Silent
	if p.Message != "" {
		shows = fmt.Sprintf("shows %q", shorten(p.Message))
	}
	fmt.Fprintf(w, "%s, on %s: %s\n", visible(p.Serial), count(p.Devices, "device"), shows)
	for _, c := range p.Changes {
		c.print(w, "")
	}
	return nil
}

func (s *diffSummary) print(w io.Writer, d *differ) {
	if hidden := s.New + s.Changed - d.shown; hidden > 0 && d.shown > 0 && d.Limit > 0 && d.shown >= d.Limit {
		fmt.Fprintf(w, "… and %s more; --limit 0 shows all\n", thousands(hidden))
	}
	for _, t := range s.Template {
		more := fmt.Sprintf(", in %s", count(t.Passes, "pass"))
		if t.Varies {
			more = fmt.Sprintf(" in one of %s", count(t.Passes, "pass"))
		}
		if t == s.Template[0] {
			fmt.Fprintln(w, "the template changes:")
		}
		t.print(w, more)
	}
	fmt.Fprintf(w, "%s, %s new, %s unchanged, %s refused\n", count(s.Changed, "pass")+choose(s.Changed, " changes", " change"), thousands(s.New), thousands(s.Unchanged), thousands(s.Refused))
	if d.twice > 0 {
		fmt.Fprintf(w, "%s of these %s refused after all: %s\n", count(d.twice, "row"), choose(d.twice, "is", "are"), choose(d.twice, "its serial number comes twice", "their serial numbers come twice"))
	}
	if s.Again > 0 {
		fmt.Fprintf(w, "%s would be pressed again without a change: missing, older than its pass, or of a row in which only what mails need has changed\n", count(s.Again, "file"))
	}
	if s.Gone > 0 {
		fmt.Fprintf(w, "%s no row any more: %s\n", count(s.Gone, "pass")+choose(s.Gone, " has", " have"), s.Missing)
	}
	if s.Changed > 0 {
		fmt.Fprintf(w, "%s; %s a message\n", hear(s.Devices, true), count(s.Messages, "pass")+choose(s.Messages, " shows", " show"))
	}
}

// changesOf turns differences into lines, without what says nothing to people: of a
// pass field that comes or goes its value only.
func changesOf(changes []render.Change) (list []diffChange) {
	whole := map[string]bool{} // pass fields that come or go
	for _, c := range changes {
		if c.Member == "key" {
			whole[c.Key] = true
		}
	}
	for _, c := range changes {
		if whole[c.Key] && c.Key != "" && c.Member != "value" {
			continue
		}
		list = append(list, diffChange{c.Place, c.Label, c.Old, c.New})
	}
	return slices.Clip(list)
}
