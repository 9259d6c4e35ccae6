package preflight

import (
	"strconv"

	"passmill/render"
)

// A Pass is a decoded pass, laid out for rules.
type Pass struct {
	Root   *render.Node
	Files  *Files  // what it holds besides pass.json; nil if that is not known
	Places []Place // every value whose object is known, parents first

	notes  []error // what a strict reader of JSON would object to
	chains []chain // the places of each shape
}

// A Place is one value within a pass.
type Place struct {
	Node  *render.Node
	Key   string     // of the member; empty for an element of a list
	Index int        // of the element in its list
	Known render.Key // what Apple says of the key
	Named bool       // Apple names the key, or the object may hold any
	Of    *render.Shape
	Extra bool // a phone that can't read it leaves it out

	parent int
	next   int // place of the same shape; 0 if it is the last
}

// A chain leads through the places of one shape, so that a rule about barcodes
// doesn't look at fields.
type chain struct {
	of          *render.Shape
	first, last int
}

// lay lays out a pass in what an earlier one took.
func (p *Pass) lay(root *render.Node, files *Files, notes []error) {
	p.Root, p.Files, p.notes = root, files, notes
	p.Places, p.chains = p.Places[:0], p.chains[:0]
	p.add(Place{Node: root, Named: true, Known: render.Key{Type: render.Object, Of: render.PassShape}, parent: -1})
}

// add appends a place and all that is in it.
func (p *Pass) add(at Place) {
	this := len(p.Places)
	if at.Node.Kind == render.ObjectNode && at.Known.Of != nil {
		at.Of = at.Known.Of
		at.Extra = at.Extra || at.Of.Extra
		p.chain(at.Of, this)
	}
	p.Places = append(p.Places, at)
	for i := range at.Node.Elems {
		element := render.Key{Of: at.Known.Of, Type: at.Known.Elem}
		if element.Of != nil {
			element.Type = render.Object
		}
		p.add(Place{Node: &at.Node.Elems[i], Index: i, Known: element, Named: true, Extra: at.Extra, parent: this})
	}
	if at.Of == nil {
		return
	}
	for i := range at.Node.Members {
		m := &at.Node.Members[i]
		known, named := at.Of.Keys[m.Key]
		extra := at.Extra || known.Of != nil && known.Of.Extra
		p.add(Place{Node: &m.Value, Key: m.Key, Known: known, Named: named || at.Of.Open, Extra: extra, parent: this})
	}
}

// chain hangs a place on the chain of its shape.
func (p *Pass) chain(of *render.Shape, this int) {
	for i := range p.chains {
		if c := &p.chains[i]; c.of == of {
			p.Places[c.last].next, c.last = this, this
			return
		}
	}
	p.chains = append(p.chains, chain{of, this, this})
}

// Path returns where the place is: "storeCard.primaryFields[0].value".
func (p *Pass) Path(at *Place) string {
	if at.parent < 0 {
		return ""
	}
	path := p.Path(&p.Places[at.parent])
	if at.Key == "" {
		return path + "[" + strconv.Itoa(at.Index) + "]"
	}
	return join(path, at.Key)
}

func join(path, key string) string {
	switch {
	case path == "":
		return key
	case key == "":
		return path
	}
	return path + "." + key
}

// Group returns the key of the list that the place is an element of, and the
// key of what that list is in: "primaryFields", "storeCard".
func (p *Pass) Group(at *Place) (group, style string) {
	list := &p.Places[at.parent]
	if list.parent < 0 {
		return list.Key, ""
	}
	return list.Key, p.Places[list.parent].Key
}

// all returns a finding for each object of a shape that wrong objects to. wrong
// returns the key at fault, if it is one, and a message or "" if all is well.
func (p *Pass) all(of *render.Shape, wrong func(at *Place) (key, message string)) []Finding {
	var found []Finding
	for i := range p.chains {
		if p.chains[i].of != of {
			continue
		}
		for next := p.chains[i].first; ; {
			at := &p.Places[next]
			if key, message := wrong(at); message != "" {
				found = append(found, Finding{Path: join(p.Path(at), key), Message: message})
			}
			if next = at.next; next == 0 {
				return found
			}
		}
	}
	return nil
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
