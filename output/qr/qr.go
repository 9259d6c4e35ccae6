// Package qr draws QR codes of links, as pictures for mails, pages and sheets.
//
// It knows no links and no passes; what phones show of a pass is drawn by the
// phone, and never by this package.
package qr

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/boombuler/barcode/qr"
)

// quiet is the white border in modules that readers need around a code.
const quiet = 4

// maxSize bounds a picture, in pixels to a side.
const maxSize = 4096

// PNG returns the code of a text as a picture, size pixels to a side at most and as
// near to it as whole modules allow, with its white border. The text is too long if
// it has more than some 2,300 bytes, or if not even a pixel is left for each module.
func PNG(text string, size int) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code of %d bytes: %w", len(text), err)
	}
	modules := code.Bounds().Dx() + 2*quiet
	scale := min(size, maxSize) / modules
	if scale < 1 {
		return nil, fmt.Errorf("draw a QR code of %d bytes: it needs a picture of at least %d pixels to a side", len(text), modules)
	}
	picture := image.NewPaletted(image.Rect(0, 0, modules*scale, modules*scale), color.Palette{color.White, color.Black})
	for y := range picture.Rect.Dy() {
		for x := range picture.Rect.Dx() {
			if dark(code, x/scale-quiet, y/scale-quiet) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, picture); err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	return buf.Bytes(), nil
}

func dark(code image.Image, x, y int) bool {
	if !(image.Point{x, y}.In(code.Bounds())) {
		return false
	}
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}
