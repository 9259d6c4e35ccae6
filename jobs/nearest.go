package jobs

import "strings"

// Nearest returns the one of candidates that a misspelled word most likely
// means, or "" if none is near enough: an error that names it saves a search.
// Letters' case counts for nothing.
func Nearest(word string, candidates []string) string {
	if len(word) > 100 {
		return "" // nobody's slip of the finger, and the work is quadratic
	}
	best, least := "", 1+max(2, len(word)/3)
	for _, c := range candidates {
		if d := distance([]rune(strings.ToLower(word)), []rune(strings.ToLower(c))); d < least && d <= max(1, len(c)/3) {
			best, least = c, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or exchange, and the neighbours
// to swap, between two words (Damerau and Levenshtein).
func distance(a, b []rune) int {
	rows := make([][]int, len(a)+1) // rows[i][j]: of a[:i] and b[:j]
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			exchange := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				exchange++
			}
			rows[i][j] = min(exchange, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
