package preflight

import (
	"strconv"

	"passmill/render"
)

// A Pass is a decoded pass, laid out for rules.
type Pass struct {
	Root   *render.Node
	Images []Image
	Places []Place // every value whose object is known, parents first

	images bool // Images were given
}

// A Place is one value within a pass.
type Place struct {
	Node  *render.Node
	Key   string     // of the member; empty for an element of a list
	Index int        // of the element in its list
	Known render.Key // what Apple says of the key
	Named bool       // Apple names the key, or the object may hold any
	Of    *render.Shape

	parent int
}

func newPass(root *render.Node, images []Image) *Pass {
	p := &Pass{Root: root, Images: images, images: images != nil, Places: make([]Place, 0, 128)}
	p.add(Place{Node: root, Named: true, Known: render.Key{Type: render.Object, Of: render.PassShape}, parent: -1})
	return p
}

// add appends a place and all that is in it.
func (p *Pass) add(at Place) {
	if at.Node.Kind == render.ObjectNode {
		at.Of = at.Known.Of
	}
	p.Places = append(p.Places, at)
	parent := len(p.Places) - 1
	for i := range at.Node.Elems {
		element := render.Key{Of: at.Known.Of}
		if element.Of != nil {
			element.Type = render.Object
		}
		p.add(Place{Node: &at.Node.Elems[i], Index: i, Known: element, Named: true, parent: parent})
	}
	if at.Of == nil {
		return
	}
	for i := range at.Node.Members {
		m := &at.Node.Members[i]
		known, named := at.Of.Keys[m.Key]
		p.add(Place{Node: &m.Value, Key: m.Key, Known: known, Named: named || at.Of.Open, parent: parent})
	}
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
	if path == "" {
		return key
	}
	return path + "." + key
}

// Group returns the key of the list that the place is an element of.
func (p *Pass) Group(at *Place) string { return p.Places[at.parent].Key }

// all returns a finding for each object of a shape that wrong objects to. wrong
// returns the key at fault, if it is one, and a message or "" if all is well.
func (p *Pass) all(of *render.Shape, wrong func(at *Place) (key, message string)) []Finding {
	var found []Finding
	for i := range p.Places {
		at := &p.Places[i]
		if at.Of != of {
			continue
		}
		if key, message := wrong(at); message != "" {
			path := p.Path(at)
			if key != "" {
				path = join(path, key)
			}
			found = append(found, Finding{Path: path, Message: message})
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
