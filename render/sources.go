package render

import (
	"strconv"
	"strings"
)

// Sources returns the names of the placeholders that feed a place of the pass
// that Fill makes of in: "barcodes[0].message". A place that is an object or a
// list is fed by all that is in it. Since absent values drop list entries, the
// answer holds for this in only. A place that is not there, but that a dropped
// member would have, is fed by that member's placeholders. Serial number and
// token come from no placeholder.
func (t *Template) Sources(in Input, path string) []string {
	p, _ := t.find(in, path)
	var names []string
	seen := make([]bool, len(t.names))
	collect(p, func(slot int) {
		if slot >= 0 && !seen[slot] {
			seen[slot] = true
			names = append(names, t.names[slot])
		}
	})
	return names
}

// Inside returns which part of a path lies inside of the value of the placeholder
// that fills a place on its way whole: of "boardingPass.headerFields[1].label"
// it is "[1].label", if $$headerFields gives the list. It is empty if there is no
// such placeholder.
func (t *Template) Inside(in Input, path string) string {
	p, rest := t.find(in, path)
	if p == nil || p.leaf == nil || !p.leaf.whole {
		return ""
	}
	return rest
}

// find goes down a path as far as the template goes, and returns what is left of
// it there.
func (t *Template) find(in Input, path string) (*program, string) {
	if len(in.Values) != len(t.names) {
		return nil, ""
	}
	f := &filler{in: in, dependents: t.dependents}
	p := &t.pass
	for p != nil && p.leaf == nil && path != "" {
		p, path = f.step(p, path)
	}
	if p != nil {
		if t := f.chosen(nil, p); t != nil {
			p = &t.program
		}
	}
	return p, path
}

// step goes one key or index down a path.
func (f *filler) step(p *program, path string) (*program, string) {
	if p.first != nil {
		if t := f.chosen(nil, p); t != nil {
			return &t.program, path
		}
		return nil, ""
	}
	if p.close == ']' {
		return f.stepIndex(p, path)
	}
	path = strings.TrimPrefix(path, ".")
	for i := range p.kids {
		k := &p.kids[i]
		rest, ok := strings.CutPrefix(path, k.key)
		if k.key != "" && ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return &k.program, rest
		}
	}
	return nil, ""
}

func (f *filler) stepIndex(p *program, path string) (*program, string) {
	number, rest, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")
	index, err := strconv.Atoi(number)
	if err != nil {
		return nil, ""
	}
	for i := range p.kids {
		k := &p.kids[i]
		if _, kept := f.value(nil, &k.program); !kept {
			continue
		}
		if index < k.count {
			return &k.program, rest
		}
		index -= k.count
	}
	return nil, ""
}

func collect(p *program, visit func(slot int)) {
	if p == nil {
		return
	}
	if p.leaf != nil {
		for i := range p.leaf.parts {
			visit(p.leaf.parts[i].slot)
		}
	}
	for i := range p.kids {
		collect(&p.kids[i].program, visit)
	}
	for i := range p.first {
		collect(&p.first[i].program, visit)
	}
}
