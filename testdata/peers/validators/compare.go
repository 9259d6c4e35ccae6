package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// A Disagreement is a case that passmill refuses and a peer takes, or the
// reverse. Its causes are what the one that refuses says; each needs an
// explanation.
type Disagreement struct {
	Peer, Case string
	Ours       string // passmill's verdict: ok, warns or refused
	Causes     []string
}

// compare prints what the peers say otherwise than passmill, by explanation, and
// fails on what is not explained and on explanations that nothing needs.
func compare(args []string, out io.Writer) error {
	if len(args) < 2 {
		return errors.New("compare needs our verdicts and at least one PEER=FILE")
	}
	ours, err := readVerdicts(args[0])
	if err != nil {
		return err
	}
	explanations, err := readExplanations()
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "| peer | passes | both take | both refuse | only passmill refuses | only the peer refuses | changed by the peer |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	var all []Disagreement
	for _, arg := range args[1:] {
		peer, file, _ := strings.Cut(arg, "=")
		theirs, err := readVerdicts(file)
		if err != nil {
			return err
		}
		found, err := disagreements(peer, ours, theirs)
		if err != nil {
			return err
		}
		printCounts(out, peer, ours, theirs)
		all = append(all, found...)
	}
	return report(out, all, explanations)
}

func readVerdicts(path string) ([]Verdict, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	verdicts, err := readLines[Verdict](f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	slices.SortFunc(verdicts, func(a, b Verdict) int { return cmp.Compare(a.ID, b.ID) })
	return verdicts, nil
}

func disagreements(peer string, ours, theirs []Verdict) ([]Disagreement, error) {
	if !slices.EqualFunc(ours, theirs, func(a, b Verdict) bool { return a.ID == b.ID }) {
		return nil, fmt.Errorf("%s has not answered the same cases as passmill", peer)
	}
	var found []Disagreement
	for i, v := range ours {
		d := Disagreement{Peer: peer, Case: v.ID, Ours: v.Verdict}
		switch weRefuse, theyRefuse := v.Verdict == refused, theirs[i].Verdict == refused; {
		case weRefuse && !theyRefuse:
			d.Causes = withChanges(v.Messages, theirs[i].Changed)
			found = append(found, d)
		case theyRefuse && !weRefuse:
			d.Causes = theirs[i].Messages
			found = append(found, d)
		}
	}
	return found, nil
}

// withChanges says which of our complaints are about keys that the peer drops
// or mends, so that the pass it makes is not the one it was given.
func withChanges(complaints, changed []string) []string {
	var causes []string
	for _, complaint := range complaints {
		_, path, _ := strings.Cut(complaint, " at ")
		if path != "" && slices.ContainsFunc(changed, func(key string) bool { return within(path, key) || within(key, path) }) {
			complaint += " (changed)"
		}
		causes = append(causes, complaint)
	}
	return causes
}

// within reports whether a path is that of a key or of something below it.
func within(path, key string) bool {
	rest, ok := strings.CutPrefix(path, key)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func printCounts(out io.Writer, peer string, ours, theirs []Verdict) {
	var count [2][2]int // by who refuses: passmill, the peer
	changed := 0
	for i, v := range ours {
		count[index(v)][index(theirs[i])]++
		if len(theirs[i].Changed) > 0 {
			changed++
		}
	}
	fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %d |\n", peer, len(ours), count[0][0], count[1][1], count[1][0], count[0][1], changed)
}

func index(v Verdict) int {
	if v.Verdict == refused {
		return 1
	}
	return 0
}

// report prints the disagreements below the explanations that cover them.
func report(out io.Writer, all []Disagreement, explanations []Explanation) error {
	cases := make([][]string, len(explanations))
	var unexplained []string
	for _, d := range all {
		for _, cause := range d.Causes {
			i := slices.IndexFunc(explanations, func(e Explanation) bool { return e.covers(d, cause) })
			if i < 0 {
				unexplained = append(unexplained, fmt.Sprintf("%s\t%s\tours: %s\t%s", d.Peer, d.Case, d.Ours, cause))
			} else if !slices.Contains(cases[i], d.Case) {
				cases[i] = append(cases[i], d.Case)
			}
		}
	}
	var problems []error
	for i, e := range explanations {
		fmt.Fprintf(out, "\n%s, ours: %s, right: %s: %s\n", e.Peer, e.Ours, e.Right, e.What)
		for _, id := range cases[i] {
			fmt.Fprintf(out, "\t%s\n", id)
		}
		if cases[i] == nil {
			problems = append(problems, fmt.Errorf("explained.tsv line %d explains nothing any more: %s: %s", e.Line, e.Peer, e.What))
		}
	}
	for _, line := range unexplained {
		problems = append(problems, fmt.Errorf("not explained in explained.tsv: %s", line))
	}
	fmt.Fprintf(out, "\n%d disagreements, %d explanations, %d causes without one\n", len(all), len(explanations), len(unexplained))
	return errors.Join(problems...)
}
