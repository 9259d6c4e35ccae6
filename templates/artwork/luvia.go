package main

import "slices"

// Luvia, an airline: a wing of three feathers in the colours of the sky.
var (
	luviaCobalt = rgb(18, 45, 125) // the card's background colour
	luviaWhite  = rgb(255, 255, 255)
	luviaSky    = rgb(122, 201, 250)
	luviaAzure  = rgb(64, 142, 240)
)

// luviaMark draws the wing in a box of the given size.
func luviaMark(c *canvas, x, y, size float64) {
	root := point{x + size*0.02, y + size*0.86}
	c.fill(luviaAzure, leaf(root, point{x + size*0.98, y + size*0.74}, size*0.20))
	c.fill(luviaSky, leaf(root, point{x + size*0.96, y + size*0.38}, size*0.20))
	c.fill(luviaWhite, leaf(root, point{x + size*0.78, y + size*0.04}, size*0.20))
}

func luviaLogo(c *canvas) {
	luviaMark(c, 0, 9, 30)
	c.fillUnion(luviaWhite, word("luvia", 37, 34, 15.5, 17, 18))
}

func luviaIcon(c *canvas) {
	c.flood(luviaCobalt)
	luviaMark(c, 6.5, 5.5, 26)
}

// luviaFooter draws a route from one place to another, with a plane on it.
func luviaFooter(c *canvas) {
	const mid = 7.5
	c.fill(luviaSky, ring(6, mid, 3.2, 1.6))
	c.fill(luviaSky, circle(262, mid, 4))
	for x := 15.0; x < 250; x += 9 {
		if x < 117 || x > 147 {
			c.fill(luviaAzure, pill(x, mid-0.75, 4.5, 1.5))
		}
	}
	c.fill(luviaWhite, plane().place(134, mid, 1))
}

// plane returns an aeroplane that flies to the right, 20 points long.
func plane() shape {
	wing := polygon(point{-1.5, 0}, point{-5, -7.2}, point{-2.6, -7.2}, point{4, 0})
	tail := polygon(point{-8, 0}, point{-10.4, -3.4}, point{-8.6, -3.4}, point{-5, 0})
	return join(leaf(point{-11, 0}, point{11, 0}, 2.9), wing, mirror(wing), tail, mirror(tail))
}

// mirror returns s turned over at the horizontal axis, its outlines still
// clockwise.
func mirror(s shape) shape {
	out := s.each(func(p point) point { return point{p.x, -p.y} })
	for _, p := range out {
		slices.Reverse(p)
	}
	return out
}
