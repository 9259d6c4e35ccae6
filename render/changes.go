package render

import (
	"fmt"
	"strings"
)

// A Change is a place of pass.json in which two versions of a pass differ.
type Change struct {
	Place  string // "points: value" for a pass field, else "barcodes[0].message", "backgroundColor"
	Key    string // of the pass field; empty for another place
	Label  string // of the pass field, as the newer version has it
	Member string // of the pass field
	Old    *string
	New    *string // each as text; nil for what is not there
	Note   string  // the changeMessage of the pass field in the newer version
}

// groups are the members of a style that hold pass fields.
var groups = map[string]bool{
	"headerFields": true, "primaryFields": true, "secondaryFields": true, "auxiliaryFields": true,
	"backFields": true, "footerFields": true, "additionalInfoFields": true,
}

// Changes returns how two filled pass.json differ, in the order of the newer one, and
// then what is gone. Pass fields are told by their keys, as phones do, wherever they
// stand.
func Changes(older, newer []byte) ([]Change, error) {
	var sides [2]places
	for i, data := range [][]byte{older, newer} {
		n, err := Decode("pass.json", data)
		if err != nil {
			return nil, fmt.Errorf("compare two versions of a pass: %w", err)
		}
		sides[i] = places{of: map[string]place{}}
		sides[i].walk("", n, place{})
	}
	before, after := sides[0], sides[1]
	var changes []Change
	for _, name := range after.order {
		is := after.of[name]
		was, there := before.of[name]
		if there && was.text == is.text {
			continue
		}
		c := Change{Place: name, Key: is.key, Label: is.label, Member: is.member, New: &is.text, Note: is.note}
		if there {
			c.Old = &was.text
		}
		changes = append(changes, c)
	}
	for _, name := range before.order {
		if was := before.of[name]; !after.has(name) {
			changes = append(changes, Change{Place: name, Key: was.key, Label: was.label, Member: was.member, Old: &was.text})
		}
	}
	return changes, nil
}

// A place is a leaf of pass.json.
type place struct {
	text, key, label, member, note string
}

// places are the leaves of a pass.json by their names.
type places struct {
	of    map[string]place
	order []string
}

func (p *places) has(name string) bool {
	_, ok := p.of[name]
	return ok
}

// walk notes the leaves of a node. in is the pass field that it belongs to.
func (p *places) walk(path string, n *Node, in place) {
	switch n.Kind {
	case ObjectNode:
		for i := range n.Members {
			m := &n.Members[i]
			if groups[m.Key] && m.Value.Kind == ArrayNode {
				p.fields(m.Value.Elems)
				continue
			}
			p.walk(joinPath(path, m.Key), &m.Value, in)
		}
	case ArrayNode:
		for i := range n.Elems {
			p.walk(fmt.Sprintf("%s[%d]", path, i), &n.Elems[i], in)
		}
	default:
		in.text = n.Text
		if n.Kind == NullNode {
			in.text = "null"
		}
		p.of[path] = in
		p.order = append(p.order, path)
	}
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// fields notes the leaves of pass fields.
func (p *places) fields(list []Node) {
	for i := range list {
		f := &list[i]
		key := textOf(f.Get("key"))
		name := key
		for n := 2; p.has(name + ": key"); n++ {
			name = fmt.Sprintf("%s (%d)", key, n) // wrong, and seen
		}
		in := place{key: key, label: textOf(f.Get("label")), note: textOf(f.Get("changeMessage"))}
		for j := range f.Members {
			m := &f.Members[j]
			in.member = m.Key
			p.walk(name+": "+m.Key, &m.Value, in)
		}
	}
}

func textOf(n *Node) string {
	if n == nil {
		return ""
	}
	return n.Text
}

// Shown says what a phone shows of changes when they come: one message, or none and
// why. translate finds the text for one that stands in the languages' files; nil is
// for none.
func Shown(changes []Change, translate func(string) string) (message, silent string) {
	var shown []string
	var reasons []string
	changed := false
	for _, c := range changes {
		if c.Key == "" || c.Member != "value" || c.Old == nil || c.New == nil {
			continue
		}
		changed = true
		note := c.Note
		if translate != nil && !strings.Contains(note, "%@") {
			note = translate(note)
		}
		switch {
		case note == "":
			reasons = append(reasons, c.Key+" has no changeMessage")
		case !strings.Contains(note, "%@"):
			reasons = append(reasons, "the changeMessage of "+c.Key+" lacks %@")
		default:
			shown = append(shown, strings.ReplaceAll(note, "%@", *c.New))
		}
	}
	switch {
	case len(shown) == 1:
		return shown[0], ""
	case len(shown) > 1:
		return "", fmt.Sprintf("%d fields with a changeMessage change at once", len(shown))
	case !changed:
		return "", "no value of a field changes"
	}
	return "", strings.Join(reasons, ", ")
}
