package main

import "math"

// Letters are drawn on a grid on which x-height is 100: the top of an x is at
// y 0, the baseline at 100.
const (
	ascent = -46 // top of l, d and h
	bowl   = 100 // width of o, a, d, e
	arch   = 88  // width of n, h, u
)

// A letter is a glyph of the wordmarks and its width. Its parts may overlap.
type letter struct {
	parts []shape
	width float64
}

// letters holds the glyphs that the wordmarks use, by stroke weight.
var letters = map[rune]func(weight float64) letter{
	'a': func(w float64) letter { return letter{[]shape{round(w), rect(bowl-w, 0, w, 100)}, bowl} },
	'd': func(w float64) letter { return letter{[]shape{round(w), rect(bowl-w, ascent, w, 100-ascent)}, bowl} },
	'e': letterE,
	'h': func(w float64) letter { return letter{append(bow(w), rect(0, ascent, w, 100-ascent)), arch} },
	'i': func(w float64) letter {
		return letter{[]shape{rect(0, 0, w, 100), circle(w/2, ascent+w*0.62, w*0.62)}, w}
	},
	'l': func(w float64) letter { return letter{[]shape{rect(0, ascent, w, 100-ascent)}, w} },
	'n': letterN,
	'o': func(w float64) letter { return letter{[]shape{round(w)}, bowl} },
	'r': func(w float64) letter {
		return letter{[]shape{rect(0, 0, w, 100), band(arch/2, arch/2-1, (arch-w)/2, w, 180, 300)}, arch * 0.72}
	},
	't': func(w float64) letter {
		return letter{[]shape{rect(17, -34, w, 134), rect(0, 0, 34+w, w*0.88)}, 34 + w}
	},
	'u': func(w float64) letter {
		n := letterN(w)
		for i, p := range n.parts {
			n.parts[i] = p.turn(arch/2, 50, 180)
		}
		return n
	},
	'v': func(w float64) letter { return letter{[]shape{wedge(92, w)}, 92} },
	'w': func(w float64) letter {
		const half = 84
		second := half - w*1.12
		return letter{[]shape{wedge(half, w), wedge(half, w).place(second, 0, 1)}, half + second}
	},
	'z': letterZ,
}

// word returns the parts of a wordmark with its left edge at x and its baseline
// at y. All measures are in points, but weight and tracking, which are
// hundredths of xHeight.
func word(text string, x, y, xHeight, weight, tracking float64) []shape {
	var out []shape
	at := 0.0
	for _, r := range text {
		l := letters[r](weight)
		for _, p := range l.parts {
			out = append(out, p.place(at, -100, 1).place(x, y, xHeight/100))
		}
		at += l.width + tracking
	}
	return out
}

// round returns the bowl of o, a and d, a little over the lines.
func round(w float64) shape { return ring(bowl/2-1, 50, bowl/2+1-w/2, w) }

// bow returns the arch and the right leg of n and h.
func bow(w float64) []shape {
	r := float64(arch) / 2
	return []shape{band(r, r-1, r-w/2, w, 180, 370), rect(arch-w, r-1, w, 101-r)}
}

// wedge returns a v with a flat foot.
func wedge(width, w float64) shape {
	h := w * 1.12 // the horizontal cut through a slanted stroke
	depth := 100 * (width/2 - h) / (width/2 - h/2)
	return polygon(
		point{0, 0}, point{h, 0}, point{width / 2, depth}, point{width - h, 0},
		point{width, 0}, point{width/2 + h/2, 100}, point{width/2 - h/2, 100},
	)
}

func letterE(w float64) letter {
	r := bowl/2 + 1 - w/2
	bar := w * 0.84
	open := math.Asin(bar/2/r) * 180 / math.Pi
	return letter{[]shape{
		band(bowl/2, 50, r, w, 42, 360+open),
		rect(w/2, 50-bar/2, bowl-w, bar),
	}, bowl}
}

func letterN(w float64) letter {
	return letter{append(bow(w), rect(0, 0, w, 100)), arch}
}

func letterZ(w float64) letter {
	const width = 84
	bar, slant := w*0.9, w*1.3
	return letter{[]shape{polygon(
		point{0, 0}, point{width, 0}, point{width, bar}, point{slant, 100 - bar},
		point{width, 100 - bar}, point{width, 100}, point{0, 100}, point{0, 100 - bar},
		point{width - slant, bar}, point{0, bar},
	)}, width}
}
