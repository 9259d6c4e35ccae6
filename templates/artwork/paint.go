package main

import (
	"image"
	"image/color"
)

// rgb returns an opaque paint.
func rgb(r, g, b uint8) *image.Uniform {
	return image.NewUniform(color.RGBA{R: r, G: g, B: b, A: 0xff})
}

// alpha returns paint with an opacity from 0 to 255.
func alpha(paint *image.Uniform, opacity uint8) *image.Uniform {
	r, g, b, _ := paint.RGBA()
	return image.NewUniform(color.NRGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: opacity})
}

// A gradient is a paint that runs from one colour down to another. Rows are of
// one colour, which compresses well.
type gradient struct {
	top, bottom *image.Uniform
	height      int // in pixels
}

// fade returns the gradient over the height of c.
func (c *canvas) fade(top, bottom *image.Uniform) gradient {
	return gradient{top, bottom, c.img.Bounds().Dy()}
}

func (g gradient) ColorModel() color.Model { return color.RGBAModel }

func (g gradient) Bounds() image.Rectangle {
	return image.Rect(-1e6, -1e6, 1e6, 1e6)
}

func (g gradient) At(_, y int) color.Color {
	y = min(max(y, 0), g.height-1)
	r0, g0, b0, _ := g.top.RGBA()
	r1, g1, b1, _ := g.bottom.RGBA()
	return color.RGBA{R: g.mix(r0, r1, y), G: g.mix(g0, g1, y), B: g.mix(b0, b1, y), A: 0xff}
}

// mix returns the channel's value in row y.
func (g gradient) mix(from, to uint32, y int) uint8 {
	last := max(g.height-1, 1)
	return uint8((int(from>>8)*(last-y) + int(to>>8)*y + last/2) / last)
}
