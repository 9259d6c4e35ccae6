package render

import "strings"

func (t Type) takes() takes {
	switch {
	case t == Date:
		return takesStrings
	case t.Textual():
		return takesNone
	}
	return takesAll
}

func (c *compiler) str(n *Node, want Type, bare bool) program {
	list, bad := pieces(n.Text)
	if bad != "" {
		c.add(n.at, "%s", bad)
	}
	if len(list) == 0 || len(list) == 1 && list[0].name == "" {
		text := Node{Kind: StringNode}
		if len(list) == 1 {
			text.Text = list[0].text
		}
		return program{fixed: text.AppendJSON(nil)}
	}
	l := &leaf{whole: len(list) == 1, bare: bare, takes: want.takes(), html: want == HTML, blank: true}
	if !l.whole {
		want = String
	}
	for _, p := range list {
		if p.name != "" {
			l.parts = append(l.parts, part{slot: c.slot(p.name, bare, want)})
			continue
		}
		l.blank = l.blank && strings.TrimSpace(p.text) == ""
		l.parts = append(l.parts, part{fixed: appendEscaped(nil, p.text), slot: noSlot})
	}
	return program{leaf: l}
}

func (c *compiler) array(n *Node, of *Shape) program {
	p := program{close: ']'}
	for i := range n.Elems {
		e := &n.Elems[i]
		want := Any
		if of != nil {
			want = Object
		}
		p.add(kid{program: c.value(e, Key{Type: want, Of: of}, false), count: 1})
	}
	return p.settle()
}

func (c *compiler) object(members []Member, shape *Shape, top bool) program {
	p := program{close: '}'}
	if shape != nil {
		p.stays = shape.Stays
		p.rule = newRule(shape, members)
	}
	for i := range members {
		m := &members[i]
		k := kid{key: m.Key, head: appendKey(nil, m.Key), count: 1}
		switch {
		case m.twins != nil:
			k.program = c.twins(m.twins)
		case top && m.Key == "serialNumber":
			k.program = program{leaf: &leaf{parts: []part{{slot: serialSlot}}}}
		case top && m.Key == "authenticationToken":
			k.program = program{leaf: &leaf{parts: []part{{slot: tokenSlot}}}}
		default:
			var key Key
			if shape != nil {
				key = shape.Keys[m.Key]
			}
			k.program = c.value(&m.Value, key, m.bare)
		}
		if shape == FieldShape && m.Key == "value" && k.leaf != nil && !dated(members) {
			k.leaf.takes = takesOthers
		}
		c.translates(shape, m.Key, k.leaf)
		k.need = needBit(shape, m.Key)
		p.add(k)
	}
	return p.settle()
}

// dated reports whether a field shows its value as a date. The value of one
// that doesn't is what a person reads.
func dated(members []Member) bool {
	return indexKey(members, "dateStyle") >= 0 || indexKey(members, "timeStyle") >= 0
}

// needBit returns the bit of a key in the rule of a shape, 0 if it has none.
func needBit(shape *Shape, key string) uint8 {
	bit := uint8(1)
	if shape == nil {
		return 0
	}
	for _, set := range shape.Needs {
		for _, k := range set {
			if k == key {
				return bit
			}
			bit <<= 1
		}
	}
	return 0
}

func newRule(shape *Shape, members []Member) *rule {
	if shape.Needs == nil {
		return nil
	}
	r := &rule{}
	for _, set := range shape.Needs {
		var bits uint8
		for _, key := range set {
			bits |= needBit(shape, key)
		}
		r.sets = append(r.sets, bits)
	}
	for i := range members {
		r.has |= needBit(shape, members[i].Key)
	}
	return r
}

// add appends a kid, or lets the run before it swallow a constant one.
func (p *program) add(k kid) {
	if k.fixed == nil {
		p.kids = append(p.kids, k)
		return
	}
	k.fixed = append(k.head, k.fixed...)
	k.head = nil
	if n := len(p.kids); n > 0 && p.kids[n-1].fixed != nil {
		last := &p.kids[n-1]
		last.fixed = append(append(last.fixed, ','), k.fixed...)
		last.count += k.count
		return
	}
	p.kids = append(p.kids, k)
}

// settle makes an object or array constant if all of it is.
func (p *program) settle() program {
	open := p.close - 2 // '{' and '[' stand two before their closing ones
	switch {
	case len(p.kids) == 0:
		return program{fixed: []byte{open, p.close}}
	case len(p.kids) == 1 && p.kids[0].fixed != nil:
		fixed := append([]byte{open}, p.kids[0].fixed...)
		return program{fixed: append(fixed, p.close)}
	}
	return *p
}
