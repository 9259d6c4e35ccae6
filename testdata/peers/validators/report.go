package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// report prints the disagreements below the explanations that cover them.
func report(out io.Writer, all []Disagreement, explanations []Explanation) error {
	covered := make([][]Disagreement, len(explanations))
	var problems []error
	for _, d := range all {
		for _, cause := range d.Causes {
			i := slices.IndexFunc(explanations, func(e Explanation) bool { return e.covers(d, cause) })
			if i < 0 {
				problems = append(problems, fmt.Errorf("not explained in explained.tsv: %s\t%s\tours: %s\t%s", d.Peer, d.Case, d.Ours, cause))
			} else {
				covered[i] = append(covered[i], d)
			}
		}
	}
	for i, e := range explanations {
		fmt.Fprintf(out, "\npassmill: %s, right: %s: %s\n", strings.Join(e.Ours, ", "), e.Right, e.What)
		for _, peer := range e.Peers {
			cases := casesOf(peer, covered[i])
			if cases == nil {
				problems = append(problems, fmt.Errorf("explained.tsv line %d explains nothing of %s any more: %s", e.Line, peer, e.What))
			}
			fmt.Fprintf(out, "\t%s: %s\n", peer, strings.Join(cases, ", "))
		}
	}
	fmt.Fprintf(out, "\n%d disagreements, %d explanations\n\n", len(all), len(explanations))
	return errors.Join(problems...)
}

// casesOf lists the cases that a peer and passmill disagree about, each once.
func casesOf(peer string, all []Disagreement) []string {
	var cases []string
	for _, d := range all {
		if d.Peer == peer && !slices.Contains(cases, d.Case) {
			cases = append(cases, d.Case)
		}
	}
	return cases
}
