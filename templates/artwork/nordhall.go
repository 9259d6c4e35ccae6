package main

import "image"

// Nordhall, a concert hall: arches that are also waves of sound.
var (
	nordhallDusk  = rgb(35, 17, 48) // the card's background colour
	nordhallCream = rgb(255, 239, 224)
	nordhallCoral = rgb(255, 111, 89)
	nordhallRose  = rgb(226, 72, 110)
	nordhallPlum  = rgb(150, 45, 112)
	nordhallGrape = rgb(88, 32, 92)
)

// portal returns an arch of a width that stands on y.
func portal(x, y, r, height, width float64) shape {
	return join(
		band(x, y-height, r-width/2, width, 180, 360),
		rect(x-r, y-height, width, height),
		rect(x+r-width, y-height, width, height),
	)
}

// nordhallBackground keeps the upper part dark, where the text stands, and
// lets the waves grow bright around the barcode.
func nordhallBackground(c *canvas) {
	c.flood(nordhallDusk)
	waves := []struct {
		r     float64
		paint *image.Uniform
	}{
		{470, rgb(39, 19, 53)}, {412, rgb(44, 21, 58)}, {356, rgb(51, 23, 65)}, {304, rgb(62, 26, 74)},
		{256, nordhallGrape}, {214, rgb(118, 38, 104)}, {176, nordhallPlum}, {142, rgb(190, 56, 112)},
		{112, nordhallRose}, {86, rgb(242, 90, 98)}, {62, nordhallCoral},
	}
	for _, w := range waves {
		c.fill(w.paint, circle(c.width/2, c.height+10, w.r))
	}
}

func nordhallThumbnail(c *canvas) {
	c.flood(nordhallGrape)
	c.fill(nordhallCream, circle(45, 26, 11))
	arches := []*image.Uniform{nordhallPlum, nordhallRose, nordhallCoral, rgb(255, 163, 107), nordhallCream}
	for i, paint := range arches {
		r := 41 - float64(i)*8
		c.fill(paint, join(circle(45, 86, r), rect(45-r, 86, 2*r, 4)))
	}
	c.fill(nordhallGrape, join(circle(45, 86, 3), rect(42, 86, 6, 4)))
}

// nordhallMark draws three nested portals on a baseline.
func nordhallMark(c *canvas, x, y, r float64) {
	c.fill(nordhallPlum, portal(x, y, r, r*0.62, r*0.2))
	c.fill(nordhallRose, portal(x, y, r*0.7, r*0.62, r*0.2))
	c.fill(nordhallCoral, portal(x, y, r*0.4, r*0.62, r*0.4))
}

func nordhallLogo(c *canvas) {
	nordhallMark(c, 15, 36, 15)
	c.fillUnion(nordhallCream, word("nordhall", 38, 33, 14.5, 15, 15))
}

func nordhallIcon(c *canvas) {
	c.flood(nordhallDusk)
	nordhallMark(c, 19, 29.5, 13)
}
