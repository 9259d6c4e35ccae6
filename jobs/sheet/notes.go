package sheet

import (
	"fmt"
	"strings"

	"passmill/jobs"
)

// maxNamed is how many cells a note names; the rest is counted.
const maxNamed = 10

// notes gathers what is odd about a sheet: one note for each kind, however
// often it occurs.
type notes struct {
	kinds []*note
	index map[string]*note
}

type note struct {
	problem jobs.Problem // Message says it all but the places
	places  []string
	count   int
}

// add counts one more occurrence of the kind of p; its place is a cell, or
// empty for the sheet as a whole.
func (n *notes) add(p jobs.Problem, place string) {
	k := n.index[p.Code]
	if k == nil {
		k = &note{problem: p}
		if n.index == nil {
			n.index = make(map[string]*note)
		}
		n.index[p.Code] = k
		n.kinds = append(n.kinds, k)
	}
	k.count++
	if place != "" && k.count <= maxNamed {
		k.places = append(k.places, place)
	}
}

// list returns the notes as problems of the given file and sheet.
func (n *notes) list(at jobs.Origin) []jobs.Problem {
	var all []jobs.Problem
	for _, k := range n.kinds {
		p := k.problem
		p.Origin.File, p.Origin.Sheet = at.File, at.Sheet
		if len(k.places) > 0 {
			p.Message += " (" + strings.Join(k.places, ", ")
			if rest := k.count - len(k.places); rest > 0 {
				p.Message += fmt.Sprintf(" and %d more", rest)
			}
			p.Message += ")"
		}
		all = append(all, p)
	}
	return all
}

func advice(code, message, fix string) jobs.Problem {
	return jobs.Problem{Code: code, Severity: jobs.Advice, Message: message, Fix: fix}
}

func looksWrong(code, message, fix string) jobs.Problem {
	return jobs.Problem{Code: code, Severity: jobs.LooksWrong, Message: message, Fix: fix}
}
