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
// the figures. It fails on what is not explained, on explanations that nothing
// needs, and on figures that the documentation has otherwise.
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
	var all []Disagreement
	var figures []string
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
		figures = append(figures, count(peer, ours, theirs))
		all = append(all, found...)
	}
	return errors.Join(report(out, all, explanations), checkFigures(out, figures))
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
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d |", peer, len(ours), by[0][0], by[1][1], by[1][0], by[0][1], changed)
}

func index(v Verdict) int {
	if v.Verdict == refused {
		return 1
	}
	return 0
}

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

const document = "../../../docs/validators.md"

// checkFigures prints the figures, and compares them with those of the
// documentation.
func checkFigures(out io.Writer, figures []string) error {
	fmt.Fprintln(out, "| peer | passes | both take | both refuse | only passmill refuses | only the peer refuses | of the passes that it takes, it changes |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	var problems []error
	for _, row := range figures {
		fmt.Fprintln(out, row)
		if !strings.Contains(string(text), row+"\n") {
			problems = append(problems, fmt.Errorf("docs/validators.md lacks the row: %s", row))
		}
	}
	return errors.Join(problems...)
}
