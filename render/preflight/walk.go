package preflight

import (
	"strconv"

	"passmill/render"
)

// all returns a finding for each object of a shape that wrong objects to. wrong
// returns the key at fault, if it is one, and a message or "" if all is well.
func (p *Pass) all(of *render.Shape, wrong func(at *Place) (key, message string)) []Finding {
	for i := range p.chains {
		if p.chains[i].of == of {
			return p.along(p.chains[i].first, wrong)
		}
	}
	return nil
}

// texts returns a finding for each text of a type that wrong objects to.
func (p *Pass) texts(of render.Type, wrong func(at *Place) string) []Finding {
	return p.along(p.typed[of].first, func(at *Place) (key, message string) { return "", wrong(at) })
}

// along follows a chain.
func (p *Pass) along(first int, wrong func(at *Place) (key, message string)) (found []Finding) {
	for i := first; i != 0; i = p.Places[i].next {
		at := &p.Places[i]
		if key, message := wrong(at); message != "" {
			found = append(found, Finding{Path: join(p.Path(at), key), Message: message})
		}
	}
	return found
}

// unfit returns a finding for each value of a wrong kind that wrong objects to.
func (p *Pass) unfit(wrong func(at *Place) string) (found []Finding) {
	for _, i := range p.misfits {
		if message := wrong(&p.Places[i]); message != "" {
			found = append(found, Finding{Path: p.Path(&p.Places[i]), Message: message})
		}
	}
	return found
}

// each returns a finding for each place that wrong objects to.
func (p *Pass) each(wrong func(at *Place) string) []Finding {
	var found []Finding
	for i := range p.Places {
		if message := wrong(&p.Places[i]); message != "" {
			found = append(found, Finding{Path: p.Path(&p.Places[i]), Message: message})
		}
	}
	return found
}

// has reports whether a style or another key of the pass itself is there.
func (p *Pass) has(key string) bool { return p.Root.Get(key) != nil }

// prefers reports whether a scheme is among preferredStyleSchemes.
func (p *Pass) prefers(scheme string) bool {
	list := p.Root.Get("preferredStyleSchemes")
	if list == nil {
		return false
	}
	for i := range list.Elems {
		if list.Elems[i].Text == scheme {
			return true
		}
	}
	return false
}

// text returns the string under a key, "" if there is none.
func text(n *render.Node, key string) string {
	if v := n.Get(key); v != nil && v.Kind == render.StringNode {
		return v.Text
	}
	return ""
}

// number returns the number under a key.
func number(n *render.Node, key string) (float64, bool) {
	v := n.Get(key)
	if v == nil || v.Kind != render.NumberNode {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.Text, 64)
	return f, err == nil
}
