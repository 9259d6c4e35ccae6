package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A statement is a user's query with its named parameters numbered. The text is
// otherwise as the user wrote it, without semicolons at its end.
type statement struct {
	text  string
	names []string // of the parameters 1, 2, …
}

// parseStatement finds the parameters of a query, :name, and nothing else: what
// looks like one in strings, quoted names, comments, casts and slices of arrays
// stays as it is. It refuses what can't stand in a subquery, where every query
// is put.
func parseStatement(query string, postgres bool) (statement, error) {
	p := &scanner{in: query, postgres: postgres}
	for p.at < len(p.in) {
		if err := p.token(); err != nil {
			return statement{}, err
		}
	}
	switch {
	case p.first == "":
		return statement{}, errors.New("the query is empty")
	case !slices.Contains([]string{"select", "with", "values", "table", "("}, strings.ToLower(p.first)):
		return statement{}, errors.New("the query must be a SELECT (or begin with WITH, VALUES or TABLE)")
	case p.depth > 0:
		return statement{}, errors.New("the query has a ( that is never closed")
	}
	return statement{text: p.out.String(), names: p.names}, nil
}

// A scanner goes through a query token by token and copies it.
type scanner struct {
	in       string
	at       int
	postgres bool
	out      strings.Builder
	names    []string
	first    string // token
	last     string // token, without blanks and comments
	depth    int    // of parentheses
	brackets []bool // open [ of PostgreSQL; true for those of ARRAY[…]
	ended    bool   // a semicolon was met
}

// token copies one token.
func (p *scanner) token() error {
	rest := p.in[p.at:]
	c, size := utf8.DecodeRuneInString(rest)
	switch {
	case unicode.IsSpace(c):
		return p.copy(size, false)
	case strings.HasPrefix(rest, "--"):
		return p.copy(lineEnd(rest), false)
	case strings.HasPrefix(rest, "/*"):
		return p.comment()
	case c == ';':
		p.ended = true
		p.at++ // not copied
		return nil
	case p.ended:
		return errors.New("the query has more than one statement; keep the SELECT alone")
	case c == '\'':
		return p.quoted(0, "'", false)
	case c == '"':
		return p.quoted(0, `"`, false)
	case !p.postgres && c == '`':
		return p.quoted(0, "`", false)
	case !p.postgres && c == '[':
		return p.quoted(0, "]", false)
	case wordStart(c):
		return p.word()
	case c == '$' || c == '?' || c == '@':
		return p.foreign(c)
	case c == ':':
		return p.colon()
	}
	return p.symbol(c, size)
}

// copy copies so many bytes; what counts is remembered as a token.
func (p *scanner) copy(n int, counts bool) error {
	token := p.in[p.at : p.at+n]
	p.out.WriteString(token)
	p.at += n
	if counts {
		p.note(token)
	}
	return nil
}

func (p *scanner) note(token string) {
	if p.first == "" {
		p.first = token
	}
	p.last = token
}

func lineEnd(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i + 1
	}
	return len(s)
}

// comment copies a /* comment */; PostgreSQL's hold others.
func (p *scanner) comment() error {
	depth, i, s := 0, 0, p.in[p.at:]
	for i < len(s) {
		switch {
		case strings.HasPrefix(s[i:], "/*") && (depth == 0 || p.postgres):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return p.copy(i, false)
			}
		default:
			i++
		}
	}
	return errors.New("the query has a comment /* that is never closed")
}

// quoted copies a string or name that begins behind prefix bytes, to the closing
// quote. A doubled quote inside it closes one and opens the next, which comes to
// the same. With escapes, \ hides what follows it.
func (p *scanner) quoted(prefix int, quote string, escapes bool) error {
	s := p.in[p.at:]
	for i := prefix + 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == quote[0]:
			return p.copy(i+1, true)
		}
	}
	return fmt.Errorf("the query has a %s that is never closed", s[prefix:prefix+1])
}

func wordStart(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

func wordEnd(s string) int {
	i := strings.IndexFunc(s, func(c rune) bool { return !wordStart(c) && c != '$' && !unicode.Is(unicode.Mn, c) })
	if i < 0 {
		return len(s)
	}
	return i
}

// word copies a name, keyword or number. E'…' is a string with escapes.
func (p *scanner) word() error {
	s := p.in[p.at:]
	n := wordEnd(s)
	if p.postgres && n == 1 && (s[0] == 'e' || s[0] == 'E') && strings.HasPrefix(s[1:], "'") {
		return p.quoted(1, "'", true)
	}
	return p.copy(n, true)
}

// foreign deals with the characters by which databases know parameters of their
// own: operators and $quoted$ strings of PostgreSQL are copied, parameters are
// refused, since their numbers are ours.
func (p *scanner) foreign(c rune) error {
	s := p.in[p.at:]
	if p.postgres && c != '$' {
		return p.copy(1, true)
	}
	if p.postgres {
		if end := strings.IndexByte(s[1:], '$'); end >= 0 && wordEnd(s[1:1+end]) == end && !startsWithDigit(s[1:]) {
			tag := s[:end+2]
			size := strings.Index(s[len(tag):], tag)
			if size < 0 {
				return fmt.Errorf("the query has a %s that is never closed", tag)
			}
			return p.copy(size+2*len(tag), true)
		}
	}
	return fmt.Errorf("the query has a parameter that begins with %c; write parameters as :name, and their values under params: in the job", c)
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// colon deals with :name, casts, assignments and slices of arrays.
func (p *scanner) colon() error {
	s := p.in[p.at:]
	if strings.HasPrefix(s, "::") || strings.HasPrefix(s, ":=") {
		return p.copy(2, true)
	}
	name := s[1 : 1+wordEnd(s[1:])]
	if name == "" || startsWithDigit(name) || p.slices() {
		return p.copy(1, true)
	}
	i := slices.Index(p.names, name)
	if i < 0 {
		p.names = append(p.names, name)
		i = len(p.names) - 1
	}
	fmt.Fprintf(&p.out, "%s%d", p.sign(), i+1)
	p.at += 1 + len(name)
	p.note(":" + name)
	return nil
}

// sign is what a numbered parameter begins with.
func (p *scanner) sign() string {
	if p.postgres {
		return "$"
	}
	return "?"
}

// slices reports whether a colon here stands between the bounds of a slice, as
// in list[1:n].
func (p *scanner) slices() bool {
	if len(p.brackets) == 0 || p.brackets[len(p.brackets)-1] {
		return false
	}
	c, _ := utf8.DecodeLastRuneInString(p.last)
	return wordStart(c) || strings.ContainsRune(`)]"'$`, c)
}

// symbol copies one character and keeps count of what it opens or closes.
func (p *scanner) symbol(c rune, size int) error {
	switch c {
	case '(':
		p.depth++
	case ')':
		if p.depth--; p.depth < 0 {
			return errors.New("the query has a ) without its (")
		}
	case '[':
		inside := len(p.brackets) > 0 && p.brackets[len(p.brackets)-1] && (p.last == "[" || p.last == ",")
		p.brackets = append(p.brackets, inside || strings.EqualFold(p.last, "array"))
	case ']':
		p.brackets = p.brackets[:max(len(p.brackets)-1, 0)]
	}
	return p.copy(size, true)
}
