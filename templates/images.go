package templates

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"maps"
	"slices"

	"passmill/jobs"
	"passmill/render"
	"passmill/render/preflight"
)

// readImages checks all images. Only PNG is decoded: other formats would widen
// what a hostile file can reach, and phones ask for PNG.
func (t *Template) readImages() error {
	t.Images = make(map[string][]byte)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		if kindOf(name) != imageKind {
			continue
		}
		if _, err := readImage(name, t.Files[name]); err != nil {
			errs = append(errs, err)
			continue
		}
		t.Images[name] = t.Files[name]
	}
	return errors.Join(errs...)
}

// checkImages makes sure that no image stands in text, where nobody could see it.
func (t *Template) checkImages() error {
	if t.rendered == nil {
		return nil
	}
	var errs []error
	for _, f := range t.Fields {
		used := slices.ContainsFunc(t.rendered.Names(), func(name string) bool { return jobs.FoldName(name) == jobs.FoldName(f.Name) })
		if f.Type == jobs.TypeImage && used {
			p := t.places[jobs.FoldName(f.Name)]
			errs = append(errs, &render.Error{File: definitionFile, Line: p.line, Column: p.column, Message: fmt.Sprintf(
				"%q is an image, which goes into the pass as %s; take $$%s out of the texts", f.Name, jobs.ImageFiles(f.Slot)[0], f.Name)})
		}
	}
	return errors.Join(errs...)
}

func readImage(name string, data []byte) (size preflight.Image, err error) {
	config, err := png.DecodeConfig(bytes.NewReader(data)) // its size, before memory is taken for it
	if err != nil {
		return size, fmt.Errorf("%s: no PNG file, whatever its name says: %w; save it as PNG", name, err)
	}
	if config.Width > maxPixels/max(1, config.Height) {
		return size, fmt.Errorf("%s: has %d×%d pixels, but at most %d million are allowed; make it smaller",
			name, config.Width, config.Height, maxPixels>>20)
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		return size, fmt.Errorf("%s: damaged: %w; save it again", name, err)
	}
	return preflight.Image{Name: name, Width: config.Width, Height: config.Height}, nil
}
