package link

import (
	"encoding/binary"
	"errors"
	"slices"

	"passmill/jobs"
)

// A Layout says which values stand in the sealed links of a series, and in which
// order, so that no link has to name them.
type Layout struct {
	Fields []string `json:"fields"` // names
	Serial string   `json:"serial"` // the one that is the serial number
	Bundle string   `json:"bundle"` // the one that makes bundles; empty for none
}

// How a value is written, in two bits.
const (
	absent  = iota // nothing
	textual        // its text
	literal        // its text, which is its JSON as well
	both           // its text, then its JSON
)

// Pack writes values of a row, as the importer encodes them, in the order of the
// layout. Values of other names are left out.
func (l Layout) Pack(values []byte) ([]byte, error) {
	modes := make([]byte, (len(l.Fields)+3)/4)
	packed := make([]byte, len(modes), len(modes)+len(values))
	at := 0
	for v, err := range jobs.NamedValues(values) {
		if err != nil {
			return nil, err
		}
		i := slices.Index(l.Fields[at:], v.Name)
		if i < 0 {
			continue
		}
		at += i
		mode := textual
		packed = appendText(packed, v.Text)
		switch v.JSON {
		case "":
		case v.Text:
			mode = literal
		default:
			mode = both
			packed = appendText(packed, v.JSON)
		}
		modes[at/4] |= byte(mode << (2 * (at % 4)))
		at++
	}
	copy(packed, modes)
	return packed, nil
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

var errLayout = errors.New("the values of a sealed link don't fit its series")

// A Row is what a sealed link carries, in the terms of an import.
type Row struct {
	Serial, Bundle string
	Values         []byte
}

// Unpack reads what [Layout.Pack] wrote.
func (l Layout) Unpack(packed []byte) (Row, error) {
	n := (len(l.Fields) + 3) / 4
	if len(packed) < n {
		return Row{}, errLayout
	}
	modes, rest := packed[:n], packed[n:]
	fields, values := make([]jobs.Field, len(l.Fields)), make([]jobs.Value, len(l.Fields))
	var row Row
	for i, name := range l.Fields {
		fields[i].Name = name
		mode := int(modes[i/4]>>(2*(i%4))) & 3
		if mode == absent {
			continue
		}
		v := jobs.Value{Present: true}
		var ok bool
		if v.Text, rest, ok = cutText(rest); !ok {
			return Row{}, errLayout
		}
		switch mode {
		case literal:
			v.JSON = v.Text
		case both:
			if v.JSON, rest, ok = cutText(rest); !ok {
				return Row{}, errLayout
			}
		}
		values[i] = v
		if name == l.Serial {
			row.Serial = v.Text
		}
		if name == l.Bundle {
			row.Bundle = v.Text
		}
	}
	if len(rest) > 0 || row.Serial == "" {
		return Row{}, errLayout
	}
	row.Values = jobs.AppendValues(nil, fields, values)
	return row, nil
}

func cutText(data []byte) (text string, rest []byte, ok bool) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return "", nil, false
	}
	end := n + int(size)
	return string(data[n:end]), data[end:], true
}
