package intake

import (
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/render"
)

// A field is a field of the template with the value that the pass has for it.
type field struct {
	jobs.Field
	cell  string            // its value
	cells map[string]string // of a field with languages: their values
	spots []*spot
	named bool // the name is the issuer's
}

// fields decides which spots become which fields.
type fields struct {
	p    *Pass
	tr   *translations
	list []*field
	of   map[*render.Node]*field
	read map[*render.Node]reading
	keys map[string]int // how often a text stands in the pass
}

// maxColumns bounds what is proposed: a CSV file with more columns can't be read.
const maxColumns = 200

// take gives a spot a field: one that has its value already, or a new one.
func (f *fields) take(s *spot) {
	if s.node.Kind == render.StringNode && f.tr.has(s.node.Text) && !scans(s) {
		f.translated(s)
		return
	}
	r, why := s.read()
	if why != "" {
		f.p.note(Stays, s.path, why)
		return
	}
	if r.mended {
		s.node.Text = r.cell
		f.p.note(Mended, s.path, "is written as a date of whole seconds, which all phones read")
	}
	if r.lead+r.trail != "" {
		f.p.note(Stays, s.path, "has blanks around it, which stay in the template, since cells have none")
	}
	same := slices.IndexFunc(f.list, func(g *field) bool {
		return g.Type == r.kind && g.cell == r.cell && g.cells == nil && alike(g, s, r)
	})
	if same >= 0 {
		f.join(f.list[same], s, r)
		return
	}
	f.start(&field{Field: jobs.Field{Type: r.kind}, cell: r.cell}, s, r)
}

// start begins a field at a spot.
func (f *fields) start(g *field, s *spot, r reading) {
	columns := 0
	for _, other := range append(slices.Clip(f.list), g) {
		columns += 1 + len(other.cells)
	}
	if columns > maxColumns {
		f.p.note(Stays, s.path, "is one value too many; put a placeholder there by hand")
		return
	}
	g.Name, g.named = s.name, s.issuer
	f.list = append(f.list, g)
	f.join(g, s, r)
}

// join adds a spot to a field. Of the names, the issuer's first one is best.
func (f *fields) join(g *field, s *spot, r reading) {
	if s.issuer && !g.named && s.name != "ID" {
		g.Name, g.named = s.name, true
	}
	if g.Note == "" {
		g.Note = noteOf(s.label)
	}
	g.spots = append(g.spots, s)
	f.of[s.node], f.read[s.node] = g, r
}

// noteOf makes of a label what an empty workbook says about the column.
func noteOf(label string) string {
	label = strings.Join(strings.Fields(label), " ")
	if v := []rune(label); len(v) > maxShort {
		label = string(v[:maxShort])
	}
	if label == "" || !cellText(label) {
		return ""
	}
	return "Stands under “" + label + "”"
}

// alike reports whether a spot with the value of a field evidently means the
// same thing.
func alike(g *field, s *spot, r reading) bool {
	if r.kind == jobs.TypeText && identifies(r.cell) {
		return true
	}
	return slices.ContainsFunc(g.spots, func(t *spot) bool { return meanSame(s, t, r.cell) })
}

// meanSame reports whether two spots of one value are called the same, or are
// such that they hardly have it by chance.
func meanSame(s, t *spot, value string) bool {
	a, b := jobs.FoldName(s.name), jobs.FoldName(t.name)
	switch {
	case a == b, scans(s) && scans(t):
		return true
	case scans(s) || scans(t):
		return len(value) >= 4 // the number of the pass, on its face too
	case isTag(s) == isTag(t):
		return false
	case strings.HasSuffix(s.path, "AirportCode"), strings.HasSuffix(t.path, "AirportCode"):
		return true
	}
	return min(len(a), len(b)) > 3 && (strings.HasSuffix(a, b) || strings.HasSuffix(b, a)) // Gate and departureGate
}

func isTag(s *spot) bool { return strings.Contains(s.path, "semantics.") }

// scans reports whether a spot is what stands in or under a code, or names the
// pass: where these are equal, they are meant to be.
func scans(s *spot) bool {
	return s.path == "serialNumber" || strings.HasPrefix(s.path, "barcode") || s.path == "nfc.message"
}

// translated gives a spot whose text is a key in strings files a field with a
// column for each language. The key itself stays.
func (f *fields) translated(s *spot) {
	found, why := f.tr.readings(s.node.Text)
	if f.keys[s.node.Text] > 1 {
		why = "is translated in pass.strings, for other places too"
	}
	if why != "" {
		f.p.note(Stays, s.path, why)
		return
	}
	g := &field{Field: jobs.Field{Type: jobs.TypeText, Optional: true}, cells: make(map[string]string)}
	for _, l := range f.tr.languages {
		if r, ok := found[l]; ok {
			g.Languages = append(g.Languages, l.name)
			g.cells[l.name] = r.cell
		}
	}
	before := len(f.list)
	if f.start(g, s, reading{}); len(f.list) > before {
		delete(f.of, s.node)
		f.tr.fill = append(f.tr.fill, filling{g, s.node.Text, found})
	}
}
