package main

import (
	"math"
	"slices"
)

// A point is a place in points, y running down.
type point struct{ x, y float64 }

// A path is a closed outline.
type path []point

// A shape is what its outlines enclose. An outline that runs clockwise adds,
// one that runs the other way cuts a hole.
type shape []path

// join returns the union of shapes.
func join(shapes ...shape) shape { return slices.Concat(shapes...) }

// rect returns a rectangle by its upper left corner and its size.
func rect(x, y, w, h float64) shape {
	return shape{{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}}
}

// polygon returns the shape with the given corners, clockwise.
func polygon(corners ...point) shape { return shape{corners} }

// circle returns a disc.
func circle(x, y, r float64) shape { return shape{arc(x, y, r, 0, 360)} }

// ring returns a circle line of a width.
func ring(x, y, r, width float64) shape { return band(x, y, r, width, 0, 360) }

// band returns the part of a ring between two angles in degrees; 0 is right,
// 90 is down.
func band(x, y, r, width, from, to float64) shape {
	outer, inner := arc(x, y, r+width/2, from, to), arc(x, y, max(r-width/2, 0), from, to)
	slices.Reverse(inner)
	if to-from >= 360 {
		return shape{outer, inner}
	}
	return shape{append(outer, inner...)}
}

// pill returns a horizontal bar with round ends.
func pill(x, y, w, h float64) shape {
	r := h / 2
	return shape{append(arc(x+r, y+r, r, 90, 270), arc(x+w-r, y+r, r, 270, 450)...)}
}

// leaf returns a lens between two tips that is thickest in the middle.
func leaf(from, to point, thickness float64) shape {
	dx, dy := to.x-from.x, to.y-from.y
	length := math.Hypot(dx, dy)
	nx, ny := dy/length*thickness, -dx/length*thickness
	mid := point{(from.x + to.x) / 2, (from.y + to.y) / 2}
	up := point{mid.x + nx, mid.y + ny}
	down := point{mid.x - nx, mid.y - ny}
	return shape{append(curve(from, up, to), curve(to, down, from)...)}
}

// arc returns the points of an arc, close enough together for the largest scale.
func arc(x, y, r, from, to float64) path {
	n := int(max(12, math.Ceil(math.Sqrt(r)*(to-from)/12)))
	p := make(path, 0, n+1)
	for i := range n + 1 {
		sin, cos := math.Sincos((from + (to-from)*float64(i)/float64(n)) * math.Pi / 180)
		p = append(p, point{x + r*cos, y + r*sin})
	}
	return p
}

// curve returns the points of a quadratic Bézier curve.
func curve(a, control, b point) path {
	const n = 24
	p := make(path, 0, n+1)
	for i := range n + 1 {
		t := float64(i) / n
		u := 1 - t
		p = append(p, point{
			u*u*a.x + 2*u*t*control.x + t*t*b.x,
			u*u*a.y + 2*u*t*control.y + t*t*b.y,
		})
	}
	return p
}

// place returns s scaled about the origin and then moved.
func (s shape) place(x, y, scale float64) shape {
	return s.each(func(p point) point { return point{x + p.x*scale, y + p.y*scale} })
}

// turn returns s turned clockwise about a point.
func (s shape) turn(x, y, degrees float64) shape {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return s.each(func(p point) point {
		return point{x + (p.x-x)*cos - (p.y-y)*sin, y + (p.x-x)*sin + (p.y-y)*cos}
	})
}

// each returns s with f applied to its points.
func (s shape) each(f func(point) point) shape {
	out := make(shape, len(s))
	for i, p := range s {
		out[i] = make(path, len(p))
		for j, q := range p {
			out[i][j] = f(q)
		}
	}
	return out
}

// bounds returns the corners of the box around s.
func (s shape) bounds() (lo, hi point) {
	lo, hi = point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range s {
		for _, q := range p {
			lo = point{min(lo.x, q.x), min(lo.y, q.y)}
			hi = point{max(hi.x, q.x), max(hi.y, q.y)}
		}
	}
	return lo, hi
}
