package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// An orientation says how an image lies, as TIFF 6.0 numbers it: row and column
// of the first stored pixel as a person should see them. 1 is upright.
type orientation int

const upright orientation = 1

// turned reports whether width and height change places.
func (o orientation) turned() bool { return o >= 5 }

// Markers of JPEG files (ITU-T T.81, table B.1) and the tag of the orientation
// (Exif 2.3, table 4).
const (
	markerScan     = 0xda
	markerEnd      = 0xd9
	markerExif     = 0xe1
	tagOrientation = 0x0112
	typeShort      = 3
)

// segments calls use for each segment in front of the image data of a JPEG file,
// until it returns false.
func segments(data []byte, use func(marker byte, body []byte) bool) {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker := data[at+1]
		if marker == 0xff { // a fill byte
			at++
			continue
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == markerScan || marker == markerEnd || size < 2 || at+2+size > len(data) {
			return
		}
		if !use(marker, data[at+4:at+2+size]) {
			return
		}
		at += 2 + size
	}
}

// orientationOf reads how a JPEG file lies. Whoever says nothing that can be
// understood is upright.
func orientationOf(data []byte) orientation {
	found := upright
	segments(data, func(marker byte, body []byte) bool {
		tiff, exif := bytes.CutPrefix(body, []byte("Exif\x00\x00"))
		if marker == markerExif && exif {
			found = tiffOrientation(tiff)
			return false
		}
		return true
	})
	return found
}

func tiffOrientation(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for n := order.Uint16(tiff[at:]); n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if order.Uint16(entries) != tagOrientation || order.Uint16(entries[2:]) != typeShort {
			continue
		}
		if o := orientation(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
			return o
		}
	}
	return upright
}

// isProgressive reports whether a JPEG file comes in several passes, for which a
// decoder has to hold the whole image more than once.
func isProgressive(data []byte) bool {
	progressive := false
	segments(data, func(marker byte, _ []byte) bool {
		progressive = progressive || marker == 0xc2
		return true
	})
	return progressive
}

// turn returns an image as a person should see it.
func (o orientation) turn(src *image.RGBA) *image.RGBA {
	if o == upright {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	size := image.Rect(0, 0, w, h)
	if o.turned() {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			p := o.place(x, y, w, h)
			copy(dst.Pix[dst.PixOffset(p.X, p.Y):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}

// place returns where a stored pixel of an image of w times h belongs.
func (o orientation) place(x, y, w, h int) image.Point {
	switch o {
	case 2:
		return image.Pt(w-1-x, y)
	case 3:
		return image.Pt(w-1-x, h-1-y)
	case 4:
		return image.Pt(x, h-1-y)
	case 5:
		return image.Pt(y, x)
	case 6:
		return image.Pt(h-1-y, x)
	case 7:
		return image.Pt(h-1-y, w-1-x)
	case 8:
		return image.Pt(y, w-1-x)
	}
	return image.Pt(x, y)
}
