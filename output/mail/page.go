package mail

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"unicode/utf8"
)

// A page is the HTML of a mail with placeholders. Values are escaped for the place
// where they stand, by html/template, which is told nothing else: no functions, and
// no data but what the placeholders name. It is safe for concurrent use.
type page struct {
	compiled *template.Template
	names    []string        // by number, as the compiled template calls them
	comments []template.HTML // likewise
}

// comment is an HTML comment, which html/template would drop. Outlook reads those
// that begin with [if, so they are kept as they are.
var comment = regexp.MustCompile(`(?s)<!--.*?-->`)

// before and after stand around what html/template fills in: characters that no
// page holds.
const before, after = "\x01", "\x02"

// parsePage reads HTML.
func parsePage(file, text string) (*page, error) {
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == utf8.RuneError }); i >= 0 {
		return nil, fmt.Errorf("%s:%d: holds a control character, or bytes that are no UTF-8; save it as UTF-8 text", file, lineOf(text, i))
	}
	text = comment.ReplaceAllStringFunc(text, func(c string) string { return strings.ReplaceAll(c, "$$", "$$$$") })
	list, line, err := pieces(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, line, err)
	}
	p := &page{}
	var source strings.Builder
	for _, piece := range list {
		if piece.name != "" {
			fmt.Fprintf(&source, before+"index .V %d"+after, len(p.names))
			p.names = append(p.names, piece.name)
			continue
		}
		at := 0
		for _, span := range comment.FindAllStringIndex(piece.text, -1) {
			source.WriteString(piece.text[at:span[0]])
			fmt.Fprintf(&source, before+"index .C %d"+after, len(p.comments))
			p.comments = append(p.comments, template.HTML(piece.text[span[0]:span[1]]))
			at = span[1]
		}
		source.WriteString(piece.text[at:])
	}
	if p.compiled, err = template.New(file).Delims(before, after).Parse(source.String()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if _, err := p.fill(func(string) any { return "" }); err != nil {
		return nil, fmt.Errorf("%s: this HTML can't be filled safely: %w", file, err)
	}
	return p, nil
}

// fill puts values in. Those of type [template.URL] are addresses of our own.
func (p *page) fill(value func(name string) any) (string, error) {
	values := make([]any, len(p.names))
	for i, name := range p.names {
		values[i] = value(name)
	}
	var b strings.Builder
	err := p.compiled.Execute(&b, map[string]any{"V": values, "C": p.comments})
	return b.String(), err
}
