package sheet

import (
	"bytes"
	"encoding/json"
	"strings"
)

// appendJSON writes the field that was read last.
func (r *fieldReader) appendJSON(dst []byte) []byte {
	open := byte('{')
	for i := keyColumn; i < len(fieldColumns); i++ {
		v := r.values[i]
		if !v.Present {
			continue
		}
		dst = append(dst, open)
		dst = appendString(dst, fieldColumns[i].Name)
		dst = append(dst, ':')
		switch {
		case i == detectorsColumn:
			dst = appendDetectors(dst, v.Text)
		case v.JSON != "":
			dst = append(dst, v.JSON...)
		default:
			dst = appendString(dst, v.Text)
		}
		open = ','
	}
	if open == '{' {
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

// appendDetectors writes words between commas or blanks as a list; the word none
// is the empty one, which turns all detectors off.
func appendDetectors(dst []byte, text string) []byte {
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" ,;\n\t", c) })
	if len(words) == 1 && strings.EqualFold(words[0], "none") {
		words = nil
	}
	dst = append(dst, '[')
	for i, w := range words {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, w)
	}
	return append(dst, ']')
}

// appendString writes a string as JSON, without the escapes that HTML would ask
// for.
func appendString(dst []byte, s string) []byte {
	b := bytes.NewBuffer(dst)
	out := json.NewEncoder(b)
	out.SetEscapeHTML(false)
	_ = out.Encode(s) // a string into memory can't fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
