package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/sheet"
	"passmill/jobs/table"
	"passmill/output/dir"
	"passmill/output/qr"
)

type linksCommand struct {
	Write  linksWrite  `cmd:"" default:"withargs" help:"Write the rows of a job back, each with its link."`
	List   linksList   `cmd:"" help:"List the links that passes of a job have, and what became of each; not the links themselves."`
	Show   linksShow   `cmd:"" help:"Show the link of one pass."`
	Revoke linksRevoke `cmd:"" help:"Revoke links: they open no more."`
}

type linksWrite struct {
	Job string `arg:"" help:"The job: a YAML file, a workbook with a sheet Job, or the name of a job in the ledger."`
	Out string `required:"" placeholder:"FILE" help:"The file to write, .csv or .xlsx: the columns of the source, then Link and State."`
	rowOptions
	QR    bool   `name:"qr" help:"Put a QR code of each link into the workbook."`
	QRDir string `name:"qr-dir" placeholder:"DIR" help:"Write a QR code of each link into this folder, as a PNG file, and its name into the column QR."`
	Renew bool   `help:"Give all these rows new links: those before open no more."`
}

// Help is the end of the command's -h.
func (linksWrite) Help() string {
	return "Plain links are those of passes that passmill make has made or planned; sealed links need no run before. Written again, a link stays the same, unless it is renewed; a sealed one is as good as the one before. " +
		"The file holds what opens the passes: keep it as you keep passwords. Exit status: 0 done, 1 not done, 3 some rows have no link, and State says why."
}

// qrSide is how many pixels a QR code in a file has to a side, at most.
const qrSide = 600

// Run writes the links of a job.
func (c *linksWrite) Run(ctx context.Context, std streams, all *commands) (err error) {
	start := time.Now()
	if c.QR && !strings.EqualFold(filepath.Ext(c.Out), ".xlsx") {
		return status{exitUsage, errors.New("--qr puts pictures into a workbook: let --out end in .xlsx, or say --qr-dir")}
	}
	w, err := openJob(ctx, c.Job, all.Database, true)
	if err != nil {
		return err
	}
	defer w.close()
	if w.job.Links.Kind == "" {
		return fmt.Errorf("job %q has no links; write links: true into it, or links: sealed", w.job.Name)
	}
	space, err := w.workspace(all.Database)
	if err != nil {
		return err
	}
	db, err := space.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	g := &giving{linksWrite: *c, work: w, space: space, start: start}
	if g.linker, err = openLinker(ctx, db, space); err != nil {
		return err
	}
	g.meter = newMeter(std.err)
	err = g.run(ctx)
	g.meter.stop()
	if err != nil {
		return explain(err)
	}
	return g.print(std)
}

func (g *giving) print(std streams) error {
	fmt.Fprintf(std.out, "%s: %s with a link, %s without%s\n", count(g.linked+g.without, "row"), thousands(g.linked), thousands(g.without), choose(min(g.without, 1), ", and State says why", ""))
	if g.fallen > 0 {
		fmt.Fprintf(std.out, "%s of them too long to be sealed, with a plain link to a pass that is planned\n", thousands(g.fallen))
	}
	fmt.Fprintf(std.out, "in %.1f seconds, in %s\n", time.Since(g.start).Seconds(), fromHere(g.Out))
	if unfound := g.in.Unfound(); len(unfound) > 0 {
		return status{exitPartly, g.work.notFound(unfound, false)}
	}
	if g.without > 0 {
		return status{code: exitPartly}
	}
	return nil
}

// run reads the rows, makes their links, and writes both.
func (g *giving) run(ctx context.Context) (err error) {
	o := sheet.CopyOptions{File: g.Out, Source: g.work.source, Columns: []string{"Link", "State"}}
	if f := g.work.job.Source.File; f != "" {
		o.SourceFile = g.work.path(f)
	}
	if g.QRDir != "" {
		o.Columns = []string{"Link", "QR", "State"}
		if g.pictures, err = dir.Open(g.QRDir); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, g.pictures.Close()) }()
	}
	if g.QR {
		o.PictureColumn = "QR"
		o.Picture = func(url string) ([]byte, error) {
			if url == "" {
				return nil, nil
			}
			return qr.PNG(url, qrSide)
		}
	}
	if g.copy, err = sheet.NewCopy(o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.copy.Close()) }()
	if err := g.prepare(ctx); err != nil {
		return err
	}
	if err := g.read(ctx); err != nil {
		return err
	}
	rows, linked, err := g.copy.Write(ctx)
	g.linked, g.without = linked, rows-linked
	return err
}

// prepare keeps in the ledger what it takes to open the links.
func (g *giving) prepare(ctx context.Context) (err error) {
	g.terms = g.linker.terms(g.work.job.Links, g.start)
	g.issued = g.start.UTC().Truncate(time.Minute)
	if c, ok := g.work.source.(*table.Classic); ok {
		c.SetAll(true) // also those that are completed
	}
	if !g.sealed() {
		return g.work.ready(ctx, time.Time{})
	}
	if err := (&maker{work: g.work, space: g.space}).save(ctx, g.linker.db); err != nil {
		return err
	}
	if g.series, g.layout, err = g.work.series(); err != nil {
		return err
	}
	if err := g.linker.db.SaveSeries(ctx, g.series); err != nil {
		return err
	}
	if g.job, err = g.linker.codes.Mark("job", g.series.TypeID, g.work.job.Name); err != nil {
		return err
	}
	if g.Renew && len(g.Only) == 0 && g.Limit == 0 {
		if err := g.linker.db.MarkLinks(ctx, [][]byte{g.job}, true); err != nil {
			return err
		}
		if err := g.linker.db.ResetUses(ctx, g.work.job.Name, nil); err != nil {
			return err
		}
	}
	if g.marked, err = g.linker.db.HasLinkMarks(ctx); err != nil {
		return err
	}
	marks, err := g.linker.db.LinkMarks(ctx, [][]byte{g.job})
	if err != nil {
		return err
	}
	mark := marks[string(g.job)]
	if g.epoch = mark.Generation; mark.Revoked {
		return fmt.Errorf("all links of job %q are revoked; passmill links %s --out FILE --renew gives out new ones", g.work.job.Name, g.Job)
	}
	return g.work.ready(ctx, time.Time{})
}

// refusal says in a word why a row has no link.
func refusal(p jobs.Problem) string {
	if p.Field == "" {
		return "refused: " + p.Message
	}
	return "refused: " + p.Field + " " + p.Message
}

// read imports the rows without a run, and has each given its link.
func (g *giving) read(ctx context.Context) (err error) {
	erased, err := erasedRows(ctx, g.linker.db, g.space, g.work.target(""))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g.begin(ctx, cancel)
	sink := ""
	if !g.work.job.Planned() {
		if sink, err = g.space.sink(g.work.path(g.work.job.Output.Dir)); err != nil {
			return err
		}
	}
	g.in = g.work.importer(g.work.target(sink))
	g.in.Source = g.copy
	g.in.Snapshot = readOnly{g.linker.db}
	g.in.Erased = erased
	if g.work.album != nil {
		g.work.album.Store = g.linker.db
	}
	g.in.Limit, g.in.Only = g.Limit, g.Only
	g.in.Taken = func(s jobs.Staged, _ string) error { return g.take(ctx, s) }
	g.in.Report = func(p jobs.Problem) {
		if p.Severity == jobs.Refused && p.Origin.Row > 0 {
			g.copy.Refuse(p.Origin.Row, refusal(p))
		}
	}
	g.in.Progress = func(n jobs.Count) { g.meter.importing(n, g.work.source.AtMost()) }
	_, err = g.in.Import(ctx, 0)
	if err == nil {
		err = g.flush(ctx)
	}
	if err != nil {
		cancel(err)
	}
	close(g.batches)
	g.workers.Wait()
	return context.Cause(ctx)
}

// sealed reports whether the links are.
func (g *giving) sealed() bool { return g.work.job.Links.Kind == jobs.LinkSealed }
