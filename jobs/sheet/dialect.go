package sheet

import (
	"strings"
)

// A dialect is how a CSV file separates its cells.
type dialect struct {
	comma byte
	skip  int // bytes of Excel's "sep=;" line, which is no row
}

// separators are tried in this order; of equals the first wins.
const separators = ",;\t|"

// dialectOf decides by the beginning of the text, from its header on: titles
// above it have cells of their own. cut says that the text goes on behind it.
func dialectOf(text string, header int, cut bool) dialect {
	if d, ok := declared(text); ok {
		return d
	}
	best, most := byte(0), 0
	for i := range len(separators) {
		if score := consistency(text, separators[i], header, cut); score > most {
			best, most = separators[i], score
		}
	}
	if best != 0 {
		return dialect{comma: best}
	}
	for i := range len(separators) {
		if !strings.Contains(text, separators[i:i+1]) {
			return dialect{comma: separators[i]} // one column: decimal commas must not split it
		}
	}
	return dialect{comma: ','}
}

// declared reads the line "sep=;" that Excel understands at the top of a file.
func declared(text string) (dialect, bool) {
	line, _, _ := strings.Cut(text, "\n")
	line, rest, lone := strings.Cut(line, "\r")
	if len(line) != 5 || !strings.EqualFold(line[:4], "sep=") || line[4] == '"' || line[4] >= 0x80 {
		return dialect{}, false
	}
	skip := len(line)
	if lone {
		skip++
	}
	if rest == "" && strings.HasPrefix(text[skip:], "\n") {
		skip++
	}
	return dialect{line[4], skip}, true
}

// consistency says how well a separator explains a text: 0 if it does not
// occur in the first line, more the more lines have as many cells as the first
// one. Where two explain it equally, the one with more cells is right.
func consistency(text string, comma byte, header int, cut bool) int {
	counts := cellCounts(text, comma, header, 50)
	if cut && len(counts) > 1 {
		counts = counts[:len(counts)-1] // the last line may go on
	}
	if len(counts) == 0 || counts[0] < 2 {
		return 0
	}
	same := 0
	for _, n := range counts {
		if n == counts[0] {
			same++
		}
	}
	return same*1000/len(counts)*1000 + min(counts[0], 999)
}

// cellCounts returns the number of cells in each line from the row first on, up
// to a number of lines, without blank ones. A quote that opens a cell hides
// separators and line ends.
func cellCounts(text string, comma byte, first, lines int) []int {
	var counts []int
	row, cells, quoted, start, filled := 1, 1, false, true, false
	end := func() {
		if filled && row >= first {
			counts = append(counts, cells)
		}
		row, cells, filled = row+1, 1, false
	}
	for i := 0; i < len(text) && len(counts) < lines; i++ {
		c := text[i]
		switch {
		case c == '"':
			if start || quoted {
				quoted = !quoted // a doubled quote ends and begins at once
			}
			filled = true
		case quoted:
		case c == '\n' && i > 0 && text[i-1] == '\r':
		case c == '\n' || c == '\r':
			end()
		case c == comma:
			cells++
			filled = true
		default:
			filled = true
		}
		// Behind a closing quote, the other half of a doubled one may follow.
		start = !quoted && (c == comma || c == '\n' || c == '\r' || c == '"')
	}
	if filled && len(counts) < lines {
		end()
	}
	return counts
}
