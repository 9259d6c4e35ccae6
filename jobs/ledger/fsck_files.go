package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"passmill/jobs"
)

// An artefactRow is a row of artefacts beside its pass.
type artefactRow struct {
	PassID      int64   `db:"pass_id"`
	TypeID      string  `db:"type_id"`
	Serial      string  `db:"serial"`
	Job         string  `db:"job"`
	Name        string  `db:"name"`
	Change      int64   `db:"change_number"`
	PassChange  int64   `db:"pass_change"`
	Size        int64   `db:"size"`
	Manifest    digest  `db:"manifest_hash"`
	Template    hash    `db:"template_version"`
	Certificate *string `db:"certificate_id"`
	Stale       bool    `db:"stale"`
}

func (r *artefactRow) artefact() Artefact {
	a := Artefact{
		PassID: r.PassID, TypeID: r.TypeID, Serial: r.Serial, Job: r.Job, Name: r.Name,
		ChangeNumber: r.Change, Size: r.Size, Manifest: r.Manifest, Template: jobs.Hash(r.Template),
	}
	if r.Change < r.PassChange {
		a.Template = jobs.Hash{}
	}
	if r.Certificate != nil {
		a.Certificate = *r.Certificate
	}
	return a
}

// files reads and verifies the file of every artefact in the sink.
func (c *checker) files(ctx context.Context) error {
	const query = `
		SELECT a.pass_id, p.type_id, p.serial, p.job, COALESCE(a.name, '') AS name, a.change_number,
			p.change_number AS pass_change, a.size, a.manifest_hash, p.template_version, a.certificate_id,
			CASE WHEN EXISTS (SELECT 1 FROM stale s WHERE s.sink = a.sink AND s.pass_id = a.pass_id) THEN 1 ELSE 0 END AS stale
		FROM artefacts a
		JOIN passes p ON p.id = a.pass_id
		WHERE a.sink = ? AND a.pass_id > ?
		ORDER BY a.pass_id
		LIMIT ` + pageLimit
	for last := int64(0); ; {
		var page []artefactRow
		if err := c.list(ctx, &page, query, c.Sink, last); err != nil || len(page) == 0 {
			return err
		}
		last = page[len(page)-1].PassID
		c.Summary.Artefacts += len(page)
		findings, err := c.page(ctx, page)
		if err != nil || !c.all(findings) {
			return err
		}
	}
}

// page verifies some artefacts at a time and returns the findings in the order
// of the artefacts.
func (c *checker) page(ctx context.Context, page []artefactRow) ([]Finding, error) {
	var (
		wg       sync.WaitGroup
		findings = make([][]Finding, len(page))
		errs     = make([]error, len(page))
		next     = make(chan int)
	)
	for range workers() {
		wg.Go(func() {
			for i := range next {
				findings[i], errs[i] = c.file(ctx, &page[i])
			}
		})
	}
	for i := range page {
		next <- i
	}
	close(next)
	wg.Wait()
	var all []Finding
	for _, f := range findings {
		all = append(all, f...)
	}
	return all, errors.Join(errs...)
}

func (c *checker) file(ctx context.Context, r *artefactRow) ([]Finding, error) {
	pass := fmt.Sprintf("pass %s/%s", r.TypeID, r.Serial)
	if r.Name == "" {
		return []Finding{{
			Code: "overwritten", Advice: true, Subject: pass,
			Message: "has no file any more: another pass was written under its name", Fix: makeAgain,
		}}, nil
	}
	var findings []Finding
	switch {
	case r.Change == 0:
		return []Finding{{
			Code: "in-doubt", Advice: true, Subject: r.Name,
			Message: "is in doubt after an interrupted run, and " + pass + " claims it", Fix: "run the job again: it sees to it",
		}}, nil
	case r.Change < r.PassChange && r.Stale: // the file may be new already, and nobody recorded it
		return []Finding{{
			Code: "older-file", Advice: true, Subject: r.Name,
			Message: "is older than " + pass + ", and is to be pressed again", Fix: "run the job: it does so",
		}}, nil
	case r.Change < r.PassChange: // the file is still to be what it was
		findings = append(findings, Finding{
			Code: "older-file", Advice: true, Subject: r.Name,
			Message: "is older than " + pass, Fix: "run the job again for this output folder: it makes it again" + forced,
		})
	case r.Change > r.PassChange:
		findings = append(findings, Finding{Code: "newer-artefact", Subject: pass, Message: "was pressed at a change number that it never had", Fix: "restore the last backup"})
	}
	data, err := c.Shelf.Get(ctx, r.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return append(findings, Finding{Code: "missing-file", Subject: r.Name, Message: "is not there, and " + pass + " claims it", Fix: makeAgain}), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return append(findings, Finding{Code: "unreadable-file", Subject: r.Name, Message: err.Error()}), nil
	}
	if err := c.verify(ctx, data, r.artefact()); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return append(findings, Finding{
			Code: "damaged-file", Subject: r.Name, Message: "is not the whole pass that the ledger knows: " + err.Error(), Fix: "remove the file, and " + makeAgain,
		}), nil
	}
	return findings, nil
}

func (c *checker) verify(ctx context.Context, data []byte, a Artefact) error {
	if int64(len(data)) != a.Size {
		return fmt.Errorf("it has %d bytes, and had %d", len(data), a.Size)
	}
	if c.Verify == nil {
		return nil
	}
	return c.Verify(ctx, data, a)
}

// parts looks for parts of finished bundles that are not there.
func (c *checker) parts(ctx context.Context) error {
	const query = `
		SELECT bp.name
		FROM bundle_parts bp
		JOIN bundles b ON b.job = bp.job AND b.sink = bp.sink AND b.key = bp.key
		WHERE bp.sink = ? AND bp.name > ? AND b.state = 'made'
		ORDER BY bp.name
		LIMIT ` + pageLimit
	for last := ""; ; {
		var page []string
		if err := c.list(ctx, &page, query, c.Sink, last); err != nil || len(page) == 0 {
			return err
		}
		last = page[len(page)-1]
		missing, err := c.Shelf.Missing(ctx, page)
		if err != nil {
			return err
		}
		for _, name := range missing {
			if !c.found(Finding{Code: "missing-bundle", Subject: name, Message: "is not there, and a bundle claims it", Fix: "run the job again with --force"}) {
				return nil
			}
		}
	}
}

// strays looks for files that belong to nothing.
func (c *checker) strays(ctx context.Context) error {
	var page []string
	for name, err := range c.Shelf.List(ctx) {
		if err != nil {
			return err
		}
		c.Summary.Files++
		if page = append(page, name); len(page) < pageSize {
			continue
		}
		if err := c.strange(ctx, page); err != nil || c.left {
			return err
		}
		page = page[:0]
	}
	return c.strange(ctx, page)
}

func (c *checker) strange(ctx context.Context, names []string) error {
	claims, err := c.Claimed(ctx, c.Sink, names)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := claims[name]; ok {
			continue
		}
		if !c.found(Finding{Code: "stray-file", Subject: name, Message: "lies in the output folder, and belongs to no pass and no bundle", Fix: "remove it, or run the job again if it was interrupted"}) {
			return nil
		}
	}
	return nil
}
