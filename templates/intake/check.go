package intake

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/render"
	"passmill/templates"
)

// A content is what a pass says.
type content struct {
	json    []byte
	strings map[string]map[string]string // by path and key
}

// check loads the template as any other, fills it with the pass's own values,
// and compares the result with what the pass was after mending.
func (t *Template) check(want content, serial string) error {
	loaded, err := t.load()
	if err != nil {
		return fmt.Errorf("the pass makes no template that passmill can load: %w", err)
	}
	compiled, _, err := loaded.Compile(render.Identity{})
	if err != nil {
		return err
	}
	in := render.Input{Serial: serial}
	for _, name := range compiled.Names() {
		v, err := t.value(loaded.Fields, name)
		if err != nil {
			return fmt.Errorf("%w: field %s: %w", errFault, name, err)
		}
		in.Values = append(in.Values, v)
	}
	files, err := compiled.Fill(nil, in)
	if err != nil {
		return err
	}
	got := maps.Clone(compiled.Constant())
	for i, name := range compiled.Files() {
		got[name] = files[i]
	}
	return want.compare(got)
}

// compare compares the content with the files of a pass.
func (c content) compare(files map[string][]byte) error {
	want, _ := render.Decode(passFile, c.json)
	got, err := render.Decode(passFile, files[passFile])
	if err != nil {
		return fmt.Errorf("%w: %w", errFault, err)
	}
	got.Members = slices.DeleteFunc(got.Members, func(m render.Member) bool { return sets[render.FoldName(m.Key)] != "" })
	if !same(want, got) {
		return errFault
	}
	for name, want := range c.strings {
		entries, err := render.ParseStrings(name, files[name])
		got := make(map[string]string)
		for _, e := range entries {
			got[e.Key] = e.Value
		}
		if err != nil || !maps.Equal(want, got) {
			return fmt.Errorf("%w: %s", errFault, name)
		}
	}
	return nil
}

// load loads the template from memory: an archive is a file system.
func (t *Template) load() (*templates.Template, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(t.Files[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	fsys, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, err
	}
	return templates.Load(fsys, "imported")
}

// value reads the cell of a name as a job would.
func (t *Template) value(declared []jobs.Field, name string) (render.Value, error) {
	column := slices.Index(t.header, name)
	if column < 0 {
		return render.Value{}, nil // a field with languages has columns for them only
	}
	base, _, _ := strings.Cut(name, "@")
	i := slices.IndexFunc(declared, func(f jobs.Field) bool { return f.Name == base })
	if i < 0 {
		return render.Value{}, fmt.Errorf("is not declared")
	}
	v, err := declared[i].Read(t.cells[column])
	return render.Value{Text: v.Text, JSON: v.JSON, Present: v.Present}, err
}

// same reports whether two values have the same content: order of keys does not
// count, digits do.
func same(a, b *render.Node) bool {
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Elems) != len(b.Elems) || len(a.Members) != len(b.Members) {
		return false
	}
	for i := range a.Elems {
		if !same(&a.Elems[i], &b.Elems[i]) {
			return false
		}
	}
	for i := range a.Members {
		other := b.Get(a.Members[i].Key)
		if other == nil || !same(&a.Members[i].Value, other) {
			return false
		}
	}
	return true
}
