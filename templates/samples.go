package templates

import (
	"path"
	"slices"

	"passmill/jobs"
	"passmill/render"
	"passmill/render/preflight"
)

// samples returns a value for each name of a compiled template, by the type of
// its field. Without optional, optional fields are absent.
func (t *Template) samples(compiled *render.Template, optional bool) []render.Value {
	fields := make(map[string]jobs.Field)
	for _, f := range t.Fields {
		fields[jobs.FoldName(f.Name)] = f
		for _, l := range f.Languages {
			fields[jobs.FoldName(f.Name+"@"+l)] = f
		}
	}
	values := make([]render.Value, len(compiled.Names()))
	for i, name := range compiled.Names() {
		f := fields[jobs.FoldName(name)]
		if optional || !f.Optional {
			values[i] = sample(f, compiled.Fields()[i].Type)
		}
	}
	return values
}

// sample returns a value that a field could have; want is what its place wants.
func sample(f jobs.Field, want render.Type) render.Value {
	given := f.Default
	if given == "" && len(f.OneOf) > 0 {
		given = f.OneOf[0]
	}
	if read, err := f.Read(given); given != "" && err == nil {
		return render.Value{Text: read.Text, JSON: read.JSON, Present: true}
	}
	v := render.Value{Present: true}
	switch f.Type {
	case jobs.TypeNumber, jobs.TypeMoney:
		v.Text = "12.50"
		v.JSON = v.Text
	case jobs.TypeInteger:
		v.Text = "12"
		v.JSON = v.Text
	case jobs.TypeBoolean:
		v.Text, v.JSON = "true", "true"
	case jobs.TypeDate:
		v.Text, v.JSON = "31.12.2026", `"2026-12-31T00:00:00+01:00"`
	case jobs.TypeDateTime:
		v.Text, v.JSON = "31.12.2026 18:00", `"2026-12-31T18:00:00+01:00"`
	case jobs.TypeURL:
		v.Text = "https://example.com/"
	case jobs.TypeEmail:
		v.Text = "anna@example.com"
	case jobs.TypeColor:
		v.Text = "rgb(12, 34, 56)"
	case jobs.TypeJSON:
		v.Text = "0" // where a field's value stands, only this is no mistake
		switch want {
		case render.List:
			v.Text = "[]"
		case render.Object:
			v.Text = "{}"
		}
		v.JSON = v.Text
	default:
		v.Text = text(f)
	}
	return v
}

func text(f jobs.Field) string {
	s := []rune("Sample " + f.Name)
	if f.MaxLength > 0 && len(s) > f.MaxLength {
		s = s[:f.MaxLength]
	}
	return string(s)
}

// sampleImages puts the images that rows bring among the files of a pass, in the
// place of the template's own. They are of no size, so that none is wrong.
func (t *Template) sampleImages(files *preflight.Files, optional bool) {
	for _, f := range t.Fields {
		if f.Type != jobs.TypeImage || f.Optional && !optional {
			continue
		}
		own := namesOf(f)
		files.Names = slices.DeleteFunc(files.Names, func(name string) bool { return slices.Contains(own, name) })
		files.Images = slices.DeleteFunc(files.Images, func(i preflight.Image) bool { return slices.Contains(own, i.Name) })
		for _, name := range own[1:] { // those that phones look for
			files.Names = append(files.Names, name)
			files.Images = append(files.Images, preflight.Image{Name: name})
		}
	}
	slices.Sort(files.Names)
}

// imageField returns the name of the field that an image of the pass comes from,
// as a list, or nil.
func (t *Template) imageField(file string) []string {
	for _, f := range t.Fields {
		if f.Type == jobs.TypeImage && slices.Contains(namesOf(f), path.Base(file)) {
			return []string{f.Name}
		}
	}
	return nil
}

func namesOf(f jobs.Field) []string {
	names := jobs.ImageFiles(f.Slot)
	return names[:]
}
