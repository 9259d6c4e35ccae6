package preflight

import (
	"strconv"
	"strings"

	"passmill/render"
)

// A Pass is a decoded pass, laid out for rules.
type Pass struct {
	Root   *render.Node
	Files  *Files  // what it holds besides pass.json; nil if that is not known
	Places []Place // every value whose object is known, parents first

	decoder render.Decoder
	notes   []*render.Error      // what a strict reader of JSON would object to
	chains  []chain              // the places of each shape
	typed   [render.URL + 1]ends // the texts of each type that they have to have
	misfits []int                // places whose value is not of the kind that Apple names
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
	next   int // place of the same shape, or the same type; 0 if it is the last
}

// A chain leads through the places of one shape, so that a rule about barcodes
// doesn't look at fields.
type chain struct {
	of *render.Shape
	ends
}

// ends are the places that a chain begins and ends with; it holds none if they
// are 0, which is the pass itself.
type ends struct{ first, last int }

// hang makes a place the last of a chain.
func (p *Pass) hang(e *ends, this int) {
	if e.first == 0 {
		e.first = this
	} else {
		p.Places[e.last].next = this
	}
	e.last = this
}

// lay lays out a pass in what an earlier one took.
func (p *Pass) lay(root *render.Node, files *Files, notes []*render.Error) {
	p.Root, p.Files, p.notes = root, files, notes
	p.Places, p.chains, p.misfits = p.Places[:0], p.chains[:0], p.misfits[:0]
	p.typed = [len(p.typed)]ends{}
	p.add(Place{Node: root, Named: true, Known: render.Key{Type: render.Object, Of: render.PassShape}, parent: -1})
}

// add appends a place and all that is in it.
func (p *Pass) add(at Place) {
	this := len(p.Places)
	if at.Node.Kind == render.ObjectNode && at.Known.Of != nil {
		at.Of = at.Known.Of
		at.Extra = at.Extra || at.Of.Extra
	}
	p.Places = append(p.Places, at)
	switch {
	case !fits(&at):
		p.misfits = append(p.misfits, this)
	case at.Of != nil && this > 0:
		p.chain(at.Of, this)
	case at.Known.Type >= render.Date && at.Known.Type <= render.URL:
		p.hang(&p.typed[at.Known.Type], this)
	}
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

// fits reports whether a value is of the kind that Apple names. What it is
// instead is a matter of rules.
func fits(at *Place) bool {
	have := at.Node.Kind
	switch want := at.Known.Type; {
	case want == render.Any:
		return have != render.NullNode
	case want.Textual():
		return have == render.StringNode
	case want == render.Number:
		return have == render.NumberNode
	case want == render.Integer:
		return have == render.NumberNode && !strings.ContainsAny(at.Node.Text, ".eE")
	case want == render.Boolean:
		return have == render.BoolNode
	case want == render.List:
		return have == render.ArrayNode
	}
	return have == render.ObjectNode
}

// chain hangs a place on the chain of its shape.
func (p *Pass) chain(of *render.Shape, this int) {
	for i := range p.chains {
		if p.chains[i].of == of {
			p.hang(&p.chains[i].ends, this)
			return
		}
	}
	p.chains = append(p.chains, chain{of, ends{this, this}})
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
