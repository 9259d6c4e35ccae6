package main

import (
	"image"
	"math"
)

// Talwind, a coffee roastery in the hills: dawn over ridges in teal.
var (
	talwindNight = rgb(13, 56, 61) // the card's background colour
	talwindSky   = rgb(36, 100, 98)
	talwindSun   = rgb(246, 178, 107)
	talwindHalo  = rgb(246, 200, 140)
	talwindCream = rgb(253, 244, 230)
	talwindMist  = rgb(29, 84, 84)
	talwindHill  = rgb(20, 69, 72)
)

// A ridge is the skyline of a row of hills: two waves around a height.
type ridge struct{ y, swing, length, phase float64 }

// below returns everything under r, down to bottom.
func (r ridge) below(width, bottom float64) shape {
	p := path{{width, bottom}, {0, bottom}}
	for x := 0.0; x <= width; x += 1.5 {
		t := x/r.length*2*math.Pi + r.phase
		y := r.y - r.swing*math.Sin(t) - r.swing*0.28*math.Sin(1.7*t+1)
		p = append(p, point{x, y})
	}
	return shape{append(p, point{width, p[len(p)-1].y})}
}

func talwindStrip(c *canvas) {
	const x, y = 292, 82
	c.flood(c.fade(talwindNight, talwindSky))
	for i, r := range []float64{72, 58, 45} {
		c.fill(alpha(talwindHalo, uint8(16+7*i)), circle(x, y, r))
	}
	c.fill(talwindSun, circle(x, y, 33))
	c.fill(talwindCream, join(pill(x-62, y-20, 56, 2.6), pill(x+2, y-20, 14, 2.6), pill(x+14, y-8, 44, 2.6)))
	hills := []struct {
		ridge ridge
		paint *image.Uniform
	}{
		{ridge{102, 8, 300, 0.73}, talwindMist},
		{ridge{116, 8, 250, 2.5}, talwindHill},
		{ridge{131, 7, 280, 0.2}, talwindNight},
	}
	for _, h := range hills {
		c.fill(h.paint, h.ridge.below(c.width, c.height))
	}
}

// talwindMark draws the sun behind two hills, with its centre at (x, y).
func talwindMark(c *canvas, x, y, r float64) {
	disc := circle(x, y, r)
	c.fill(talwindSun, disc)
	left := circle(x-r*0.62, y+r*1.12, r*0.98)
	right := circle(x+r*0.66, y+r*1.28, r*0.98)
	c.fill(talwindMist, right, disc)
	c.fill(talwindNight, ring(x-r*0.62, y+r*1.12, r*0.98, r*0.12), disc)
	c.fill(talwindSky, left, disc)
	c.fill(talwindCream, join(pill(x-r*1.05, y-r*0.36, r*1.05, r*0.14), pill(x+r*0.14, y-r*0.36, r*0.26, r*0.14)))
}

func talwindLogo(c *canvas) {
	talwindMark(c, 16, 25, 15)
	c.fillUnion(talwindCream, word("talwind", 38, 32, 14, 19, 15))
}

func talwindIcon(c *canvas) {
	c.flood(talwindNight)
	talwindMark(c, 19, 19, 13)
}
