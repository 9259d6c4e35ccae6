package templates

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"maps"
	"slices"
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
		if err := checkImage(name, t.Files[name]); err != nil {
			errs = append(errs, err)
			continue
		}
		t.Images[name] = t.Files[name]
	}
	return errors.Join(errs...)
}

func checkImage(name string, data []byte) error {
	config, err := png.DecodeConfig(bytes.NewReader(data)) // its size, before memory is taken for it
	if err != nil {
		return fmt.Errorf("%s: no PNG file, whatever its name says: %w; save it as PNG", name, err)
	}
	if config.Width > maxPixels/max(1, config.Height) {
		return fmt.Errorf("%s: has %d×%d pixels, but at most %d million are allowed; make it smaller",
			name, config.Width, config.Height, maxPixels>>20)
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("%s: damaged: %w; save it again", name, err)
	}
	return nil
}
