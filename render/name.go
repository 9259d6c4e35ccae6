package render

import (
	"strings"
	"unicode"
)

// FoldName returns the form of a name in which two of them are compared:
// without regard to case, spaces, "_" and "-". It is the same folding by which
// column headers are matched.
func FoldName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '\t', '\n', '\r', '\u00a0':
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// A piece of a template's text is constant text or a placeholder's name.
type piece struct {
	text string
	name string // not empty: a placeholder
}

// pieces cuts a template's text at its placeholders. bad says what is wrong
// with a placeholder, "" if nothing is.
func pieces(s string) (list []piece, bad string) {
	var text strings.Builder
	for {
		before, rest, found := strings.Cut(s, "$$")
		text.WriteString(before)
		if !found {
			break
		}
		if after, ok := strings.CutPrefix(rest, "$$"); ok {
			text.WriteString("$$")
			s = after
			continue
		}
		name, after := cutName(rest)
		if name == "" {
			return nil, "$$ is not followed by a name; write $$Name or $${Name}, or $$$$ for the characters $$"
		}
		if text.Len() > 0 {
			list = append(list, piece{text: text.String()})
			text.Reset()
		}
		list = append(list, piece{name: name})
		s = after
	}
	if text.Len() > 0 || len(list) == 0 {
		list = append(list, piece{text: text.String()})
	}
	return list, ""
}

// cutName takes a name from the beginning of s. A name begins with a letter and
// goes on with letters, digits and "_"; in braces it may hold anything that a
// column's header may, but no "@", which belongs to languages.
func cutName(s string) (name, rest string) {
	if after, ok := strings.CutPrefix(s, "{"); ok {
		name, rest, ok = strings.Cut(after, "}")
		if !ok || strings.ContainsAny(name, "{$@\"") || strings.ContainsFunc(name, unicode.IsControl) {
			return "", s
		}
		name = strings.TrimSpace(name)
		if FoldName(name) == "" {
			return "", s
		}
		return name, rest
	}
	end := len(s)
	for i, r := range s {
		if unicode.IsLetter(r) || i > 0 && (r == '_' || unicode.IsDigit(r) || unicode.IsMark(r)) {
			continue
		}
		end = i
		break
	}
	return s[:end], s[end:]
}
