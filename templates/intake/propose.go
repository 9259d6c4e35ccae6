package intake

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"passmill/render"
)

// Options say how a template is made.
type Options struct {
	Keep bool // propose nothing: all stays as it is, but for the serial number
}

// A Template is a template that was made of a pass, with the pass's own values.
type Template struct {
	Files        map[string][]byte // of the folder, by path
	Placeholders []Placeholder
	Notes        []Note
	SerialField  string

	header, cells []string
}

// errFault means that this package did not do what it promises.
var errFault = errors.New("the template that was proposed does not give the pass back; this is a fault of passmill, please report it")

// Propose makes a template. Filled with the values in [Template.CSV] it gives
// the pass back, but for what the notes say.
func (p *Pass) Propose(o Options) (*Template, error) {
	notes := slices.Clone(p.notes)
	defer func() { p.notes = notes }() // what reading noted; a second proposal begins with that
	root, err := p.mend()
	if err != nil {
		return nil, err
	}
	files := maps.Clone(p.files)
	f := &fields{p: p, tr: p.readTranslations(files), of: map[*render.Node]*field{}, read: map[*render.Node]reading{}, keys: map[string]int{}}
	count(root, f.keys)
	f.propose(root, o.Keep) // which may mend, but replaces nothing yet
	want := content{root.AppendJSON(nil), f.tr.contents()}

	w := newRewriter(f)
	if o.Keep {
		w.known = nil
	}
	w.node(root, "", render.Key{Of: render.PassShape}, o.Keep)
	w.translations()
	f.tr.write(files)
	t := &Template{Files: files, Placeholders: w.placed, Notes: p.notes, SerialField: f.list[0].Name}
	t.fill(f.list)
	files["template.json"] = pretty(root)
	files["template.yaml"] = definition(f.list)
	return t, t.check(want, f.list[0].cell)
}

// propose gives fields to the spots, the serial number's first, and names them.
func (f *fields) propose(root *render.Node, keep bool) {
	find := &finder{p: f.p, tr: f.tr}
	if keep {
		find.p = &Pass{} // nothing was thought of, so nothing is said of what stays
	}
	find.pass(root)
	serial := slices.IndexFunc(find.spots, func(s *spot) bool { return s.path == "serialNumber" })
	f.take(find.spots[serial])
	for i, s := range find.spots {
		if i != serial && !keep {
			f.take(s)
		}
	}
	taken := make(map[string]bool)
	for _, g := range f.list {
		if g.Name == "" {
			g.Name = "Value"
		}
		g.Name = unique(g.Name, taken)
	}
}

// count counts the texts in a tree.
func count(n *render.Node, texts map[string]int) {
	if n.Kind == render.StringNode {
		texts[n.Text]++
	}
	for i := range n.Elems {
		count(&n.Elems[i], texts)
	}
	for i := range n.Members {
		count(&n.Members[i].Value, texts)
	}
}

// fill takes the values of the fields into the row of the CSV file.
func (t *Template) fill(list []*field) {
	for _, g := range list {
		if g.cells == nil {
			t.header, t.cells = append(t.header, g.Name), append(t.cells, g.cell)
			continue
		}
		for _, l := range g.Languages {
			t.header, t.cells = append(t.header, fmt.Sprintf("%s@%s", g.Name, l)), append(t.cells, g.cells[l])
		}
	}
}
