package render

import "strings"

// enter counts the depth; every true is followed by a leave.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > maxDepth {
		p.fail("nested deeper than %d levels", maxDepth)
	}
	p.i++ // the bracket
	return !p.failed
}

func (p *parser) leave() {
	p.depth--
	if !p.failed {
		p.i++
	}
}

func (p *parser) object() []Member {
	base := len(p.members)
	var seen map[string]bool // once the object is too large to look through
	p.enter()
	for p.more('}') {
		if p.peek() != '"' {
			p.fail("a key in quotes is expected here, not %q", firstWord(p.text[p.i:]))
			break
		}
		m := p.member()
		if p.failed {
			break
		}
		if !p.template {
			seen = p.checkTwice(p.members[base:], seen, m)
		}
		p.members = append(p.members, m)
		p.comma('}')
	}
	p.leave()
	members := p.keepMembers(p.members[base:])
	p.members = p.members[:base]
	return members
}

func (p *parser) array() []Node {
	base := len(p.elems)
	p.enter()
	for p.more(']') {
		n := p.value()
		if p.failed {
			break
		}
		p.elems = append(p.elems, n)
		p.comma(']')
	}
	p.leave()
	elems := p.keepElems(p.elems[base:])
	p.elems = p.elems[:base]
	return elems
}

// more reports whether another item stands before the closing bracket. Commas
// without an item in front of them are noted and skipped.
func (p *parser) more(closing byte) bool {
	for p.peek() == ',' {
		p.add(p.i, "a comma too many; remove it")
		p.i++
	}
	if !p.failed && p.i >= len(p.text) {
		p.fail("the file ends where %q is expected", string(closing))
	}
	return !p.failed && p.peek() != closing
}

// comma reads what follows an item: a comma and another item, or the end.
func (p *parser) comma(closing byte) {
	switch p.peek() {
	case closing:
	case ',':
		at := p.i
		p.i++
		if p.peek() == closing {
			p.add(at, "a comma too many before %q; remove it", string(closing))
		}
	default:
		if !p.failed && p.i >= len(p.text) {
			p.fail("the file ends where %q is expected", string(closing))
		}
		p.fail("a comma or %q is expected here, not %q", string(closing), firstWord(p.text[p.i:]))
	}
}

func (p *parser) member() Member {
	m := Member{at: p.i}
	m.Key = p.str()
	switch c := p.peek(); {
	case c == ':':
		p.i++
		m.Value = p.value()
	case p.template && strings.HasPrefix(m.Key, "$$") && (c == ',' || c == '}'):
		m.bare = true
	case c == ',' || c == '}':
		p.i = m.at
		p.fail("the key %q has no value", m.Key)
	default:
		p.fail("a colon is expected after the key %q", m.Key)
	}
	return m
}

// checkTwice notes a key that stands among members already. Objects of passes
// are small; from 32 keys on, a map keeps a hostile one from costing quadratic
// time.
func (p *parser) checkTwice(members []Member, seen map[string]bool, m Member) map[string]bool {
	if len(members) == 32 {
		seen = make(map[string]bool)
		for i := range members {
			seen[members[i].Key] = true
		}
	}
	if seen != nil && !seen[m.Key] {
		seen[m.Key] = true
		return seen
	}
	if seen != nil || indexKey(members, m.Key) >= 0 {
		p.add(m.at, "the key %q stands twice in one object", m.Key)
	}
	return seen
}
