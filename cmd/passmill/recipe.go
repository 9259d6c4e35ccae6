package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sync"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/templates"
)

// A recipe is what a job was run with last, opened.
type recipe struct {
	work   *work // without a source
	stored ledger.Recipe
	at     time.Time // when it was opened

	mu   sync.Mutex // guards kits
	kits map[kitKey]*pressKit
}

// A kitKey names a version of a template, and whether its passes are updated.
type kitKey struct {
	template jobs.Hash
	updates  bool
}

// openRecipe opens a recipe for passes of a type.
func openRecipe(ctx context.Context, space workspace, stored ledger.Recipe, typeID string) (*recipe, error) {
	w := &work{definition: definition{space: &space, dir: space.folder(stored.Dir)}, named: space.database}
	var err error
	if w.job, err = jobs.ParseJob(stored.Definition, fmt.Sprintf("what job %q was run with", stored.Job)); err != nil {
		return nil, err
	}
	if c := &w.job.Certificate; c.Registered() && c.Name == "" {
		c.PassType = typeID // as the run chose, from its template
	}
	now := time.Now()
	if err := w.openIdentity(ctx, now, now); err != nil {
		return nil, err
	}
	if w.identity.TypeID() != typeID {
		return nil, fmt.Errorf("the job's certificate is for %s by now, and the pass is of type %s; give the job the certificate for that again", w.identity.TypeID(), typeID)
	}
	if public, err := space.public(); err == nil { // a pass with a token misses it; see newKit
		w.service = public + servicePath
	}
	return &recipe{work: w, stored: stored, at: now, kits: map[kitKey]*pressKit{}}, nil
}

// same reports whether what two recipes compile is the same.
func (r *recipe) same(o *recipe) bool {
	return bytes.Equal(r.stored.Definition, o.stored.Definition) && r.stored.Dir == o.stored.Dir &&
		r.work.service == o.work.service && r.work.identity.Certificate().ID == o.work.identity.Certificate().ID
}

// A pressKit presses passes of one version of a template.
type pressKit struct {
	filler  *filler
	presser *jobs.Presser // without a sink
}

// maxKits bounds how many versions of templates are kept compiled for a job.
const maxKits = 8

// kit returns what presses a pass.
func (r *recipe) kit(ctx context.Context, o *onDemand, c ledger.Content) (*pressKit, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := kitKey{c.Template, c.Token != 0}
	if k := r.kits[key]; k != nil {
		return k, nil
	}
	name, files, err := o.db.TemplateFiles(ctx, c.Template)
	if err != nil {
		return nil, err
	}
	t, err := templates.Restore(files, name)
	if err != nil {
		return nil, fmt.Errorf("template %s in the ledger:\n%w", name, err)
	}
	k, err := r.newKit(t, key.updates)
	if err != nil {
		return nil, err
	}
	k.presser.Image = o.images.Image
	if len(r.kits) >= maxKits {
		clear(r.kits)
	}
	r.kits[key] = k
	return k, nil
}

func (r *recipe) newKit(t *templates.Template, updates bool) (*pressKit, error) {
	w := &work{definition: r.work.definition, identity: r.work.identity, template: t}
	if w.service = r.work.service; updates && w.service == "" {
		_, err := r.work.space.public()
		return nil, err
	}
	if !updates {
		w.service = ""
	}
	var err error
	if w.filler, err = newFiller(t, w.identity, w.service); err != nil {
		return nil, err
	}
	// Nothing but the template's own: a row may have been read when the job named
	// another field for its bundles, or another for its serial numbers.
	fields := w.filler.fields()
	w.filler.join(fields)
	archive, err := newArchives(w.filler.constant, w.filler.compiled.Files(), slots(fields))
	if err != nil {
		return nil, err
	}
	return &pressKit{w.filler, &jobs.Presser{
		Target: w.target(""), Certificate: w.identity.Certificate().ID, Fields: fields, Amend: amend, Archive: archive, Signer: w.identity,
	}}, nil
}

// press presses the pass of a row.
func (k *pressKit) press(ctx context.Context, row jobs.Staged, token string) ([]byte, error) {
	values := make([]jobs.Value, len(k.presser.Fields))
	if err := jobs.PickValues(row.Values, k.presser.Fields, values); err != nil {
		return nil, err
	}
	row.Values, row.Name = jobs.AppendValues(nil, k.presser.Fields, values), "pass"
	own := *k.filler
	if token != "" {
		own.token = func(string) (string, error) { return token, nil }
	}
	var sink held
	p := jobs.Presser{
		Target: k.presser.Target, Certificate: k.presser.Certificate, Fields: k.presser.Fields, Fill: own.fill, Amend: amend,
		Image: k.presser.Image, Archive: k.presser.Archive, Signer: k.presser.Signer, Sink: &sink,
	}
	_, failed, err := p.PressChunk(ctx, jobs.Chunk{Rows: []jobs.Staged{row}})
	if err == nil && len(failed) > 0 {
		err = errors.New(failed[0].Problem.Message)
	}
	return sink.data, err
}

// Held is a sink that holds the one pass that was put into it last.
type held struct{ data []byte }

// Put implements [jobs.Sink].
func (h *held) Put(_ context.Context, passes iter.Seq[jobs.Pass]) error {
	for p := range passes {
		h.data = bytes.Clone(p.Data)
	}
	return nil
}

// Get implements [jobs.Sink].
func (h *held) Get(context.Context, string) ([]byte, error) { return nil, fs.ErrNotExist }
