package render

import (
	"encoding/json"
	"fmt"
	"strings"
)

func (p *parser) number() string {
	start := p.i
	for p.i < len(p.text) && strings.IndexByte("+-0123456789.eE", p.text[p.i]) >= 0 {
		p.i++
	}
	s := p.text[start:p.i]
	if !validNumber(s) {
		p.i = start
		p.fail("%q is no JSON number", s)
	}
	return s
}

// validNumber follows the grammar of RFC 8259 section 6.
func validNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		return n > 0 && n == len(s)
	}
	return s == ""
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// str reads a string; the parser stands at its opening quote.
func (p *parser) str() string {
	start := p.i
	for j := start + 1; j < len(p.text); j++ {
		switch c := p.text[j]; {
		case c == '"':
			p.i = j + 1
			return p.text[start+1 : j]
		case c == '\\':
			return p.escapedString(start, j)
		case c < 0x20:
			p.i = j
			p.fail("a string can't hold a line break or control character; write \\n")
			return ""
		}
	}
	p.fail("this string is not closed; a quote is missing")
	return ""
}

// escapedString reads a string that holds escapes, the first of them at j.
func (p *parser) escapedString(start, j int) string {
	for ; j < len(p.text) && p.text[j] != '"' && p.text[j] >= 0x20; j++ {
		if p.text[j] == '\\' {
			j++
		}
	}
	if j >= len(p.text) || p.text[j] != '"' {
		p.fail("this string is not closed, or it holds a line break")
		return ""
	}
	raw := p.text[start : j+1]
	var s string
	err := json.Unmarshal([]byte(raw), &s)
	if err == nil && loneSurrogate(raw) {
		err = fmt.Errorf("it holds half of a surrogate pair")
	}
	if err != nil {
		p.fail("this string has a bad escape: %v", err)
	}
	p.i = j + 1
	return s
}

// loneSurrogate reports whether a \ud800–\udfff escape stands without its
// other half. encoding/json would make U+FFFD of it in silence.
func loneSurrogate(raw string) bool {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if raw[i] != 'u' {
			continue
		}
		switch {
		case !surrogate(raw[i-1:], "89ab") && !surrogate(raw[i-1:], "cdef"):
		case surrogate(raw[i-1:], "89ab") && len(raw) > i+5 && surrogate(raw[i+5:], "cdef"):
			i += 10
		default:
			return true
		}
	}
	return false
}

// surrogate reports whether s begins with \ud and one of the digits.
func surrogate(s, third string) bool {
	return len(s) >= 6 && s[0] == '\\' && s[1] == 'u' && s[2]|0x20 == 'd' &&
		strings.IndexByte(third, s[3]|0x20) >= 0
}
