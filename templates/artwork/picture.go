package main

import (
	"fmt"
	"image"
)

// A picture is one image of a starter template, at any scale.
type picture struct {
	starter       string
	name          string  // as Wallet knows it, without scale and suffix
	width, height float64 // in points
	colours       int     // at most so many in the file: flat, or smooth for a gradient
	draw          func(*canvas)
}

// How many colours a picture is given.
const (
	flat   = 64
	smooth = 256
)

// pictures lists all images in the sizes that Apple's guidelines name.
var pictures = []picture{
	{"storecard", "icon", 38, 38, flat, talwindIcon},
	{"storecard", "logo", 126, 50, flat, talwindLogo},
	{"storecard", "strip", 375, 144, smooth, talwindStrip},
	{"coupon", "icon", 38, 38, flat, zitraIcon},
	{"coupon", "logo", 99, 50, flat, zitraLogo},
	{"coupon", "strip", 375, 144, flat, zitraStrip},
	{"eventticket", "icon", 38, 38, flat, nordhallIcon},
	{"eventticket", "logo", 137, 50, flat, nordhallLogo},
	{"eventticket", "background", 343, 503, flat, nordhallBackground},
	{"eventticket", "thumbnail", 90, 90, flat, nordhallThumbnail},
	{"boardingpass", "icon", 38, 38, flat, luviaIcon},
	{"boardingpass", "logo", 98, 50, flat, luviaLogo},
	{"boardingpass", "footer", 268, 15, flat, luviaFooter},
	{"generic", "icon", 38, 38, flat, linneaIcon},
	{"generic", "logo", 112, 50, flat, linneaLogo},
	{"generic", "thumbnail", 90, 90, flat, linneaThumbnail},
}

// render draws p with scale pixels to the point.
func (p picture) render(scale int) *image.RGBA {
	c := newCanvas(p.width, p.height, scale)
	p.draw(c)
	return c.img
}

// fileName returns the name of p's file at scale, such as "logo@2x.png".
func (p picture) fileName(scale int) string {
	if scale == 1 {
		return p.name + ".png"
	}
	return fmt.Sprintf("%s@%dx.png", p.name, scale)
}
