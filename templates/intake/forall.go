package intake

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"passmill/render"
)

// informs are words in keys and labels of what is the same on all passes.
var informs = regexp.MustCompile(`(?i)terms|condition|copyright|legal|imprint|impressum|datenschutz|privacy|policy|\bagb\b|` +
	`\binfo\d*\b|information|hinweis|contact|kontakt|support|\bservices?\b|\bhelp\b|hotline|website|homepage|\bweb\b|\bfaq\b|\babout\b|instruction|how.?to|mentions`)

// sentence is text of several words that ends like one.
var sentence = regexp.MustCompile(`^\S+(?:\s+\S+){3,}[.!?…]$`)

// maxShort is how many characters a value on the back may have that is the
// holder's.
const maxShort = 60

// forAll says why the value of a field is the same on all passes, "" if it may
// be the holder's. What is short and in doubt is the holder's: a column too many
// costs nothing, and a stranger's name on all passes does.
func forAll(group, key, label string, value *render.Node, tr *translations) string {
	if value == nil || value.Kind != render.StringNode {
		return ""
	}
	s := strings.TrimSpace(value.Text)
	if (group != "backFields" && group != "additionalInfoFields") || s == "" {
		return ""
	}
	long := tr.longest(value.Text, s)
	switch {
	case utf8.RuneCountInString(long) > maxShort || strings.ContainsAny(long, "\n\r"):
		return "is long, as terms are"
	case informs.MatchString(strings.Join(words(key), " ")) || informs.MatchString(label):
		return "looks like information for everybody, by its key or label"
	case sentence.MatchString(s):
		return "is a sentence, as information for everybody is"
	case strings.Contains(s, "<a ") || webAddress.MatchString(s):
		return "is a link"
	}
	return ""
}
