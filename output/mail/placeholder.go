package mail

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"passmill/jobs"
)

// The names that stand for what passmill knows of a mail. No field has one of them.
const (
	passLink    = "PassLink"    // the address that opens the pass
	passQR      = "PassQR"      // the address of a picture: the QR code of the link
	passBadge   = "PassBadge"   // the address of a picture: badge.png of the folder
	unsubscribe = "Unsubscribe" // the address that ends the mails
	preheader   = "Preheader"   // the line that mail programs show beside the subject
)

// Reserved lists these names.
var Reserved = []string{passLink, passQR, passBadge, unsubscribe, preheader}

// isReserved returns the reserved name that is meant, if one is.
func isReserved(name string) (string, bool) {
	i := slices.IndexFunc(Reserved, func(r string) bool { return jobs.FoldName(r) == jobs.FoldName(name) })
	if i < 0 {
		return "", false
	}
	return Reserved[i], true
}

// A piece of a template is constant text or a placeholder's name.
type piece struct{ text, name string }

// pieces cuts text at its placeholders, which are written as in template.json.
// line is where a mistake stands.
func pieces(text string) (list []piece, line int, err error) {
	whole := text
	add := func(p piece) {
		if n := len(list); n > 0 && p.name == "" && list[n-1].name == "" {
			list[n-1].text += p.text
		} else if p != (piece{}) {
			list = append(list, p)
		}
	}
	for {
		before, rest, found := strings.Cut(text, "$$")
		add(piece{text: before})
		if !found {
			return list, 0, nil
		}
		if after, ok := strings.CutPrefix(rest, "$$"); ok {
			add(piece{text: "$$"})
			text = after
			continue
		}
		name, after := cutName(rest)
		if name == "" {
			return nil, lineOf(whole, len(whole)-len(rest)), errors.New("$$ is not followed by a name; write $$Name or $${Name}, or $$$$ for the characters $$")
		}
		add(piece{name: name})
		text = after
	}
}

// cutName takes a name from the beginning of s. It begins with a letter and goes on
// with letters, digits and "_"; in braces it may hold what a column's header may.
func cutName(s string) (name, rest string) {
	if after, ok := strings.CutPrefix(s, "{"); ok {
		name, rest, ok = strings.Cut(after, "}")
		name = strings.TrimSpace(name)
		if !ok || jobs.FoldName(name) == "" || strings.ContainsAny(name, "{$\"") || strings.ContainsFunc(name, unicode.IsControl) {
			return "", s
		}
		return name, rest
	}
	end := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && r != '_' && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	if end < 0 {
		end = len(s)
	}
	if first := []rune(s[:end]); len(first) == 0 || !unicode.IsLetter(first[0]) {
		return "", s
	}
	return s[:end], s[end:]
}

// lineOf returns the number of the line at a place in text.
func lineOf(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }
