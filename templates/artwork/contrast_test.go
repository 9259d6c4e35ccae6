package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// enough is the contrast that WCAG 2 asks of text.
const enough = 4.5

// TestContrast checks that what Wallet writes on a pass can be read: on the
// card's background, on the left of a strip, and on the upper half of a
// background image.
func TestContrast(t *testing.T) {
	for _, starter := range []string{"storecard", "coupon", "eventticket", "boardingpass", "generic"} {
		back, fore, label := templateColors(t, starter)
		check(t, starter+": text on background", fore, back)
		check(t, starter+": labels on background", label, back)
	}
	for _, p := range pictures {
		box := image.Rect(0, 0, int(p.width*0.5), int(p.height))
		switch p.name {
		case "strip":
		case "background":
			box = image.Rect(0, 0, int(p.width), int(p.height*0.45))
		default:
			continue
		}
		_, fore, label := templateColors(t, p.starter)
		img := p.render(1)
		for _, pixel := range []color.RGBA{extreme(img, box, 1), extreme(img, box, -1)} {
			check(t, fmt.Sprintf("%s: text on the %s", p.starter, p.name), fore, pixel)
			check(t, fmt.Sprintf("%s: labels on the %s", p.starter, p.name), label, pixel)
		}
	}
}

func check(t *testing.T, what string, text, ground color.RGBA) {
	t.Helper()
	if got := contrast(text, ground); got < enough {
		t.Errorf("%s has a contrast of %.2f, want at least %v", what, got, enough)
	}
}

// templateColors returns the background, foreground and label colours of a
// starter.
func templateColors(t *testing.T, starter string) (back, fore, label color.RGBA) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(starters, starter, "template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var look struct{ BackgroundColor, ForegroundColor, LabelColor string }
	if err := json.Unmarshal(data, &look); err != nil {
		t.Fatalf("%s: %v", starter, err)
	}
	parse := func(s string) color.RGBA {
		c := color.RGBA{A: 0xff}
		if _, err := fmt.Sscanf(s, "rgb(%d, %d, %d)", &c.R, &c.G, &c.B); err != nil {
			t.Fatalf("%s: colour %q: %v", starter, s, err)
		}
		return c
	}
	return parse(look.BackgroundColor), parse(look.ForegroundColor), parse(look.LabelColor)
}

// extreme returns the brightest pixel of img in box, or with a sign of -1 the
// darkest.
func extreme(img *image.RGBA, box image.Rectangle, sign float64) color.RGBA {
	best := img.RGBAAt(box.Min.X, box.Min.Y)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if c := img.RGBAAt(x, y); sign*luminance(c) > sign*luminance(best) {
				best = c
			}
		}
	}
	return best
}

// contrast returns the ratio that WCAG 2 defines, from 1 to 21.
func contrast(a, b color.RGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance returns the relative luminance of an opaque colour.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
