package intake

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"passmill/jobs"
	"passmill/render"
)

// A Placeholder is one place where the template has a field.
type Placeholder struct {
	Path  string // in pass.json, or in a strings file
	Field string
	Type  jobs.Type
	Part  bool // within other text
}

// String returns the placeholder as one line.
func (p Placeholder) String() string {
	line := fmt.Sprintf("placeholder: %s: $$%s, %s", p.Path, p.Field, p.Type)
	if p.Part {
		line += ", within text"
	}
	return line
}

// A rewriter puts placeholders into a pass: those that were decided, and those
// in texts that hold what is a field's elsewhere. It escapes what would be taken
// for a placeholder.
type rewriter struct {
	f      *fields
	known  []*field // whose values are looked for in texts, the longest first
	placed []Placeholder
}

func newRewriter(f *fields) *rewriter {
	w := &rewriter{f: f}
	for _, g := range f.list {
		plain := g.Type == jobs.TypeText || g.Type == jobs.TypeEmail || g.Type == jobs.TypeURL
		if plain && g.cells == nil && telling(g.cell) {
			w.known = append(w.known, g)
		}
	}
	slices.SortStableFunc(w.known, func(a, b *field) int { return cmp.Compare(len(b.cell), len(a.cell)) })
	return w
}

// formal are keys whose values are words of Apple's format, or of no person.
var formal = map[string]bool{
	"key": true, "format": true, "messageEncoding": true, "transitType": true, "numberStyle": true, "dateStyle": true, "timeStyle": true,
	"textAlignment": true, "currencyCode": true, "encryptionPublicKey": true, "proximityUUID": true, "dataDetectorTypes": true,
	"preferredStyleSchemes": true, "type": true,
}

// node rewrites a value and all that is in it. known is what Apple says of its
// key.
func (w *rewriter) node(n *render.Node, path string, known render.Key, constant bool) {
	switch n.Kind {
	case render.StringNode:
		n.Text = w.string(n, path, known.Type, constant)
	case render.NumberNode:
		if g := w.f.of[n]; g != nil {
			w.place(path, g, false)
			n.Kind, n.Text = render.StringNode, "$$"+g.Name
		}
	case render.ArrayNode:
		for i := range n.Elems {
			w.node(&n.Elems[i], fmt.Sprintf("%s[%d]", path, i), render.Key{Of: known.Of}, constant)
		}
	case render.ObjectNode:
		for i := range n.Members {
			m := &n.Members[i]
			var key render.Key
			if known.Of != nil {
				key = known.Of.Keys[m.Key]
			}
			w.node(&m.Value, join(path, m.Key), key, constant || formal[m.Key] || path == "" && m.Key == "userInfo")
		}
	}
}

func (w *rewriter) string(n *render.Node, path string, want render.Type, constant bool) string {
	if g := w.f.of[n]; g != nil {
		w.place(path, g, false)
		r := w.f.read[n]
		return r.lead + "$$" + g.Name + r.trail
	}
	if constant || want == render.Color || want == render.Date || w.f.tr.has(n.Text) {
		return escape(n.Text)
	}
	return w.text(n.Text, path, want)
}

func (w *rewriter) place(path string, g *field, part bool) {
	w.placed = append(w.placed, Placeholder{path, g.Name, g.Type, part})
}

// escape writes text so that it is text in a template.
func escape(s string) string { return strings.ReplaceAll(s, "$$", "$$$$") }

// text puts placeholders where whole words are the value of a field.
func (w *rewriter) text(s, path string, want render.Type) string {
	var b strings.Builder
	from := 0 // of what is not written yet
	before := ' '
	for i := 0; i < len(s); {
		g := w.at(s[i:], before, want)
		if g == nil {
			var size int
			before, size = utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		b.WriteString(escape(s[from:i]))
		i += len(g.cell)
		from, before = i, 'x'
		next, _ := utf8.DecodeRuneInString(s[i:])
		if i < len(s) && (next == '_' || unicode.IsMark(next)) {
			b.WriteString("$${" + g.Name + "}")
		} else {
			b.WriteString("$$" + g.Name)
		}
		w.place(path, g, len(g.cell) < len(s))
	}
	return b.String() + escape(s[from:])
}

// at returns the field whose value stands at the beginning of s as a whole word.
func (w *rewriter) at(s string, before rune, want render.Type) *field {
	if before == '$' || inWord(before) {
		return nil
	}
	for _, g := range w.known {
		rest, found := strings.CutPrefix(s, g.cell)
		if !found {
			continue
		}
		next, _ := utf8.DecodeRuneInString(rest)
		if (rest == "" || !inWord(next)) && fits(g.cell, want) {
			return g
		}
	}
	return nil
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

var urlWord = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// fits reports whether a value may be put into a place as it is.
func fits(value string, want render.Type) bool {
	switch want {
	case render.HTML:
		return !strings.ContainsAny(value, `&<>"'`)
	case render.URL:
		return urlWord.MatchString(value)
	}
	return true
}

// translations rewrites the strings files.
func (w *rewriter) translations() {
	filled := make(map[*render.Entry]bool)
	for _, fill := range w.f.tr.fill {
		for _, l := range w.f.tr.languages {
			r, ok := fill.found[l]
			if !ok {
				continue
			}
			e := l.entry(fill.key)
			filled[e] = true
			e.Value, l.changed = r.lead+"$$"+fill.field.Name+r.trail, true
			w.place(fmt.Sprintf("%s: entry %d", l.file, l.index[fill.key]+1), fill.field, false)
		}
	}
	for _, l := range w.f.tr.languages {
		for i := range l.entries {
			e := &l.entries[i]
			if filled[e] {
				continue
			}
			value := w.text(e.Value, fmt.Sprintf("%s: entry %d", l.file, i+1), render.String)
			l.changed = l.changed || value != e.Value
			e.Value = value
		}
	}
}
