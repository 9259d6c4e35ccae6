package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxDepth bounds the nesting of JSON; a pass needs about eight.
const maxDepth = 64

var errDepth = fmt.Errorf("it is nested more than %d deep", maxDepth)

// A document is decoded JSON. The last of two equal keys counts, as with most
// readers; both are reported.
type document struct {
	value      any
	duplicates []string // keys that an object has twice
	err        error
	line       int // of err; 0 if it is unknown
	hint       string
}

// decode reads JSON.
func decode(data []byte) *document {
	d := &document{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err := dec.Decode(&d.value)
	if err == nil && len(bytes.TrimLeft(data[dec.InputOffset():], " \t\r\n")) > 0 {
		err = errors.New("text follows its end")
	}
	if err != nil {
		d.fail(data, err)
		return d
	}
	s := scanner{}
	s.scan(data)
	d.duplicates = s.duplicates
	if s.deepest > maxDepth {
		d.value, d.err = nil, errDepth
	}
	return d
}

// fail notes what is wrong, and where.
func (d *document) fail(data []byte, err error) {
	d.value, d.err = nil, err
	var v json.RawMessage
	var syntax *json.SyntaxError
	// Read whole, so that the place counts from the beginning.
	if errors.As(json.Unmarshal(data, &v), &syntax) {
		at := min(int(syntax.Offset), len(data))
		d.err = syntax
		d.line = 1 + bytes.Count(data[:at], []byte("\n"))
		d.hint = hint(data[:at])
	}
}

// where says what is wrong, and in which line, for the end of a message.
func (d *document) where() string {
	switch {
	case d.err == nil:
		return ""
	case d.line == 0:
		return ": " + d.err.Error()
	}
	return fmt.Sprintf(": line %d: %v%s", d.line, d.err, d.hint)
}

// hint names the two mistakes that people make, from the text up to where the
// parser stopped.
func hint(read []byte) string {
	switch last := len(read) - 1; {
	case last < 0:
		return ""
	case read[last] == '/':
		return " (comments are not allowed)"
	case read[last] == '}' || read[last] == ']':
		if bytes.HasSuffix(bytes.TrimRight(read[:last], " \t\r\n"), []byte(",")) {
			return " (a comma must not stand before a closing bracket)"
		}
	}
	return ""
}

// A scanner looks for keys that stand twice in an object, which the decoder
// does not tell.
type scanner struct {
	duplicates []string
	deepest    int
	open       []map[string]bool // keys of the objects around; nil for an array
}

// scan reads JSON whose syntax is known to be good.
func (s *scanner) scan(data []byte) {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{':
			s.push(map[string]bool{})
		case '[':
			s.push(nil)
		case '}', ']':
			s.open = s.open[:len(s.open)-1]
		case '"':
			end := i + 1 + stringLen(data[i+1:])
			if isKey(data[end+1:]) {
				s.key(data[i : end+1])
			}
			i = end
		}
	}
}

func (s *scanner) push(keys map[string]bool) {
	s.open = append(s.open, keys)
	s.deepest = max(s.deepest, len(s.open))
}

// stringLen returns where the closing quote of a string stands.
func stringLen(data []byte) int {
	for i := 0; ; i++ {
		switch data[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
}

// isKey reports whether a colon follows.
func isKey(data []byte) bool {
	for _, c := range data {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		}
		return c == ':'
	}
	return false
}

// key notes a quoted key of the innermost object.
func (s *scanner) key(quoted []byte) {
	keys := s.open[len(s.open)-1]
	name := string(quoted[1 : len(quoted)-1])
	if bytes.IndexByte(quoted, '\\') >= 0 {
		if err := json.Unmarshal(quoted, &name); err != nil {
			return // cannot be: the syntax is good
		}
	}
	if keys[name] {
		s.duplicates = append(s.duplicates, name)
	}
	keys[name] = true
}
