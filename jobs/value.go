package jobs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// A Value is what a field of a row holds once its cell has been read by the
// field's type. The zero Value is absent: it drops the member that it feeds.
type Value struct {
	Text    string // the value inside other text
	JSON    string // the value as a leaf of its own; empty means Text as a JSON string
	Present bool
}

// valuesFormat is the first byte of encoded values.
const valuesFormat = 1

// AppendValues appends values, each with the name of its field, to dst. The
// form is our own, stable, equal for equal input (it is hashed into the
// fingerprint) and names its fields, so that it can be read without the
// template: after a format byte, for each present value its name, text and JSON,
// each preceded by its length as a varint.
func AppendValues(dst []byte, fields []Field, values []Value) []byte {
	return appendFields(append(dst, valuesFormat), fields, values)
}

// appendFields goes on with more fields behind those that [AppendValues] wrote.
func appendFields(dst []byte, fields []Field, values []Value) []byte {
	for i, v := range values {
		if !v.Present {
			continue
		}
		dst = appendString(dst, fields[i].Name)
		dst = appendString(dst, v.Text)
		dst = appendString(dst, v.JSON)
	}
	return dst
}

// ParseValues reads what [AppendValues] wrote into values, which is parallel to
// fields. A name that is not among the fields is an error: the data belong to
// another version of the template.
func ParseValues(data []byte, fields []Field, values []Value) error {
	clear(values)
	at := 0
	for named, err := range NamedValues(data) {
		if err != nil {
			return err
		}
		for at < len(fields) && fields[at].Name != named.Name {
			at++
		}
		if at == len(fields) {
			return fmt.Errorf("values of a row: field %q is not of this template version", named.Name)
		}
		values[at] = named.Value
		at++
	}
	return nil
}

// PickValues reads of what [AppendValues] wrote the values of fields, by their
// names and in any order, into values, which is parallel to fields.
func PickValues(data []byte, fields []Field, values []Value) error {
	clear(values)
	for named, err := range NamedValues(data) {
		if err != nil {
			return err
		}
		for i := range fields {
			if FoldName(fields[i].Name) == FoldName(named.Name) {
				values[i] = named.Value
			}
		}
	}
	return nil
}

// A NamedValue is a value with the name of its field.
type NamedValue struct {
	Name string
	Value
}

// NamedValues yields what [AppendValues] wrote. An error is the last that it yields.
func NamedValues(data []byte) iter.Seq2[NamedValue, error] {
	return func(yield func(NamedValue, error) bool) {
		if len(data) == 0 || data[0] != valuesFormat {
			yield(NamedValue{}, errors.New("values of a row: unknown format"))
			return
		}
		rest := string(data[1:]) // the values are slices of this one string
		for rest != "" {
			var v NamedValue
			for _, part := range []*string{&v.Name, &v.Text, &v.JSON} {
				var err error
				if *part, rest, err = cutString(rest); err != nil {
					yield(NamedValue{}, err)
					return
				}
			}
			if v.Present = true; !yield(v, nil) {
				return
			}
		}
	}
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func cutString(s string) (head, rest string, err error) {
	var size uint64
	for i := 0; ; i++ {
		if i == len(s) || i == binary.MaxVarintLen64 {
			return "", "", errors.New("values of a row: cut short")
		}
		size |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			s = s[i+1:]
			break
		}
	}
	if size > uint64(len(s)) {
		return "", "", errors.New("values of a row: cut short")
	}
	return s[:size], s[size:], nil
}
