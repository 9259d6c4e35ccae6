package picture

import (
	"image"
	"math"

	"passmill/jobs"
)

// A shape says what becomes of an image in a slot. It is scaled into a box, in
// points, after so much was cut off, equally on both sides, that its width lies
// between the narrowest and the widest times its height.
type shape struct {
	width, height     int
	narrowest, widest float64
}

// whole lets an image of any shape be.
func whole(width, height int) shape { return shape{width, height, 0, math.Inf(1)} }

// filling cuts an image to the shape of the box.
func filling(width, height int) shape {
	r := float64(width) / float64(height)
	return shape{width, height, r, r}
}

// shapes are the largest sizes that the Human Interface Guidelines name. Logos
// and the footer are texts and signs, of which nothing may be lost; strip,
// background and artwork fill an area of the pass; a thumbnail may be as narrow
// as two to three, or as wide as three to two.
var shapes = map[string]shape{
	"icon":                filling(38, 38),
	"logo":                whole(160, 50),
	"primaryLogo":         whole(126, 30),
	"secondaryLogo":       whole(135, 12),
	"strip":               filling(375, 144),
	"thumbnail":           {90, 90, 2.0 / 3, 3.0 / 2},
	"background":          filling(343, 503),
	"artwork":             filling(358, 448),
	"footer":              whole(268, 15),
	"personalizationLogo": whole(150, 40),
}

// cut returns the part of an image of so many pixels that is shown.
func (s shape) cut(width, height int) image.Rectangle {
	r := image.Rect(0, 0, width, height)
	if most := round(float64(height) * s.widest); width > most {
		r.Min.X = (width - most) / 2
		r.Max.X = r.Min.X + most
	}
	if s.narrowest > 0 {
		if most := round(float64(width) / s.narrowest); height > most {
			r.Min.Y = (height - most) / 2
			r.Max.Y = r.Min.Y + most
		}
	}
	return r
}

// size returns the pixels, at a scale from 1, of a part of so many, and whether
// that is more than the part has.
func (s shape) size(part image.Point, scale int) (size image.Point, enlarged bool) {
	width, height := s.width*scale, s.height*scale
	if s.narrowest == s.widest {
		return image.Pt(width, height), width > part.X || height > part.Y
	}
	ratio := min(float64(width)/float64(part.X), float64(height)/float64(part.Y))
	return image.Pt(round(float64(part.X)*ratio), round(float64(part.Y)*ratio)), ratio > 1
}

// round returns the nearest number of pixels, but at least one.
func round(pixels float64) int {
	if pixels >= math.MaxInt32 {
		return math.MaxInt32
	}
	return max(1, int(math.Round(pixels)))
}

// scales returns the sizes that are made of a part, from @1x. An image is
// enlarged once at most: to the first scale that it does not reach, so that none
// of its detail is lost. Larger ones would only be more blurred.
func (s shape) scales(part image.Point) (sizes []image.Point) {
	for scale := 1; scale <= jobs.ImageScales; scale++ {
		size, enlarged := s.size(part, scale)
		sizes = append(sizes, size)
		if enlarged {
			break
		}
	}
	return sizes
}
