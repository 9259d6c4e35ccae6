package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/sheet"
	"passmill/output/dir"
	"passmill/output/link"
	"passmill/output/qr"
)

// A giving gives out the links of a job: rows are imported, and batch by batch turned
// into links on all cores, which are written in the order of the rows.
type giving struct {
	linksWrite
	work   *work
	space  workspace
	linker *linker
	start  time.Time
	issued time.Time // of sealed links
	terms  ledger.LinkTerms
	meter  *meter
	in     *jobs.Importer
	copy   *sheet.Copy

	pictures *dir.Sink // nil without QR files

	// Of sealed links.
	series ledger.LinkSeries
	layout link.Layout
	job    []byte // mark of the job
	epoch  int
	marked bool // some links are revoked

	batch   []jobs.Staged // that is gathered
	batches chan *linkBatch
	workers sync.WaitGroup

	linked, without int
	fallen          int // rows that are too long to be sealed; the writer's
}

// linkRows is how many rows are turned into links at once.
const linkRows = 1000

// A linkBatch is rows on their way to links.
type linkBatch struct {
	rows  []jobs.Staged
	links []givenLink // parallel to rows
	err   error
	done  chan struct{}
}

// A givenLink is what is written of a row.
type givenLink struct {
	url, state, picture string
	fallen              bool
}

// begin starts what turns batches into links, and what writes them down in their
// order. Both end when the batches do.
func (g *giving) begin(ctx context.Context, stop context.CancelCauseFunc) {
	cores := runtime.GOMAXPROCS(0)
	g.batches = make(chan *linkBatch, cores)
	ordered, work := make(chan *linkBatch, 2*cores), make(chan *linkBatch, 2*cores)
	g.workers.Go(func() {
		defer close(ordered)
		defer close(work)
		for b := range g.batches {
			work <- b
			ordered <- b
		}
	})
	for range cores {
		g.workers.Go(func() {
			for b := range work {
				if b.err = context.Cause(ctx); b.err == nil {
					b.err = g.make(ctx, b)
				}
				close(b.done)
			}
		})
	}
	g.workers.Go(func() {
		for b := range ordered {
			<-b.done
			if b.err == nil {
				b.err = g.write(b)
			}
			if b.err != nil {
				stop(b.err)
			}
		}
	})
}

// take gathers a row.
func (g *giving) take(ctx context.Context, s jobs.Staged) error {
	if g.batch = append(g.batch, s); len(g.batch) < linkRows {
		return nil
	}
	return g.flush(ctx)
}

func (g *giving) flush(ctx context.Context) error {
	if len(g.batch) == 0 {
		return nil
	}
	b := &linkBatch{rows: g.batch, done: make(chan struct{})}
	g.batch = make([]jobs.Staged, 0, linkRows)
	select {
	case g.batches <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *giving) make(ctx context.Context, b *linkBatch) (err error) {
	b.links = make([]givenLink, len(b.rows))
	if g.sealed() {
		err = g.seal(ctx, b)
	} else {
		err = g.plain(ctx, b.rows, b.links)
	}
	if err != nil || g.pictures == nil {
		return err
	}
	return g.draw(ctx, b)
}

// plain gives passes of the ledger links.
func (g *giving) plain(ctx context.Context, rows []jobs.Staged, links []givenLink) error {
	serials := make([]string, len(rows))
	for i := range rows {
		serials[i] = rows[i].Serial
	}
	given, err := g.linker.give(ctx, g.work.identity.TypeID(), serials, g.terms, g.Renew)
	if err != nil {
		return err
	}
	for i, serial := range serials {
		of, ok := given[serial]
		switch {
		case !ok:
			links[i].state = "no pass yet: passmill make makes it"
		case !of.Revoked.IsZero():
			links[i].state = "revoked"
		default:
			links[i].state = "ok"
			if !of.Expires.IsZero() && !of.Expires.After(g.start) {
				links[i].state = "expired"
			}
			if links[i].url, err = g.linker.plain(of); err != nil {
				return err
			}
		}
	}
	return nil
}

// seal puts rows into links.
func (g *giving) seal(ctx context.Context, b *linkBatch) error {
	marks, err := g.marks(ctx, b.rows)
	if err != nil {
		return err
	}
	var long []int
	for i := range b.rows {
		mark := marks[b.rows[i].Serial]
		if mark.Revoked {
			b.links[i].state = "revoked"
			continue
		}
		url, err := g.sealRow(&b.rows[i], mark.Generation)
		if err != nil {
			return err
		}
		if url == "" {
			long = append(long, i)
			continue
		}
		b.links[i].url, b.links[i].state = url, "ok"
	}
	return g.fall(ctx, b, long)
}

// sealRow returns the link that carries a row; "" if that would be too long, or the row
// has an image, which no link carries.
func (g *giving) sealRow(row *jobs.Staged, generation int) (string, error) {
	values, err := g.layout.Pack(row.Values)
	if err != nil {
		return "", err
	}
	while, _ := g.work.job.Links.Expires.Duration()
	code, err := g.linker.codes.Sealed(link.Sealed{
		Series: [8]byte(g.series.ID), Epoch: g.epoch, Generation: generation,
		Issued: g.issued, Days: int(while / (24 * time.Hour)), Values: values,
	})
	if url := g.linker.url(code); err == nil && len(url) <= g.work.job.Links.LongestLink() {
		return url, nil
	}
	return "", err
}

// marks returns what is revoked of rows, by serial number. If all are renewed by name,
// they get new generations first.
func (g *giving) marks(ctx context.Context, rows []jobs.Staged) (map[string]ledger.LinkMark, error) {
	single := g.Renew && (len(g.Only) > 0 || g.Limit > 0)
	if !g.marked && !single {
		return nil, nil
	}
	ids, serials, list := make([][]byte, len(rows)), make(map[string]string, len(rows)), make([]string, len(rows))
	for i := range rows {
		id, err := g.linker.codes.Mark("pass", g.series.TypeID, rows[i].Serial)
		if err != nil {
			return nil, err
		}
		ids[i], serials[string(id)], list[i] = id, rows[i].Serial, rows[i].Serial
	}
	if single {
		if err := g.linker.db.MarkLinks(ctx, ids, true); err != nil {
			return nil, err
		}
		if err := g.linker.db.ResetUses(ctx, g.series.Job, list); err != nil {
			return nil, err
		}
	}
	found, err := g.linker.db.LinkMarks(ctx, ids)
	if err != nil {
		return nil, err
	}
	marks := make(map[string]ledger.LinkMark, len(found))
	for id, m := range found {
		marks[serials[id]] = m
	}
	return marks, nil
}

// fall gives rows that can't be sealed plain links, to passes that are planned.
func (g *giving) fall(ctx context.Context, b *linkBatch, which []int) error {
	if len(which) == 0 {
		return nil
	}
	rows, sealed, links := make([]jobs.Staged, len(which)), make([]ledger.SealedRow, len(which)), make([]givenLink, len(which))
	for n, i := range which {
		rows[n] = b.rows[i]
		sealed[n] = ledger.SealedRow{Staged: b.rows[i], Issued: g.issued}
	}
	if err := g.linker.db.OpenSealed(ctx, g.series, g.work.target("").Token, g.terms, sealed); err != nil {
		return err
	}
	if err := g.plain(ctx, rows, links); err != nil {
		return err
	}
	for n, i := range which {
		b.links[i] = links[n]
		if b.links[i].fallen = b.links[i].state == "ok"; b.links[i].fallen {
			b.links[i].state = "ok, plain: the row is too long for a sealed link"
		}
	}
	return nil
}

var pictureNames, _ = jobs.ParsePattern("{serial}.png") // it is a good one

// draw writes the QR codes of a batch.
func (g *giving) draw(ctx context.Context, b *linkBatch) error {
	var failed error
	err := g.pictures.Put(ctx, func(yield func(jobs.Pass) bool) {
		for i := range b.links {
			if b.links[i].url == "" {
				continue
			}
			var data []byte
			if data, failed = qr.PNG(b.links[i].url, qrSide); failed != nil {
				return
			}
			b.links[i].picture = pictureNames.Name(b.rows[i].Serial, b.rows[i].Row, g.in.Folder)
			if !yield(jobs.Pass{Name: b.links[i].picture, Data: data}) {
				return
			}
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("QR codes: %w", err)
	}
	return nil
}

// write puts the links of a batch down.
func (g *giving) write(b *linkBatch) error {
	for i, l := range b.links {
		if l.fallen {
			g.fallen++
		}
		cells := []string{l.url, l.state}
		if g.pictures != nil {
			cells = []string{l.url, l.picture, l.state}
		}
		if err := g.copy.Add(b.rows[i].Row, cells...); err != nil {
			return err
		}
	}
	return nil
}
