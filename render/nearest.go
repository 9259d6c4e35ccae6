package render

import "strings"

// Nearest returns the one of candidates that a misspelled word most likely
// means, or "" if none is near enough. It answers as jobs.Nearest does, which
// this package doesn't know.
func Nearest(word string, candidates []string) string {
	const longest = 100 // beyond it nobody's slip of the finger, and the work is quadratic
	if len(word) > longest {
		return ""
	}
	best, least := "", 1+max(2, len(word)/3)
	for _, c := range candidates {
		if d := distance([]rune(strings.ToLower(word)), []rune(strings.ToLower(c))); d < least && d <= max(1, len(c)/3) {
			best, least = c, d
		}
	}
	return best
}

// distance counts letters to insert, remove or exchange, and neighbours to swap.
// It keeps three lines of the usual table: the one before the last for swaps.
func distance(a, b []rune) int {
	last, line := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range line {
		line[j] = j
	}
	before := make([]int, len(b)+1)
	for i, r := range a {
		before, last, line = last, line, before
		line[0] = i + 1
		for j, s := range b {
			cost := last[j]
			if r != s {
				cost++
			}
			line[j+1] = min(cost, last[j+1]+1, line[j]+1)
			if i > 0 && j > 0 && r == b[j-1] && a[i-1] == s {
				line[j+1] = min(line[j+1], before[j-1]+1)
			}
		}
	}
	return line[len(b)]
}
