package link

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode/aztec"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/qr"
	"golang.org/x/text/encoding/htmlindex"
)

// A barcode is one of a pass.
type barcode struct {
	Format   string `json:"format"`
	Message  string `json:"message"`
	Encoding string `json:"messageEncoding"`
	AltText  string `json:"altText"`
}

// maxBarcode bounds a message that is drawn, in bytes.
const maxBarcode = 1500

// picture draws the code as a PNG, or returns nil: PDF417 is not drawn, since readers
// don't read what the library draws, nor is what has letters that the encoding lacks.
func (b barcode) picture() []byte {
	data, ok := b.bytes()
	if !ok || len(data) == 0 || len(data) > maxBarcode {
		return nil
	}
	var code image.Image
	var err error
	quiet, height := 4, 0
	switch b.Format {
	case "PKBarcodeFormatQR":
		code, err = qr.Encode(string(data), qr.M, qr.Unicode)
	case "PKBarcodeFormatAztec":
		code, err = aztec.Encode(data, 33, 0)
	case "PKBarcodeFormatCode128":
		code, err = code128.Encode(string(data))
		quiet, height = 10, 60
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return draw(code, quiet, height)
}

// bytes returns the message in its encoding.
func (b barcode) bytes() ([]byte, bool) {
	name := b.Encoding
	switch strings.ToLower(name) {
	case "", "iso-8859-1", "latin1":
		data := make([]byte, 0, len(b.Message)) // htmlindex takes it for Windows-1252
		for _, r := range b.Message {
			if r > 0xff {
				return nil, false
			}
			data = append(data, byte(r))
		}
		return data, true
	case "utf-8", "utf8", "us-ascii", "ascii":
		return []byte(b.Message), true
	}
	encoding, err := htmlindex.Get(name)
	if err != nil {
		return nil, false
	}
	data, err := encoding.NewEncoder().Bytes([]byte(b.Message))
	return data, err == nil
}

// draw paints a code, its modules three pixels wide, with a white border of so many
// modules. A code of bars is so many pixels high.
func draw(code image.Image, quiet, height int) []byte {
	const scale = 3
	size := code.Bounds()
	width := (size.Dx() + 2*quiet) * scale
	high := (size.Dy() + 2*quiet) * scale
	if height > 0 {
		high = height + 2*scale
	}
	picture := image.NewPaletted(image.Rect(0, 0, width, high), color.Palette{color.White, color.Black})
	for y := range high {
		for x := range width {
			at := image.Point{x/scale - quiet, y/scale - quiet}
			if height > 0 {
				at.Y = 0
				if y < scale || y >= high-scale {
					continue
				}
			}
			if !at.In(size) {
				continue
			}
			if r, _, _, _ := code.At(at.X, at.Y).RGBA(); r == 0 {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var buf bytes.Buffer
	if png.Encode(&buf, picture) != nil {
		return nil
	}
	return buf.Bytes()
}
