package main

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// tile is the largest side that the rasterizer fills in integer arithmetic,
// which gives the same pixels on every kind of machine.
const tile = 512

// A canvas is an image that is drawn on in points.
type canvas struct {
	img           *image.RGBA
	width, height float64 // in points
	scale         float64 // pixels to the point
}

// newCanvas returns a transparent canvas of a size in points.
func newCanvas(width, height float64, scale int) *canvas {
	w, h := int(math.Round(width))*scale, int(math.Round(height))*scale
	return &canvas{
		img:   image.NewRGBA(image.Rect(0, 0, w, h)),
		width: width, height: height, scale: float64(scale),
	}
}

// flood covers the whole canvas.
func (c *canvas) flood(paint image.Image) {
	draw.Draw(c.img, c.img.Bounds(), paint, image.Point{}, draw.Src)
}

// fill paints s, or the part of it that lies within all clips.
func (c *canvas) fill(paint image.Image, s shape, clips ...shape) {
	mask := c.mask(s)
	for _, clip := range clips {
		multiply(mask, c.mask(clip))
	}
	r := mask.Bounds()
	draw.DrawMask(c.img, r, paint, r.Min, mask, r.Min, draw.Over)
}

// fillUnion paints parts that overlap. Where the edges of two coincide, the
// pixel is as full as the fuller one says; a sum would thicken the edge.
func (c *canvas) fillUnion(paint image.Image, parts []shape) {
	whole := image.NewAlpha(c.img.Bounds())
	for _, part := range parts {
		mask := c.mask(part)
		r := mask.Bounds()
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				a := max(whole.AlphaAt(x, y).A, mask.AlphaAt(x, y).A)
				whole.SetAlpha(x, y, color.Alpha{A: a})
			}
		}
	}
	draw.DrawMask(c.img, c.img.Bounds(), paint, image.Point{}, whole, image.Point{}, draw.Over)
}

// mask returns the coverage of s within its bounds on the canvas.
func (c *canvas) mask(s shape) *image.Alpha {
	lo, hi := s.bounds()
	box := image.Rect(
		int(math.Floor(lo.x*c.scale)), int(math.Floor(lo.y*c.scale)),
		int(math.Ceil(hi.x*c.scale)), int(math.Ceil(hi.y*c.scale)),
	).Intersect(c.img.Bounds())
	mask := image.NewAlpha(box)
	for y := box.Min.Y; y < box.Max.Y; y += tile {
		for x := box.Min.X; x < box.Max.X; x += tile {
			c.rasterize(mask, s, image.Rect(x, y, x+tile, y+tile).Intersect(box))
		}
	}
	return mask
}

// rasterize fills the part of mask that lies in r.
func (c *canvas) rasterize(mask *image.Alpha, s shape, r image.Rectangle) {
	z := vector.NewRasterizer(r.Dx(), r.Dy())
	for _, path := range s {
		for i, p := range path {
			x, y := c.pixel(p.x)-float32(r.Min.X), c.pixel(p.y)-float32(r.Min.Y)
			if i == 0 {
				z.MoveTo(x, y)
				continue
			}
			z.LineTo(x, y)
		}
		z.ClosePath()
	}
	z.Draw(mask, r, image.Opaque, image.Point{})
}

// pixel converts points to pixels, rounded to what the rasterizer can tell
// apart, so that the last bit of a sine makes no difference.
func (c *canvas) pixel(v float64) float32 {
	return float32(math.Round(v*c.scale*512) / 512)
}

// multiply scales mask by clip, which covers nothing outside its bounds.
func multiply(mask, clip *image.Alpha) {
	r := mask.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			a := uint16(mask.AlphaAt(x, y).A) * uint16(clip.AlphaAt(x, y).A) / 255
			mask.SetAlpha(x, y, color.Alpha{A: uint8(a)})
		}
	}
}
