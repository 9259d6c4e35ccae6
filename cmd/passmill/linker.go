package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/link"
	"passmill/sign/keyring"
)

// linkPath is where links begin, below the public address.
const linkPath = "/p/"

// A linker makes links to passes. It is safe for concurrent use.
type linker struct {
	db     *ledger.DB
	public string // address of the server
	keys   *keyring.Masters
	codes  *link.Codes
}

// openLinker returns what makes links over a ledger that is open.
func openLinker(ctx context.Context, db *ledger.DB, space workspace) (*linker, error) {
	public, err := space.public()
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	if _, err := space.keyset(); err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	keys, err := newRing(ctx, db, space).Masters(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	return &linker{db: db, public: public, keys: keys, codes: link.NewCodes(keys)}, nil
}

// url returns the link with a code.
func (l *linker) url(code string) string { return l.public + linkPath + code }

// plain returns the link of a pass that has one.
func (l *linker) plain(of ledger.Link) (string, error) {
	code, err := l.codes.Plain(of.Version, link.Plain{Pass: of.PassID, Nonce: of.Nonce})
	if err != nil {
		return "", err
	}
	return l.url(code), nil
}

// terms are those under which links of a job are given out now.
func (l *linker) terms(spec jobs.LinksSpec, now time.Time) ledger.LinkTerms {
	t := ledger.LinkTerms{Version: l.keys.Newest(), Uses: spec.Uses}
	if while, _ := spec.Expires.Duration(); while > 0 { // ParseJob has checked it
		t.Expires = now.Add(while)
	}
	return t
}

// give returns the links of passes, by serial number, and gives those that have none
// one; if renew, all get new ones, and those before open no more. Passes that are not
// there are absent.
func (l *linker) give(ctx context.Context, typeID string, serials []string, terms ledger.LinkTerms, renew bool) (map[string]ledger.Link, error) {
	links, err := l.db.Links(ctx, typeID, serials)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, of := range links {
		if of.Version == 0 || renew {
			ids = append(ids, of.PassID)
		}
	}
	if len(ids) == 0 {
		return links, nil
	}
	slices.Sort(ids)
	if err := l.db.GiveLinks(ctx, ids, terms, renew); err != nil {
		return nil, err
	}
	return l.db.Links(ctx, typeID, serials)
}

// series returns the series of sealed links of a work, and its layout.
func (w *work) series() (ledger.LinkSeries, link.Layout, error) {
	layout := link.Layout{Serial: w.schema.Fields[w.schema.Index(w.job.Serial)].Name}
	for _, f := range w.fields() {
		layout.Fields = append(layout.Fields, w.schema.Fields[w.schema.Index(f.Name)].Name)
	}
	if w.job.Output.Bundle != "" {
		layout.Bundle = w.schema.Fields[w.schema.Index(w.job.Output.Bundle)].Name
	}
	text, err := json.Marshal(layout)
	if err != nil {
		return ledger.LinkSeries{}, layout, err
	}
	s := ledger.LinkSeries{Job: w.job.Name, TypeID: w.identity.TypeID(), Template: w.template.Version, Layout: string(text)}
	h := sha256.New()
	for _, part := range [][]byte{[]byte(s.Job), []byte(s.TypeID), s.Template[:], text} {
		fmt.Fprintf(h, "%d:", len(part))
		h.Write(part)
	}
	s.ID = h.Sum(nil)[:8]
	return s, layout, nil
}

// errRevoked means that the link of a pass is revoked.
var errRevoked = errors.New("its link is revoked; passmill links JOB --renew gives it a new one")

// Link returns the link of a pass, which gets one if it has none, under the terms of
// its job.
func (o *onDemand) Link(ctx context.Context, typeID, serial string) (string, error) {
	links, err := o.Links(ctx, typeID, []string{serial})
	if err != nil {
		return "", err
	}
	url, ok := links[serial]
	if !ok {
		return "", fmt.Errorf("the link of a pass: %w", errRevoked)
	}
	return url, nil
}

// Links returns the links of passes of one type and job, by serial number. Those that
// are revoked are absent; a pass that is not there is [jobs.ErrNotFound].
func (o *onDemand) Links(ctx context.Context, typeID string, serials []string) (map[string]string, error) {
	l, err := o.linker(ctx)
	if err != nil {
		return nil, err
	}
	found, err := o.db.Links(ctx, typeID, serials)
	if err != nil {
		return nil, err
	}
	var job string
	for _, serial := range serials {
		of, ok := found[serial]
		if !ok {
			return nil, fmt.Errorf("the link of a pass: %w", jobs.ErrNotFound)
		}
		job = of.Job
	}
	r, err := o.recipe(ctx, job, typeID)
	if err != nil {
		return nil, err
	}
	given, err := l.give(ctx, typeID, serials, l.terms(r.work.job.Links, time.Now()), false)
	if err != nil {
		return nil, err
	}
	urls := make(map[string]string, len(given))
	for serial, of := range given {
		if !of.Revoked.IsZero() {
			continue
		}
		if urls[serial], err = l.plain(of); err != nil {
			return nil, err
		}
	}
	return urls, nil
}

// linker returns what makes links, opened once.
func (o *onDemand) linker(ctx context.Context) (*linker, error) {
	o.keysMu.Lock()
	defer o.keysMu.Unlock()
	if o.links == nil {
		l, err := openLinker(ctx, o.db, o.space)
		if err != nil {
			return nil, err
		}
		o.links = l
	}
	return o.links, nil
}
