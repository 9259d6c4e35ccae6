package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// An Explanation says why passmill and some peers disagree about some passes, and
// who is right.
type Explanation struct {
	Peers  []string       // their names
	Ours   []string       // passmill's verdicts: refused, or one or both of ok and warns
	Cause  *regexp.Regexp // matches what the one that refuses says
	What   string         // the cause in words
	Right  string         // who is right: "passmill", "peer" or "open"
	Why    string
	Source string
	Line   int
}

func (e Explanation) covers(d Disagreement, cause string) bool {
	return slices.Contains(e.Peers, d.Peer) && slices.Contains(e.Ours, d.Ours) && e.Cause.MatchString(cause)
}

const columns = "peers\tours\tcause\twhat\tright\twhy\tsource"

// readExplanations reads explained.tsv of this folder.
func readExplanations() ([]Explanation, error) {
	data, err := os.ReadFile("explained.tsv")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if lines[0] != columns {
		return nil, errors.New("explained.tsv: the first line must name the columns " + strings.ReplaceAll(columns, "\t", ", "))
	}
	var all []Explanation
	var problems []error
	for i, line := range lines[1:] {
		e, err := parseExplanation(line)
		e.Line = i + 2
		if err != nil {
			problems = append(problems, fmt.Errorf("explained.tsv line %d: %w", e.Line, err))
		}
		all = append(all, e)
	}
	return all, errors.Join(problems...)
}

func parseExplanation(line string) (Explanation, error) {
	cells := strings.Split(line, "\t")
	if len(cells) != strings.Count(columns, "\t")+1 || slices.Contains(cells, "") {
		return Explanation{}, errors.New("needs a value in each of its columns")
	}
	e := Explanation{Peers: strings.Split(cells[0], ", "), Ours: strings.Split(cells[1], ", "), What: cells[3], Right: cells[4], Why: cells[5], Source: cells[6]}
	if !slices.Contains([]string{ok, warns, ok + ", " + warns, refused}, cells[1]) {
		return e, fmt.Errorf("ours is %q, not ok, warns or refused", cells[1])
	}
	if !slices.Contains([]string{"passmill", "peer", "open"}, e.Right) {
		return e, fmt.Errorf("right is %q, not passmill, peer or open", e.Right)
	}
	var err error
	e.Cause, err = regexp.Compile(cells[2])
	return e, err
}

// writeTable writes the explanations as the table of docs/validators.md.
func writeTable(out io.Writer) error {
	all, err := readExplanations()
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "| cause | peers | passmill | they | right | why | source |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	for _, e := range all {
		theirs := refused
		if slices.Contains(e.Ours, refused) {
			theirs = ok
		}
		row := []string{e.What, strings.Join(e.Peers, ", "), strings.Join(e.Ours, ", "), theirs, e.Right, e.Why, e.Source}
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "|", `\|`)
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
	}
	return nil
}
