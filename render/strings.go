package render

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// An Entry is one line of a strings file: "key" = "value";
type Entry struct {
	Key, Value string

	at, valueAt int
}

// ParseStrings reads a strings file: UTF-8, or UTF-16 with a byte order mark.
// The file's name is for messages. Its error joins an [*Error] for every key
// that stands twice, and the first thing that can't be read.
func ParseStrings(file string, data []byte) ([]Entry, error) {
	text, err := decodeText(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &stringsParser{problems: problems{file: file, text: text}}
	entries := p.entries()
	return entries, p.err()
}

// decodeText returns the text of a file in UTF-8 or, with a byte order mark,
// UTF-16.
func decodeText(data []byte) (string, error) {
	text := string(data)
	switch {
	case strings.HasPrefix(text, "\xff\xfe"):
		return decodeUTF16(data[2:], binary.LittleEndian)
	case strings.HasPrefix(text, "\xfe\xff"):
		return decodeUTF16(data[2:], binary.BigEndian)
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if !utf8.ValidString(text) {
		return "", errors.New("neither UTF-8 nor UTF-16 with a byte order mark; save it as one of them")
	}
	return text, nil
}

func decodeUTF16(data []byte, order binary.ByteOrder) (string, error) {
	if len(data)%2 != 0 {
		return "", errors.New("cut off within a character of UTF-16")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	for i := 0; i < len(units); i++ {
		if !utf16.IsSurrogate(rune(units[i])) {
			continue
		}
		if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == utf8.RuneError {
			return "", errors.New("holds half a character of UTF-16; save it again")
		}
		i++
	}
	return string(utf16.Decode(units)), nil
}

// AppendStrings appends entries as a strings file. It is UTF-8 if all of it is
// ASCII, else UTF-16 with a byte order mark, which phones need then.
func AppendStrings(dst []byte, entries []Entry) []byte {
	start := len(dst)
	for _, e := range entries {
		dst = appendQuoted(dst, e.Key)
		dst = append(dst, " = "...)
		dst = appendQuoted(dst, e.Value)
		dst = append(dst, ";\n"...)
	}
	return widen(dst, start)
}

// widen makes UTF-16 of dst[start:] unless it is ASCII.
func widen(dst []byte, start int) []byte {
	for _, c := range dst[start:] {
		if c < utf8.RuneSelf {
			continue
		}
		text := string(dst[start:])
		dst = append(dst[:start], 0xff, 0xfe)
		for _, unit := range utf16.Encode([]rune(text)) {
			dst = binary.LittleEndian.AppendUint16(dst, unit)
		}
		return dst
	}
	return dst
}

func appendQuoted(dst []byte, s string) []byte {
	return append(appendStringsText(append(dst, '"'), s), '"')
}

// appendStringsText escapes what would end or distort a quoted string.
func appendStringsText(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		if plain[s[i]] {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		if c := s[i]; c >= 0x20 || c == '\n' || c == '\r' || c == '\t' {
			dst = appendEscape(dst, c)
		} else {
			dst = append(dst, '\\', 'U', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, s[start:]...)
}

// A stringsParser reads the old text form of property lists as far as strings
// files use it.
type stringsParser struct {
	problems
	i      int
	failed bool
}

func (p *stringsParser) entries() []Entry {
	var entries []Entry
	seen := make(map[string]bool)
	for p.peek() != 0 {
		var e Entry
		e.at = p.i
		e.Key = p.token()
		p.expect('=')
		p.peek()
		e.valueAt = p.i
		e.Value = p.token()
		p.expect(';')
		if p.failed {
			break
		}
		if seen[e.Key] {
			p.add(e.at, "the key %q stands twice", e.Key)
		}
		seen[e.Key] = true
		entries = append(entries, e)
	}
	return entries
}

func (p *stringsParser) fail(format string, args ...any) {
	if !p.failed {
		p.add(p.i, format, args...)
	}
	p.failed = true
}

// peek skips blanks and comments and returns the next byte, 0 at the end.
func (p *stringsParser) peek() byte {
	for !p.failed && p.i < len(p.text) {
		rest := p.text[p.i:]
		switch {
		case strings.HasPrefix(rest, "//"):
			p.i += len(rest) - len(strings.TrimLeft(rest, "/"))
			if n := strings.IndexByte(p.text[p.i:], '\n'); n >= 0 {
				p.i += n
			} else {
				p.i = len(p.text)
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				p.fail("this comment is not closed")
				return 0
			}
			p.i += n + len("*/")
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			p.i++
		default:
			return rest[0]
		}
	}
	return 0
}

func (p *stringsParser) expect(c byte) {
	if p.peek() != c {
		p.fail("%q is expected here; a line reads \"key\" = \"value\";", string(c))
		return
	}
	p.i++
}

// token reads a string in quotes, or a word.
func (p *stringsParser) token() string {
	if p.peek() == '"' {
		return p.quoted()
	}
	start := p.i
	for p.i < len(p.text) && wordByte(p.text[p.i]) {
		p.i++
	}
	if p.i == start {
		p.fail("a string in quotes is expected here")
	}
	return p.text[start:p.i]
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.-$:/", c) >= 0
}

func (p *stringsParser) quoted() string {
	var b strings.Builder
	for j := p.i + 1; j < len(p.text); j++ {
		switch c := p.text[j]; c {
		case '"':
			p.i = j + 1
			return b.String()
		case '\\':
			r, size := p.escape(p.text[j+1:])
			if size == 0 {
				p.i = j
				p.fail("a backslash stands before nothing that it could mean; write \\\\ for the character itself")
				return ""
			}
			b.WriteRune(r)
			j += size
		default:
			b.WriteByte(c)
		}
	}
	p.fail("this string is not closed; a quote is missing")
	return ""
}

// escape reads what follows a backslash, and returns how long that is.
func (p *stringsParser) escape(s string) (r rune, size int) {
	if s == "" {
		return 0, 0
	}
	switch s[0] {
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case '"', '\\', '\'', '\n':
		return rune(s[0]), 1
	case 'U', 'u':
		if len(s) < 5 {
			return 0, 0
		}
		unit, err := strconv.ParseUint(s[1:5], 16, 16)
		if err != nil {
			return 0, 0
		}
		return p.surrogates(rune(unit), s)
	}
	return 0, 0
}

// surrogates joins the escapes of the two halves of a character.
func (p *stringsParser) surrogates(r rune, s string) (rune, int) {
	if !utf16.IsSurrogate(r) {
		return r, 5
	}
	if len(s) < 11 || s[5] != '\\' || s[6]|0x20 != 'u' {
		return 0, 0
	}
	low, err := strconv.ParseUint(s[7:11], 16, 16)
	if err != nil {
		return 0, 0
	}
	if r = utf16.DecodeRune(r, rune(low)); r == utf8.RuneError {
		return 0, 0
	}
	return r, 11
}
