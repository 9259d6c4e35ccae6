package main

import "image"

// Linnea, a botanical garden: leaves cut from squares.
var (
	linneaPaper = rgb(247, 241, 227) // the card's background colour
	linneaFir   = rgb(27, 67, 50)
	linneaMoss  = rgb(82, 135, 82)
	linneaMint  = rgb(168, 201, 152)
	linneaClay  = rgb(203, 92, 60)
	linneaStraw = rgb(236, 186, 92)
)

// petal returns a square with two opposite corners rounded all the way: a leaf
// whose tips are at the upper left and the lower right.
func petal(x, y, size float64) shape {
	return shape{append(arc(x, y+size, size, 270, 360), arc(x+size, y, size, 90, 180)...)}
}

// petalAcross returns a petal with its tips at the other two corners.
func petalAcross(x, y, size float64) shape {
	return petal(x, y, size).turn(x+size/2, y+size/2, 90)
}

// linneaMark draws a flower of four petals in a box of the given size.
func linneaMark(c *canvas, x, y, size float64) {
	half := size / 2
	gap := size * 0.03
	side := half - gap
	c.fill(linneaFir, petal(x, y, side))
	c.fill(linneaMoss, petalAcross(x+half+gap, y, side))
	c.fill(linneaClay, petal(x+half+gap, y+half+gap, side))
	c.fill(linneaMoss, petalAcross(x, y+half+gap, side))
}

func linneaLogo(c *canvas) {
	linneaMark(c, 0, 10, 30)
	c.fillUnion(linneaFir, word("linnea", 39, 33, 14.5, 16, 17))
}

func linneaIcon(c *canvas) {
	c.flood(linneaPaper)
	linneaMark(c, 5, 5, 28)
}

// linneaThumbnail draws a flower bed of nine tiles.
func linneaThumbnail(c *canvas) {
	const side = 30
	tiles := []struct {
		ground, plant *image.Uniform
		shape         func(x, y float64) shape
	}{
		{linneaFir, linneaMint, func(x, y float64) shape { return petal(x, y, side) }},
		{linneaStraw, linneaClay, func(x, y float64) shape { return circle(x+15, y+15, 8) }},
		{linneaMoss, linneaFir, func(x, y float64) shape { return petalAcross(x, y, side) }},
		{linneaMint, linneaFir, quarter},
		{linneaFir, linneaStraw, flower},
		{linneaClay, linneaPaper, func(x, y float64) shape { return petal(x, y, side) }},
		{linneaClay, linneaStraw, func(x, y float64) shape { return petalAcross(x, y, side) }},
		{linneaMoss, linneaMint, func(x, y float64) shape { return petal(x, y, side) }},
		{linneaFir, linneaMoss, quarter},
	}
	for i, t := range tiles {
		x, y := float64(i%3)*side, float64(i/3)*side
		c.fill(t.ground, rect(x, y, side, side))
		c.fill(t.plant, t.shape(x, y))
	}
}

// quarter returns a quarter of a disc that fills a tile.
func quarter(x, y float64) shape {
	return shape{append(arc(x, y+30, 30, 270, 360), point{x, y + 30})}
}

// flower returns four petals that meet in the middle of a tile.
func flower(x, y float64) shape {
	return join(petal(x+2, y+2, 13), petalAcross(x+15, y+2, 13), petalAcross(x+2, y+15, 13), petal(x+15, y+15, 13))
}
