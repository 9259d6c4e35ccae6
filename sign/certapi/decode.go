package certapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lengths of what people write.
const (
	maxName    = 200  // characters
	maxComment = 2000 // characters
)

// A members is a JSON object, taken apart and nothing more: a member that is
// absent can be told from one that is null.
type members map[string]json.RawMessage

// readMembers reads a JSON object strictly: no member twice, none that is
// unknown, letters as they are, and nothing after it.
func readMembers(body []byte, known []string) (members, error) {
	malformed := func(detail string) error {
		return problem(http.StatusBadRequest, "the body is no JSON object: %s", detail)
	}
	if !utf8.Valid(body) {
		return nil, malformed("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, malformed("it does not begin with {")
	}
	m, faults := members{}, []Fault(nil)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, malformed("the name of a member can't be read")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, malformed("the value of a member can't be read")
		}
		text, _ := name.(string) // the names of members are strings
		_, twice := m[text]
		switch {
		case !slices.Contains(known, text):
			faults = append(faults, inBody(shown(text), "is no member of this request; known are %s", strings.Join(known, ", ")))
		case twice:
			faults = append(faults, inBody(text, "is there twice"))
		}
		m[text] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, malformed("it does not end")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("something follows it")
	}
	if len(faults) > 0 {
		return nil, faulty(http.StatusBadRequest, faults...)
	}
	return m, nil
}

// shown is a name that a stranger gave, short enough to be repeated to him.
func shown(name string) string {
	const most = 64
	if utf8.RuneCountInString(name) > most {
		return string([]rune(name)[:most]) + "…"
	}
	return name
}

// An optional is the value of a member.
type optional[T any] struct {
	value T
	given bool // it is there, and not null
	null  bool // it is there, and null
}

// take reads a member as a T, which kind names for people.
func take[T any](m members, field, kind string, faults *[]Fault) (o optional[T]) {
	raw, present := m[field]
	if o.null = present && string(raw) == "null"; !present || o.null {
		return o
	}
	if err := json.Unmarshal(raw, &o.value); err != nil {
		*faults = append(*faults, inBody(field, "must be %s", kind))
		return o
	}
	o.given = true
	return o
}

// takeText reads what people write.
func takeText(m members, field string, most int, lines bool, faults *[]Fault) optional[string] {
	o := take[string](m, field, "a string", faults)
	o.value = strings.TrimSpace(o.value)
	bad := func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && !(lines && r == '\n') || isBidi(r)
	}
	switch {
	case utf8.RuneCountInString(o.value) > most:
		*faults = append(*faults, inBody(field, "has more than %d characters", most))
	case strings.ContainsFunc(o.value, bad):
		*faults = append(*faults, inBody(field, "has characters that can't be shown"))
	}
	return o
}

// isBidi reports whether a character turns the direction of what follows it.
func isBidi(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// takeCertificate reads the base64 of a file.
func takeCertificate(m members, faults *[]Fault) (file []byte, given bool) {
	const field = "certificate"
	o := take[string](m, field, "a string, the base64 of a .p12 file", faults)
	if !o.given {
		return nil, false
	}
	file, err := base64.StdEncoding.Strict().DecodeString(o.value)
	switch {
	case err != nil:
		*faults = append(*faults, inBody(field, "is no base64: run openssl base64 -A -in FILE.p12"))
	case len(file) == 0:
		*faults = append(*faults, inBody(field, "is empty"))
	}
	return file, true
}
