package main

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/render"
	"passmill/templates"
)

// compare says how a pass would change that a row asks for; old is nil if there is none
// yet. What the template causes is told from what the row does by filling the new
// template with the old row.
func (d *differ) compare(ctx context.Context, s *jobs.Staged, old *ledger.PassRow) (passDiff, error) {
	p := passDiff{Serial: s.Serial}
	if old == nil {
		p.New = true
		return p, nil
	}
	was, err := d.older(ctx, old)
	if err != nil {
		return p, err
	}
	is, err := d.filled(d.work.filler, d.work.schema.Fields, s.Values, s.Serial)
	if err != nil {
		return p, err
	}
	if old.Standing.Cause == jobs.CausePerson { // it stays so
		if err := amend(is.contents, old.Standing); err != nil {
			return p, err
		}
	}
	all, err := was.changes(is)
	if err != nil {
		return p, err
	}
	if p.Message, p.Silent = render.Shown(all, d.translate); len(all) == 0 {
		p.same = true
		return p, nil
	}
	if old.Template != d.work.template.Version {
		if between, err := d.filled(d.work.filler, d.work.schema.Fields, old.Values, s.Serial); err == nil {
			if err := amend(between.contents, old.Standing); err != nil {
				return p, err
			}
			caused, err := was.changes(between)
			if err != nil {
				return p, err
			}
			if all, err = between.changes(is); err != nil {
				return p, err
			}
			p.fromTemplate = changesOf(caused)
		} // else the old row has not what the new template needs: all of it is the row's
	}
	p.Changes = changesOf(all)
	return p, nil
}

// A filling is a pass that was filled and not signed.
type filling struct {
	files    []string
	contents [][]byte
	constant map[string][]byte
	images   []jobs.Value // of the image fields, by their order
	fields   []jobs.Field // of type image
}

// older fills the pass as it is now.
func (d *differ) older(ctx context.Context, old *ledger.PassRow) (filling, error) {
	f, err := d.fillerOf(ctx, old)
	if err != nil {
		return filling{}, err
	}
	fields := f.fields()
	f.join(fields)
	was, err := d.filled(f, fields, old.Values, old.Serial)
	if err != nil {
		return filling{}, err
	}
	return was, amend(was.contents, old.Standing)
}

// fillerOf returns what fills passes of the version that a pass was made with.
func (d *differ) fillerOf(ctx context.Context, old *ledger.PassRow) (*filler, error) {
	key := kitKey{old.Template, old.Token != 0}
	if f := d.fillers[key]; f != nil {
		return f, nil
	}
	name, files, err := d.db.TemplateFiles(ctx, old.Template)
	if err != nil {
		return nil, err
	}
	t, err := templates.Restore(files, name)
	if err != nil {
		return nil, err
	}
	service := ""
	if key.updates {
		public, err := d.work.workspaceURL()
		if err != nil {
			return nil, err
		}
		service = public + servicePath
	}
	f, err := newFiller(t, d.work.identity, service)
	if err != nil {
		return nil, err
	}
	if len(d.fillers) >= maxKits {
		clear(d.fillers)
	}
	d.fillers[key] = f
	return f, nil
}

// workspaceURL returns the address at which phones reach the workspace's server.
func (w *work) workspaceURL() (string, error) {
	space, err := w.workspace(w.named)
	if err != nil {
		return "", err
	}
	return space.public()
}

// filled fills a pass, with a token that opens nothing.
func (d *differ) filled(f *filler, fields []jobs.Field, data []byte, serial string) (filling, error) {
	values := make([]jobs.Value, len(fields))
	if err := jobs.PickValues(data, fields, values); err != nil {
		return filling{}, err
	}
	own := *f
	own.token = nil
	contents, err := own.fill(values, serial)
	is := filling{files: f.compiled.Files(), contents: contents, constant: f.constant}
	for i := range fields {
		if fields[i].Type == jobs.TypeImage {
			is.fields, is.images = append(is.fields, fields[i]), append(is.images, values[i])
		}
	}
	return is, err
}

// changes says how a pass differs from another: by its own words, its translations and
// its images.
func (was filling) changes(is filling) ([]render.Change, error) {
	changes, err := render.Changes(was.contents[0], is.contents[0])
	if err != nil {
		return nil, err
	}
	before, after := was.others(), is.others()
	names := slices.Collect(maps.Keys(before))
	names = append(names, slices.Collect(maps.Keys(after))...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		old, had := before[name]
		now, has := after[name]
		if had == has && bytes.Equal(old, now) {
			continue
		}
		c := render.Change{Place: name}
		if had {
			c.Old = new(string)
			*c.Old = "as it was"
		}
		if has {
			c.New = new(string)
			*c.New = "another"
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// others returns the files of a pass but pass.json; an image of a row stands for its
// files.
func (f filling) others() map[string][]byte {
	files := maps.Clone(f.constant)
	for i, name := range f.files[1:] {
		files[name] = f.contents[i+1]
	}
	for i, field := range f.fields {
		if v := f.images[i]; v.Present {
			files["image "+field.Name] = []byte(v.Text + "\x00" + v.JSON)
		}
	}
	return files
}

// translate finds a text in the translations of the template, in English if it has
// them, else in the first language.
func (d *differ) translate(text string) string {
	f := d.work.filler
	for _, name := range append([]string{"en.lproj/pass.strings"}, slices.Sorted(maps.Keys(f.constant))...) {
		data, ok := f.constant[name]
		if !ok || !strings.HasSuffix(name, ".lproj/pass.strings") {
			continue
		}
		entries, err := render.ParseStrings(name, data)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.Key == text {
				return e.Value
			}
		}
	}
	return text
}
