package phone

import "strings"

// Messages returns what the lock screen says when one version of a pass takes the
// place of another: the changeMessage of each field whose value changed, with the
// value in the place of %@. Without %@ a phone says nothing.
//
// A field that comes or goes is not told of: there is nothing that it changed from,
// or to.
func Messages(old, latest *Contents, l Locale) []string {
	before := make(map[string]Field)
	for _, f := range old.Card().Fields {
		before[f.Key] = f
	}
	var said []string
	for _, f := range latest.Card().Fields {
		was, known := before[f.Key]
		if !known || !changed(old, latest, was, f, l) {
			continue
		}
		message := latest.Text(f.ChangeMessage, l)
		if strings.Contains(message, "%@") {
			said = append(said, strings.ReplaceAll(message, "%@", latest.Shown(f, l)))
		}
	}
	return said
}

// changed reports whether a person sees another value than before; a text that
// names an entry of pass.strings changes with that.
func changed(old, latest *Contents, was, is Field, l Locale) bool {
	if !same(was.Value, is.Value) {
		return true
	}
	text, ok := textOf(is.Value)
	return ok && old.Text(text, l) != latest.Text(text, l)
}
