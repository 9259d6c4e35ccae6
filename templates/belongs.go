package templates

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
)

// Bounds of a template, for those who make one.
const (
	MaxFiles = maxFiles
	MaxImage = maxImage // bytes
	MaxText  = maxText  // bytes of template.json, and of a strings file
)

// Belongs says why a file of a pass with this path can't stand in a template;
// nil for images and strings, which can.
func Belongs(name string) error {
	switch kindOf(name) {
	case imageKind, stringsKind:
		return nil
	case ignoredKind:
		return errors.New("a system's file, which phones refuse in a pass")
	}
	return errors.New(strayAdvice(name))
}

// CheckImage says why the image of a template can't be used; nil if it can.
func CheckImage(name string, data []byte) error {
	if len(data) > maxImage {
		return fmt.Errorf("larger than %d KiB; make it smaller", maxImage>>10)
	}
	_, err := readImage(name, data)
	return err
}

// ImagePixels returns how many pixels the head of a PNG file announces, 0 if it
// is none; nothing is unpacked for it.
func ImagePixels(data []byte) int {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width > maxPixels/max(1, config.Height) {
		return 0
	}
	return config.Width * config.Height
}
