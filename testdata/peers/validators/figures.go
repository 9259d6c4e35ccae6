package main

import (
	"fmt"
	"strings"
)

// countCases says how many passes there are of each kind.
func countCases(verdicts []Verdict) string {
	kinds := make(map[string]int)
	for _, v := range verdicts {
		kind, _, _ := strings.Cut(v.ID, "/")
		kinds[kind]++
	}
	return fmt.Sprintf("%d passes: %d made by others, %d of our own that break no rule, %d of these with one thing changed, %d examples of passmill's rules.",
		len(verdicts), kinds["real"], kinds["base"], kinds["patch"], kinds["rule"])
}

// count returns a peer's row of the table of figures.
func count(peer string, ours, theirs []Verdict) string {
	var by [2][2]int // who refuses: passmill, the peer
	changed := 0
	for i, v := range ours {
		by[index(v)][index(theirs[i])]++
		if len(theirs[i].Changed) > 0 {
			changed++
		}
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d |", peer, by[0][0], by[1][1], by[1][0], by[0][1], changed)
}

func index(v Verdict) int {
	if v.Verdict == refused {
		return 1
	}
	return 0
}
