package main

import (
	"image"
	"math"
)

// Zitra, a juice bar: slices of citrus on warm yellow.
var (
	zitraYellow = rgb(255, 207, 74) // the card's background colour
	zitraGlow   = rgb(255, 223, 130)
	zitraInk    = rgb(64, 29, 20)
	zitraPith   = rgb(255, 246, 224)
	grapefruit  = fruit{rgb(240, 106, 74), rgb(238, 88, 86), rgb(247, 126, 116)}
	lime        = fruit{rgb(92, 158, 62), rgb(150, 196, 84), rgb(176, 214, 118)}
	orange      = fruit{rgb(243, 138, 30), rgb(250, 160, 58), rgb(253, 183, 96)}
)

// A fruit is the colours of a slice.
type fruit struct{ rind, flesh, light *image.Uniform }

// slice draws a round slice of n segments.
func (f fruit) slice(c *canvas, x, y, r float64, n int, degrees float64) {
	c.fill(f.rind, circle(x, y, r))
	c.fill(zitraPith, circle(x, y, r*0.90))
	step := 360 / float64(n)
	for i := range n {
		at := degrees + step*float64(i)
		paint := f.flesh
		if i%2 == 1 {
			paint = f.light
		}
		c.fill(paint, segment(x, y, r*0.83, step, r*0.035).turn(x, y, at))
	}
}

// segment returns a segment of a slice that points to the right, with a gap to
// its neighbours on either side.
func segment(x, y, r, degrees, gap float64) shape {
	half := degrees / 2
	inner := gap / math.Sin(half*math.Pi/180)
	edge := half - math.Asin(gap/r)*180/math.Pi
	soft := edge * 0.42
	rim := arc(x, y, r, -edge+soft, edge-soft)
	first, last := rim[0], rim[len(rim)-1]
	tip := point{x + inner, y}
	cornerA, cornerB := onCircle(x, y, r, -edge), onCircle(x, y, r, edge)
	p := path{tip}
	p = append(p, curve(between(tip, cornerA, 0.82), cornerA, first)...)
	p = append(p, rim...)
	return shape{append(p, curve(last, cornerB, between(tip, cornerB, 0.82))...)}
}

// onCircle returns the point of a circle at an angle in degrees.
func onCircle(x, y, r, degrees float64) point {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return point{x + r*cos, y + r*sin}
}

// between returns the point that lies a share of the way from a to b.
func between(a, b point, share float64) point {
	return point{a.x + (b.x-a.x)*share, a.y + (b.y-a.y)*share}
}

func zitraStrip(c *canvas) {
	c.flood(zitraGlow)
	lime.slice(c, 226, 128, 33, 8, 10)
	orange.slice(c, 362, 24, 56, 10, 4)
	grapefruit.slice(c, 304, 98, 58, 10, -14)
	drops := join(circle(243, 56, 5), circle(258, 34, 3), circle(226, 76, 2.5))
	c.fill(orange.rind, drops)
}

func zitraLogo(c *canvas) {
	grapefruit.slice(c, 14, 25, 14, 8, -12)
	c.fillUnion(zitraInk, word("zitra", 36, 33, 16, 25, 14))
}

func zitraIcon(c *canvas) {
	c.flood(zitraYellow)
	grapefruit.slice(c, 19, 19, 14, 8, -12)
}
