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
	"passmill/output/link"
)

// A linkJob is a job whose links are looked after, without its rows.
type linkJob struct {
	job    *jobs.Job
	typeID string
	db     *ledger.DB
	linker *linker
}

// openLinkJob opens what the commands need that manage links. Which passes the job makes
// says its recipe, or its certificate.
func openLinkJob(ctx context.Context, name, database string) (_ *linkJob, err error) {
	def, err := findJob(ctx, name, database)
	if err != nil {
		return nil, err
	}
	w := &work{definition: def, named: database}
	defer func() { err = errors.Join(err, w.close()) }()
	space, err := w.workspace(database)
	if err != nil {
		return nil, err
	}
	if !space.hasLedger() {
		return nil, space.missingLedger()
	}
	if w.job.Template != "" {
		if err := w.loadTemplate(); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	if err := w.openIdentity(ctx, now, now); err != nil {
		return nil, err
	}
	j := &linkJob{job: w.job, typeID: w.identity.TypeID()}
	if j.db, err = space.open(ctx); err != nil {
		return nil, err
	}
	if j.linker, err = openLinker(ctx, j.db, space); err != nil {
		return nil, errors.Join(err, j.db.Close())
	}
	return j, nil
}

// mark returns the mark of a pass's sealed links, and whether nobody is given one.
func (j *linkJob) mark(ctx context.Context, serial string) (id []byte, revoked bool, err error) {
	if id, err = j.linker.codes.Mark("pass", j.typeID, serial); err != nil {
		return nil, false, err
	}
	marks, err := j.db.LinkMarks(ctx, [][]byte{id})
	return id, marks[string(id)].Revoked, err
}

// known reports an error unless all serial numbers are those of passes that are the
// job's own and have a link. Of sealed links that nobody has opened the ledger knows
// nothing.
func (j *linkJob) known(ctx context.Context, serials []string) (err error) {
	for _, serial := range serials {
		of, lost := j.db.LinkOf(ctx, j.typeID, serial)
		switch {
		case lost != nil && !errors.Is(lost, jobs.ErrNotFound):
			return lost
		case lost == nil && of.Job != j.job.Name:
			err = errors.Join(err, fmt.Errorf("the pass with the serial number %s is of job %q; nothing was revoked", visible(serial), of.Job))
		case j.job.Links.Kind != jobs.LinkSealed && (lost != nil || of.Version == 0):
			err = errors.Join(err, fmt.Errorf("no pass of job %q with the serial number %s has a link; nothing was revoked", j.job.Name, visible(serial)))
		}
	}
	return err
}

type linksRevoke struct {
	Job    string   `arg:"" help:"The job."`
	Serial []string `arg:"" optional:"" help:"The serial numbers of the passes whose links are revoked."`
	All    bool     `help:"Revoke the links of all passes of the job."`
}

// Help is the end of the command's -h.
func (linksRevoke) Help() string {
	return "Passes that are on phones stay there. passmill links JOB --renew gives new links. Exit status: 0 done, 1 not done, 2 wrong command line."
}

// Run revokes links.
func (c *linksRevoke) Run(ctx context.Context, std streams, all *commands) (err error) {
	if c.All == (len(c.Serial) > 0) {
		return status{exitUsage, errors.New("links revoke: name serial numbers, or say --all")}
	}
	j, err := openLinkJob(ctx, c.Job, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.db.Close()) }()
	sealed := j.job.Links.Kind == jobs.LinkSealed
	if c.All {
		return c.all(ctx, std, j, sealed)
	}
	if err := j.known(ctx, c.Serial); err != nil {
		return err
	}
	n, err := j.db.RevokeLinks(ctx, j.job.Name, j.typeID, c.Serial)
	if err != nil {
		return err
	}
	if !sealed {
		line := count(int(n), "link") + " revoked"
		if before := len(c.Serial) - int(n); before > 0 {
			line += fmt.Sprintf("; %s so already", thousands(before)+choose(before, " was", " were"))
		}
		fmt.Fprintln(std.out, line)
		return nil
	}
	ids := make([][]byte, len(c.Serial))
	for i, serial := range c.Serial {
		if ids[i], _, err = j.mark(ctx, serial); err != nil {
			return err
		}
	}
	if err := j.db.MarkLinks(ctx, ids, false); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "the sealed links of %s revoked, whether there are any or not\n", count(len(ids), "serial number"))
	return nil
}

func (c *linksRevoke) all(ctx context.Context, std streams, j *linkJob, sealed bool) error {
	n, err := j.db.RevokeAllLinks(ctx, j.job.Name)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s revoked\n", count(int(n), "link"))
	if !sealed {
		return nil
	}
	id, err := j.linker.codes.Mark("job", j.typeID, j.job.Name)
	if err != nil {
		return err
	}
	if err := j.db.MarkLinks(ctx, [][]byte{id}, false); err != nil {
		return err
	}
	fmt.Fprintln(std.out, "and all sealed links that were given out until now")
	return nil
}

type linksShow struct {
	Job    string `arg:"" help:"The job."`
	Serial string `arg:"" help:"The serial number of the pass."`
}

// Help is the end of the command's -h.
func (linksShow) Help() string {
	return "What it prints opens the pass; what became of the link is said on standard error. Exit status: 0 shown, 1 not shown."
}

// Run prints the link of a pass.
func (c *linksShow) Run(ctx context.Context, std streams, all *commands) (err error) {
	j, err := openLinkJob(ctx, c.Job, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.db.Close()) }()
	of, err := j.db.LinkOf(ctx, j.typeID, c.Serial)
	if err == nil && (of.Version == 0 || of.Job != j.job.Name) {
		err = jobs.ErrNotFound
	}
	if errors.Is(err, jobs.ErrNotFound) {
		return fmt.Errorf("no pass of this job with that serial number has a link in the ledger; passmill links %s --out FILE --only %s gives it one", c.Job, c.Serial)
	}
	if err != nil {
		return err
	}
	url, err := j.linker.plain(of)
	if err != nil {
		return err
	}
	fmt.Fprintln(std.out, url) // alone, for the shell's $(…)
	fmt.Fprintln(std.err, linkWords[linkState(of, time.Now())])
	return nil
}

// linkWords are the states of links in words.
var linkWords = map[link.State]string{link.Open: "ok", link.Revoked: "revoked", link.Expired: "expired", link.Spent: "used up"}

type linksList struct {
	Job  string `arg:"" help:"The job."`
	JSON bool   `help:"Print each link as one JSON object on a line of its own."`
}

// Help is the end of the command's -h.
func (linksList) Help() string {
	return "The links themselves are not shown, so that nobody takes them out of a terminal or a log; sealed links that nobody has opened are in no list. Exit status: 0 listed, 1 not listed."
}

// A linkLine is a line of links list --json.
type linkLine struct {
	Serial  string     `json:"serial"`
	State   string     `json:"state"`
	Issued  time.Time  `json:"issued"`
	Expires *time.Time `json:"expires,omitempty"`
	Uses    int        `json:"uses,omitempty"`
	Used    int        `json:"used"`
}

// Run lists the links of a job.
func (c *linksList) Run(ctx context.Context, std streams, all *commands) (err error) {
	j, err := openLinkJob(ctx, c.Job, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.db.Close()) }()
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	n := 0
	for after := int64(0); ; {
		page, err := j.db.LinksOfJob(ctx, j.job.Name, after, 1000)
		if err != nil {
			return err
		}
		for _, of := range page {
			after = of.PassID
			line := linkLine{Serial: of.Serial, State: linkWords[linkState(of, time.Now())], Issued: of.Issued, Uses: of.Uses, Used: of.Used}
			if !of.Expires.IsZero() {
				line.Expires = &of.Expires
			}
			if c.JSON {
				if err := json.NewEncoder(std.out).Encode(line); err != nil {
					return err
				}
				continue
			}
			if n++; n == 1 {
				fmt.Fprintln(table, "SERIAL\tSTATE\tISSUED\tEXPIRES\tUSED")
			}
			fmt.Fprintln(table, line)
		}
		if len(page) == 0 && n == 0 && !c.JSON {
			fmt.Fprintf(std.out, "no pass of job %q has a link in the ledger\n", j.job.Name)
		}
		if len(page) == 0 {
			return table.Flush()
		}
	}
}

// String returns the line as the list shows it.
func (l linkLine) String() string {
	expires, used := "never", fmt.Sprint(l.Used)
	if l.Expires != nil {
		expires = l.Expires.Format(time.DateOnly)
	}
	if l.Uses > 0 {
		used = fmt.Sprintf("%d of %d", l.Used, l.Uses)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", visible(l.Serial), l.State, l.Issued.Format(time.DateOnly), expires, used)
}
