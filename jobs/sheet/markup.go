package sheet

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Errors of XML that encoding/xml would let pass.
var (
	errDoctype  = errors.New("holds a document type declaration (DOCTYPE), which workbooks never have")
	errDepth    = fmt.Errorf("nests its elements deeper than %d", maxDepth)
	errToken    = fmt.Errorf("holds a text or tag of more than %d bytes", maxToken)
	errNoRoot   = errors.New("is empty")
	errTrailing = errors.New("goes on after its end")
)

// A markup reads one XML part strictly: no DOCTYPE, so no entities of its own;
// bounded depth and tokens; one root and nothing after it. Its end is io.EOF
// only if the part is well-formed to its last byte and, for a part of an
// archive, size and checksum are right.
type markup struct {
	dec   *xml.Decoder
	in    *gauge
	depth int
	roots int
}

func newMarkup(r io.Reader) *markup {
	in := &gauge{r: decoded(r)}
	m := &markup{in: in, dec: xml.NewDecoder(in)}
	m.dec.CharsetReader = charset
	return m
}

// next returns the next token, or io.EOF. Bytes in it are valid until the next
// call.
func (m *markup) next() (xml.Token, error) {
	m.in.mark = m.dec.InputOffset()
	token, err := m.dec.Token()
	if err == io.EOF && m.roots == 0 {
		return nil, errNoRoot
	}
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case xml.Directive:
		return nil, errDoctype
	case xml.StartElement:
		return token, m.enter()
	case xml.EndElement:
		m.depth--
	case xml.CharData:
		if m.depth == 0 && m.roots > 0 && !blank(token) {
			return nil, errTrailing
		}
	}
	return token, nil
}

func (m *markup) enter() error {
	if m.depth == 0 {
		if m.roots++; m.roots > 1 {
			return errTrailing
		}
	}
	if m.depth++; m.depth > maxDepth {
		return errDepth
	}
	return nil
}

// skip reads on to the end of the element whose start was the last token.
func (m *markup) skip() error {
	for outer := m.depth - 1; m.depth > outer; {
		if _, err := m.next(); err != nil {
			return early(err)
		}
	}
	return nil
}

// elements calls f with each start tag until the part ends; f may read on.
func (m *markup) elements(f func(xml.StartElement) error) error {
	for {
		token, err := m.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := token.(xml.StartElement); ok {
			if err := f(start); err != nil {
				return err
			}
		}
	}
}

// early turns the end of a part into an error where more has to come.
func early(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A gauge fails if more is read than a token may be long.
type gauge struct {
	r    io.Reader
	read int64
	mark int64 // the offset at which the token begins
}

func (g *gauge) Read(p []byte) (int, error) {
	if g.read-g.mark > maxToken {
		return 0, errToken
	}
	n, err := g.r.Read(p)
	g.read += int64(n)
	return n, err
}

// decoded returns r as UTF-8 without a byte order mark; Excel reads parts in
// UTF-16 too.
func decoded(r io.Reader) io.Reader {
	in := bufio.NewReaderSize(r, 64<<10)
	head, _ := in.Peek(4)
	switch {
	case len(head) >= 2 && (head[0] == 0xFE && head[1] == 0xFF || head[0] == 0 && head[1] == '<'):
		return transform.NewReader(in, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	case len(head) >= 2 && (head[0] == 0xFF && head[1] == 0xFE || head[0] == '<' && head[1] == 0):
		return transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case len(head) >= 3 && head[0] == 0xEF && head[1] == 0xBB && head[2] == 0xBF:
		in.Discard(3)
	}
	return in
}

// charset is asked for the encodings that a part declares, beside UTF-8.
func charset(label string, in io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("is in the unknown encoding %q", label)
	}
	if name, _ := htmlindex.Name(enc); name == "utf-16le" || name == "utf-16be" {
		return in, nil // decoded already: its first bytes could not be read otherwise
	}
	return transform.NewReader(in, enc.NewDecoder()), nil
}

// attr returns the value of an attribute by its local name, or "".
func attr(start xml.StartElement, name string) string {
	for i := range start.Attr {
		if start.Attr[i].Name.Local == name {
			return start.Attr[i].Value
		}
	}
	return ""
}

// isTrue reports whether an attribute is a true xsd:boolean.
func isTrue(value string) bool { return value == "1" || value == "true" || value == "on" }

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}
