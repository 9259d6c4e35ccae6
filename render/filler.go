package render

import "strings"

// A filler writes one pass.
type filler struct {
	in         Input
	dependents []int
	names      []string
}

// value appends what p writes, and reports whether it is kept; if not, dst is
// as it was.
func (f *filler) value(dst []byte, p *program) ([]byte, bool) {
	switch {
	case p.fixed != nil:
		return append(dst, p.fixed...), true
	case p.leaf != nil:
		return f.leaf(dst, p.leaf)
	case p.first != nil:
		if t := f.chosen(dst, p); t != nil {
			return f.value(dst, &t.program)
		}
		return dst, false
	}
	return f.kids(dst, p)
}

func (f *filler) kids(dst []byte, p *program) ([]byte, bool) {
	start := len(dst)
	dst = append(dst, p.close-2)
	var lost uint8
	for i := range p.kids {
		k := &p.kids[i]
		mark := len(dst)
		if mark > start+1 {
			dst = append(dst, ',')
		}
		dst = append(dst, k.head...)
		var kept bool
		if dst, kept = f.value(dst, &k.program); !kept {
			dst = dst[:mark]
			lost |= k.need
		}
	}
	emptied := len(dst) == start+1
	if !p.stays && (emptied || p.rule.broken(lost)) {
		return dst[:start], false
	}
	return append(dst, p.close), true
}

// broken reports whether an object that lost these keys is of no use.
func (r *rule) broken(lost uint8) bool {
	if lost == 0 || r == nil {
		return false
	}
	for _, set := range r.sets {
		if set&(r.has&^lost) == set {
			return false
		}
	}
	return true
}

func (f *filler) leaf(dst []byte, l *leaf) ([]byte, bool) {
	if l.whole {
		v := &f.in.Values[l.parts[0].slot]
		if !v.Present {
			return dst, false
		}
		if l.takes.accepts(v.JSON) {
			return append(dst, v.JSON...), true
		}
	}
	start := len(dst)
	dst = append(dst, '"')
	absent, blank := false, l.blank
	for i := range l.parts {
		part := &l.parts[i]
		if part.slot == noSlot {
			dst = append(dst, part.fixed...)
			continue
		}
		text, present := f.text(part.slot)
		absent = absent || !present
		blank = blank && strings.TrimSpace(text) == ""
		if l.html {
			dst = appendHTML(dst, text)
		} else {
			dst = appendEscaped(dst, text)
		}
	}
	if absent && blank {
		return dst[:start], false
	}
	return append(dst, '"'), true
}

// text returns a value's text. A value in a language of its own that is absent
// is that of the plain name.
func (f *filler) text(slot int) (text string, present bool) {
	switch slot {
	case serialSlot:
		return f.in.Serial, true
	case tokenSlot:
		return f.in.Token, true
	}
	v := &f.in.Values[slot]
	if !v.Present && f.dependents[slot] >= 0 {
		v = &f.in.Values[f.dependents[slot]]
	}
	return v.Text, v.Present
}
