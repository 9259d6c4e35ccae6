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
// needs, and on figures that the documentation has otherwise, unless it is to
// update them.
func compare(args []string, out io.Writer) error {
	update := len(args) > 0 && args[0] == "-update"
	if update {
		args = args[1:]
	}
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
	figures := []string{countCases(ours), "",
		"| peer | both take | both refuse | only passmill refuses | only the peer refuses | of the passes that it takes, it changes |", "|---|---|---|---|---|---|"}
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
	if update {
		if err := updateDocument(figures); err != nil {
			return err
		}
	}
	return errors.Join(report(out, all, explanations), checkDocument(out, figures))
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
		if strings.HasPrefix(v.ID, "base/") && (v.Verdict != ok || theirs[i].Verdict != ok) {
			return nil, fmt.Errorf("%s breaks a rule (passmill: %s; %s: %s), so what is changed in it is not judged alone",
				v.ID, v.Verdict, peer, theirs[i].Verdict)
		}
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
