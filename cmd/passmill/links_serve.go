package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/link"
	"passmill/output/qr"
	"passmill/render"
	"passmill/sign"
)

// sameDevice is how long what a device gets again counts once: a download that breaks
// off, or a person who taps twice.
const sameDevice = 10 * time.Minute

// badgesFolder is where the operator puts Apple's badges, in the workspace.
const badgesFolder = "badges"

// linkPasses says what links stand for, out of the ledger.
type linkPasses struct{ *onDemand }

// links returns the pages of links. Without a public address there are no links.
func (s *serving) links(work context.Context) ([]surface, error) {
	public, err := s.space.public()
	if err != nil {
		return nil, nil // said already of the web service
	}
	o := s.demand
	l, err := o.linker(work)
	if err != nil {
		return nil, err
	}
	service := link.Service{
		Codes: l.codes, Passes: linkPasses{o}, Events: s.steps, URL: public, QR: qr.PNG, Bundle: packBundle,
		Proxies: s.command.Proxy, Log: s.log, Now: s.now,
	}
	if folder := filepath.Join(s.space.dir, badgesFolder); exists(folder) {
		service.Badges = os.DirFS(folder)
	}
	handler, err := service.Handler()
	if err != nil {
		return nil, err
	}
	return []surface{{patterns: link.Patterns, handler: handler}}, nil
}

// Look implements [link.Passes].
func (p linkPasses) Look(ctx context.Context, c link.Code) (link.Opened, error) {
	o, err := p.look(ctx, c)
	if errors.Is(err, jobs.ErrNotFound) { // of a ledger that was restored, say
		err = link.ErrUnknown
	}
	return o, err
}

func (p linkPasses) look(ctx context.Context, c link.Code) (link.Opened, error) {
	if c.Sealed != nil {
		return p.lookSealed(ctx, c)
	}
	of, err := p.db.Link(ctx, c.Plain.Pass)
	if err != nil {
		return link.Opened{}, err
	}
	o := link.Opened{State: linkState(of, time.Now()), Code: c}
	if of.Version == 0 || subtle.ConstantTimeCompare(of.Nonce[:], c.Plain.Nonce[:]) != 1 {
		o.State = link.Revoked // there is a newer one, or the ledger was restored
		return o, nil
	}
	return o, p.together(ctx, &o, of)
}

// linkState says whether a link opens.
func linkState(of ledger.Link, now time.Time) link.State {
	switch {
	case !of.Revoked.IsZero():
		return link.Revoked
	case !of.Expires.IsZero() && !of.Expires.After(now):
		return link.Expired
	case of.Uses > 0 && of.Used >= of.Uses:
		return link.Spent
	}
	return link.Open
}

// together fills in the passes that a link opens, with their versions.
func (p linkPasses) together(ctx context.Context, o *link.Opened, of ledger.Link) error {
	r, err := p.recipe(ctx, of.Job, of.TypeID)
	if err != nil {
		return err
	}
	o.Job, o.TypeID, o.Limited, o.Android = of.Job, of.TypeID, of.Uses > 0, r.work.job.Links.Android
	o.Serials, o.Own = []string{of.Serial}, 0
	if of.Bundle != "" {
		serials, err := p.db.Together(ctx, of.Job, of.TypeID, of.Bundle, sign.MaxBundlePasses)
		if err != nil {
			return err
		}
		slices.Sort(serials) // databases sort text each in its own way
		if i := slices.Index(serials, of.Serial); i >= 0 {
			o.Serials, o.Own = serials, i
		}
	}
	o.Versions = make([]string, len(o.Serials))
	for i, serial := range o.Serials {
		v, err := p.db.Version(ctx, of.TypeID, serial)
		if err != nil {
			return err
		}
		o.Versions[i] = fmt.Sprintf("%s.%d", v.Epoch, v.Change)
	}
	return nil
}

// lookSealed says what a sealed link stands for: a pass, if somebody has opened it.
func (p linkPasses) lookSealed(ctx context.Context, c link.Code) (link.Opened, error) {
	o := link.Opened{State: link.Open, Code: c}
	series, row, err := p.unseal(ctx, c)
	if err != nil {
		return o, err
	}
	l, err := p.linker(ctx)
	if err != nil {
		return o, err
	}
	ofJob, err := l.codes.Mark("job", series.TypeID, series.Job)
	if err != nil {
		return o, err
	}
	ofPass, err := l.codes.Mark("pass", series.TypeID, row.Serial)
	if err != nil {
		return o, err
	}
	marks, err := p.db.LinkMarks(ctx, [][]byte{ofJob, ofPass})
	if err != nil {
		return o, err
	}
	if marks[string(ofJob)].Generation > c.Sealed.Epoch || marks[string(ofPass)].Generation > c.Sealed.Generation {
		o.State = link.Revoked
		return o, nil
	}
	if erased, err := p.erased(ctx, series.Job, series.TypeID, row.Serial, row.Values); err != nil || erased {
		o.State = link.Revoked
		return o, err
	}
	if end := c.Sealed.Expires(); !end.IsZero() && !end.After(time.Now()) {
		o.State = link.Expired
		return o, nil
	}
	of, err := p.db.LinkOf(ctx, series.TypeID, row.Serial)
	if err == nil && of.Job != series.Job { // its pass may be another customer's
		return o, fmt.Errorf("open a sealed link of job %q: %w", series.Job, ledger.ErrOtherJob)
	}
	if err == nil && of.Version != 0 && !of.Issued.Before(c.Sealed.Issued) { // an older row waits for being opened
		if o.State = linkState(of, time.Now()); o.State != link.Spent {
			o.State = link.Open // the sealed link has an end of its own
		}
		return o, p.together(ctx, &o, of)
	}
	if err != nil && !errors.Is(err, jobs.ErrNotFound) {
		return o, err
	}
	r, err := p.recipe(ctx, series.Job, series.TypeID)
	if err != nil {
		return o, err
	}
	spec := r.work.job.Links
	o.Job, o.TypeID, o.Limited, o.Android, o.Serials = series.Job, series.TypeID, spec.Uses > 0, spec.Android, []string{row.Serial}
	return o, nil
}

// unseal returns what a sealed link carries.
func (p linkPasses) unseal(ctx context.Context, c link.Code) (ledger.LinkSeries, link.Row, error) {
	series, err := p.db.Series(ctx, c.Sealed.Series[:])
	if err != nil {
		return series, link.Row{}, err
	}
	var layout link.Layout
	if err := json.Unmarshal([]byte(series.Layout), &layout); err != nil {
		return series, link.Row{}, fmt.Errorf("layout of a series of links: %w", err)
	}
	row, err := layout.Unpack(c.Sealed.Values)
	return series, row, err
}

// Plan implements [link.Passes].
func (p linkPasses) Plan(ctx context.Context, o link.Opened) (link.Opened, error) {
	series, row, err := p.unseal(ctx, o.Code)
	if err != nil {
		return o, err
	}
	r, err := p.recipe(ctx, series.Job, series.TypeID)
	if err != nil {
		return o, err
	}
	l, err := p.linker(ctx)
	if err != nil {
		return o, err
	}
	target := jobs.Target{Job: series.Job, TypeID: series.TypeID, TeamID: r.work.identity.TeamID(), Template: series.Template}
	if r.work.job.Updates {
		target.Service, target.Token = r.work.service, l.keys.Newest()
	}
	sealed := ledger.SealedRow{Staged: target.Stage(row.Serial, row.Bundle, row.Values), Issued: o.Code.Sealed.Issued}
	terms := ledger.LinkTerms{Version: l.keys.Newest(), Expires: o.Code.Sealed.Expires(), Uses: r.work.job.Links.Uses}
	if err := p.db.OpenSealed(context.WithoutCancel(ctx), series, target.Token, terms, []ledger.SealedRow{sealed}); err != nil {
		return o, err
	}
	of, err := p.db.LinkOf(ctx, series.TypeID, row.Serial)
	if err != nil {
		return o, err
	}
	return o, p.together(ctx, &o, of)
}

// Press implements [link.Passes].
func (p linkPasses) Press(ctx context.Context, o link.Opened, n int) (link.Pressed, error) {
	pass, err := p.onDemand.Press(ctx, o.TypeID, o.Serials[n])
	if err != nil {
		return link.Pressed{}, err
	}
	return link.Pressed{Data: pass.Data, Name: plainName(o.Serials[n]), Modified: time.UnixMilli(pass.Modified).UTC()}, nil
}

// plainName makes of a serial number a name that every system takes.
func plainName(serial string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, serial)
	if name = strings.Trim(name[:min(len(name), 60)], "-"); name == "" {
		return "pass"
	}
	return name
}

// Use implements [link.Passes].
func (p linkPasses) Use(ctx context.Context, o link.Opened, device []byte) (ok, counted bool, err error) {
	of, err := p.db.LinkOf(ctx, o.TypeID, o.Serials[o.Own])
	if err != nil {
		return false, false, err
	}
	return p.db.UseLink(ctx, of.PassID, device, sameDevice)
}

// Face implements [link.Passes].
func (p linkPasses) Face(ctx context.Context, o link.Opened, n int) (link.Face, error) {
	c, err := p.content(ctx, o, n)
	if err != nil {
		return link.Face{}, err
	}
	r, err := p.recipe(ctx, c.Job, o.TypeID)
	if err != nil {
		return link.Face{}, err
	}
	kit, err := r.kit(ctx, p.onDemand, c)
	if err != nil {
		return link.Face{}, err
	}
	return kit.face(c.Row)
}

// content returns what the n-th pass is made of; that of a sealed link that nobody has
// opened, its row.
func (p linkPasses) content(ctx context.Context, o link.Opened, n int) (ledger.Content, error) {
	if len(o.Versions) > 0 {
		return p.db.Content(ctx, o.TypeID, o.Serials[n])
	}
	series, row, err := p.unseal(ctx, o.Code)
	if err != nil {
		return ledger.Content{}, err
	}
	return ledger.Content{Job: series.Job, Template: series.Template, Row: jobs.Staged{Serial: row.Serial, Bundle: row.Bundle, Values: row.Values}}, nil
}

// face fills the texts of a row's pass, and signs nothing.
func (k *pressKit) face(row jobs.Staged) (link.Face, error) {
	values := make([]jobs.Value, len(k.presser.Fields))
	if err := jobs.PickValues(row.Values, k.presser.Fields, values); err != nil {
		return link.Face{}, err
	}
	own := *k.filler
	own.token = nil // a page shows none
	contents, err := own.fill(values, row.Serial)
	if err != nil {
		return link.Face{}, err
	}
	if !row.Standing.Valid() {
		if err := amend(contents, row.Standing); err != nil {
			return link.Face{}, err
		}
	}
	files := maps.Clone(k.filler.constant)
	for i, name := range k.filler.compiled.Files() {
		files[name] = contents[i]
	}
	f := link.Face{JSON: contents[0], Images: map[string][]byte{}, Strings: map[string]map[string]string{}}
	for name, data := range files {
		switch dir, base := filepath.Split(name); {
		case dir == "" && strings.HasSuffix(base, ".png"):
			f.Images[base] = data
		case strings.HasSuffix(dir, ".lproj/") && base == "pass.strings":
			entries, err := render.ParseStrings(name, data)
			if err != nil {
				return f, err
			}
			texts := make(map[string]string, len(entries))
			for _, e := range entries {
				texts[e.Key] = e.Value
			}
			f.Strings[strings.TrimSuffix(dir, ".lproj/")] = texts
		}
	}
	return f, nil
}

var _ link.Passes = linkPasses{}
