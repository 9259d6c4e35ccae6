package render

import (
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of JSON, so that a hostile file can't exhaust the
// stack. Passes need eight levels.
const maxDepth = 64

// Decode reads JSON strictly: one value, no comments, no trailing commas, no
// key twice in an object, valid UTF-8 without lone surrogates. The file's name
// is for messages. The Node holds on to a copy of data.
func Decode(file string, data []byte) (*Node, error) {
	p := newParser(file, string(data))
	n := p.document()
	return &n, p.err()
}

// DecodeLoosely reads JSON as the passes of others have it: comments, commas too
// many and keys that stand twice are no reason to stop, and are returned as
// notes, each an [*Error]. Of two equal keys both are kept.
func DecodeLoosely(file string, data []byte) (n *Node, notes []*Error, err error) {
	p := newParser(file, string(data))
	root := p.document()
	if p.failed {
		return nil, nil, p.err()
	}
	return &root, p.errors(), nil
}

func newParser(file, text string) *parser {
	return &parser{
		problems: problems{file: file, text: text},
		members:  make([]Member, 0, 16), // enough for most passes
		elems:    make([]Node, 0, 8),
	}
}

// A parser reads JSON in one pass. A mistake that leaves no doubt about what
// was meant (a comment, a comma too many) is noted, and reading goes on; any
// other one ends it.
type parser struct {
	problems
	template bool // members may be bare, and keys are checked by the compiler
	i        int
	depth    int
	failed   bool
	members  []Member // stacks: objects and arrays under construction
	elems    []Node
	kept     *store // what is finished goes there; nil: anywhere
}

func (p *parser) document() Node {
	if !utf8.ValidString(p.text) {
		p.i = invalidAt(p.text)
		p.fail("this is not valid UTF-8; save the file as UTF-8")
		return Node{}
	}
	if strings.HasPrefix(p.text, "\ufeff") { // editors of Windows write it
		p.i = len("\ufeff")
	}
	n := p.value()
	p.space()
	if !p.failed && p.i < len(p.text) {
		p.fail("something follows after the end of the JSON value")
	}
	return n
}

func invalidAt(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return len(text)
}

func (p *parser) fail(format string, args ...any) {
	if !p.failed {
		p.add(p.i, format, args...)
	}
	p.failed = true
}

// peek returns the next byte that is neither blank nor comment, 0 at the end
// or after a failure.
func (p *parser) peek() byte {
	p.space()
	if p.failed || p.i >= len(p.text) {
		return 0
	}
	return p.text[p.i]
}

func (p *parser) space() {
	for p.i < len(p.text) {
		switch p.text[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		case '/':
			if !p.comment() {
				return
			}
		default:
			return
		}
	}
}

func (p *parser) comment() bool {
	rest := p.text[p.i:]
	end := -1
	switch {
	case strings.HasPrefix(rest, "//"):
		if end = strings.IndexByte(rest, '\n'); end < 0 {
			end = len(rest)
		}
	case strings.HasPrefix(rest, "/*"):
		if end = strings.Index(rest, "*/"); end >= 0 {
			end += len("*/")
		}
	}
	if end < 0 {
		return false
	}
	p.add(p.i, "JSON has no comments; remove it")
	p.i += end
	return true
}

func (p *parser) value() Node {
	c := p.peek()
	at := p.i
	switch {
	case c == '{':
		return Node{Kind: ObjectNode, Members: p.object(), at: at}
	case c == '[':
		return Node{Kind: ArrayNode, Elems: p.array(), at: at}
	case c == '"':
		return Node{Kind: StringNode, Text: p.str(), at: at}
	case c == '-' || c >= '0' && c <= '9':
		return Node{Kind: NumberNode, Text: p.number(), at: at}
	}
	return p.word()
}

func (p *parser) word() Node {
	rest := p.text[p.i:]
	for _, w := range []string{"true", "false", "null"} {
		if !p.failed && strings.HasPrefix(rest, w) {
			n := Node{Kind: BoolNode, Text: w, at: p.i}
			if w == "null" {
				n = Node{Kind: NullNode, at: p.i}
			}
			p.i += len(w)
			return n
		}
	}
	if rest == "" {
		p.fail("the file ends where a value is expected")
	} else {
		p.fail("%q is no JSON value; text stands in straight quotes", firstWord(rest))
	}
	return Node{}
}

// firstWord returns the beginning of s up to a delimiter, for messages.
func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t\r\n,:{}[]"); i > 0 {
		s = s[:i]
	}
	for i := range s {
		if i >= 20 {
			return s[:i]
		}
	}
	return s
}
