package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
)

// encode returns img as a PNG with a palette, which is less than half the size
// of one without. Flat shapes need few colours; where their soft edges need
// more than most, the rare ones give way to near ones.
func encode(img *image.RGBA, most int) ([]byte, error) {
	palette := choose(census(img), most)
	out := image.NewPaletted(img.Bounds(), palette)
	index := make(map[color.RGBA]uint8)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			c := img.RGBAAt(x, y)
			i, known := index[c]
			if !known {
				i = uint8(palette.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var buf bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, out)
	return buf.Bytes(), err
}

// A tint is a colour and how many pixels have it.
type tint struct {
	color color.RGBA
	count int
}

// census returns the colours of img, the most frequent first.
func census(img *image.RGBA) []tint {
	counts := make(map[color.RGBA]int)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			counts[img.RGBAAt(x, y)]++
		}
	}
	tints := make([]tint, 0, len(counts))
	for c := range maps.Keys(counts) {
		tints = append(tints, tint{c, counts[c]})
	}
	slices.SortFunc(tints, func(a, b tint) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(key(a.color), key(b.color)))
	})
	return tints
}

// choose returns at most so many of the tints: the frequent ones, and then
// always the one that is worst represented so far.
func choose(tints []tint, most int) color.Palette {
	frequent := most * 9 / 16
	if len(tints) <= most {
		return colors(tints)
	}
	chosen := slices.Clone(tints[:frequent])
	rest := tints[frequent:]
	gap := make([]int, len(rest)) // squared distance to the nearest chosen one
	for i, t := range rest {
		gap[i] = distance(t.color, chosen[0].color)
		for _, c := range chosen[1:] {
			gap[i] = min(gap[i], distance(t.color, c.color))
		}
	}
	for len(chosen) < most {
		worst := 0
		for i := range rest {
			if gap[i] > gap[worst] {
				worst = i
			}
		}
		chosen = append(chosen, rest[worst])
		for i, t := range rest {
			gap[i] = min(gap[i], distance(t.color, rest[worst].color))
		}
	}
	return colors(chosen)
}

// colors returns the tints as a palette of straight, not premultiplied colours.
func colors(tints []tint) color.Palette {
	p := make(color.Palette, len(tints))
	for i, t := range tints {
		p[i] = color.NRGBAModel.Convert(t.color)
	}
	return p
}

// distance returns the squared distance of two colours.
func distance(a, b color.RGBA) int {
	dr, dg := int(a.R)-int(b.R), int(a.G)-int(b.G)
	db, da := int(a.B)-int(b.B), int(a.A)-int(b.A)
	return dr*dr + dg*dg + db*db + da*da
}

// key orders colours.
func key(c color.RGBA) uint32 {
	return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A)
}
