package intake

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"passmill/jobs"
)

// maxName is how many characters of a key or label become a field's name.
const maxName = 40

// upper are words that people write in capitals.
var upper = map[string]bool{"id": true, "nfc": true, "pnr": true, "qr": true, "url": true, "vat": true, "iban": true, "pin": true}

// groups are words that tools put before the keys of fields; they say where a
// field stands, not what it is.
var groups = regexp.MustCompile(`^(?i)(?:header|primary|prim|secondary|second|sec|auxiliary|aux|back|additional|footer|field)s?[-_. ]+`)

// vague are keys that say nothing.
var vague = regexp.MustCompile(`^(?i)(?:(?:header|primary|prim|secondary|sec|auxiliary|aux|back|additional|footer|field|item|info|information|text|value|key|label|foo|bar|test|[a-z])[-_. ]*s?[-_. ]*\d*|\d+)$`)

// nameOf makes a field's name of a key or label: "member_id" becomes MemberID.
// It returns "" if nothing is left.
func nameOf(s string) string {
	var name strings.Builder
	for _, word := range words(s) {
		lower := strings.ToLower(word)
		switch {
		case upper[lower]:
			word = strings.ToUpper(lower)
		case word == strings.ToUpper(word):
			word = capital(lower)
		default:
			word = capital(word)
		}
		if utf8.RuneCountInString(name.String()+word) > maxName {
			break
		}
		name.WriteString(word)
	}
	plain := strings.TrimLeftFunc(name.String(), func(r rune) bool { return !unicode.IsLetter(r) })
	if jobs.FoldName(plain) == "" {
		return ""
	}
	return plain
}

// words cuts text where other characters than those of words stand, and where a
// capital follows a small letter.
func words(s string) []string {
	var list []string
	var word strings.Builder
	var before rune
	end := func() {
		if word.Len() > 0 {
			list = append(list, word.String())
		}
		word.Reset()
	}
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !(unicode.IsMark(r) && word.Len() > 0):
			end()
		case unicode.IsUpper(r) && unicode.IsLower(before):
			end()
			word.WriteRune(r)
		default:
			word.WriteRune(r)
		}
		before = r
	}
	end()
	return list
}

func capital(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[size:]
}

// unique returns a name that is not among those taken, and takes it.
func unique(name string, taken map[string]bool) string {
	whole := name
	for n := 2; taken[jobs.FoldName(whole)]; n++ {
		whole = fmt.Sprintf("%s%d", name, n)
	}
	taken[jobs.FoldName(whole)] = true
	return whole
}
