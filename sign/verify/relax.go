package verify

import "bytes"

// relaxed returns JSON with blanks in the place of what real passes hold and a
// strict parser refuses: a byte order mark, comments, commas too many. Nothing
// moves, so that a place in it is one in data.
func relaxed(data []byte) []byte {
	out := bytes.Clone(data)
	if bytes.HasPrefix(out, []byte("\ufeff")) {
		blank(out, 0, len("\ufeff"))
	}
	comma := -1    // the last comma, if nothing but blanks follows it yet
	opened := true // no item stands before the next comma
	for i := 0; i < len(out); {
		switch c := out[i]; {
		case c == '"':
			i = afterString(out, i)
			comma, opened = -1, false
			continue
		case c == '/':
			end := afterComment(out, i)
			if end < 0 {
				return out
			}
			blank(out, i, end)
			i = end
			continue
		case c == ',' && (opened || comma >= 0):
			out[i] = ' '
		case c == ',':
			comma = i
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma, opened = -1, false
		case c == '{' || c == '[':
			comma, opened = -1, true
		case c > ' ':
			comma, opened = -1, false
		}
		i++
	}
	return out
}

// blank overwrites a part, but leaves lines as they are.
func blank(data []byte, from, to int) {
	for i := from; i < to; i++ {
		if data[i] != '\n' {
			data[i] = ' '
		}
	}
}

// afterString returns where a string that begins at i ends.
func afterString(data []byte, i int) int {
	for i++; i < len(data) && data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(data))
}

// afterComment returns where a comment that begins at i ends, -1 if it is none.
func afterComment(data []byte, i int) int {
	rest := data[i:]
	switch {
	case bytes.HasPrefix(rest, []byte("//")):
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			return i + n
		}
		return len(data)
	case bytes.HasPrefix(rest, []byte("/*")):
		if n := bytes.Index(rest, []byte("*/")); n >= 0 {
			return i + n + len("*/")
		}
	}
	return -1
}
