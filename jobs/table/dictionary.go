package table

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"passmill/jobs"
)

// sections are the lists of dictionaries that a pass can have (Apple, "Pass",
// "PassFields").
var sections = []string{"headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields", "additionalInfoFields"}

// sectionOf returns a section as Apple spells it, or "" if there is none of that
// name.
func sectionOf(name string) string {
	i := slices.IndexFunc(sections, func(s string) bool { return jobs.FoldName(s) == jobs.FoldName(name) })
	if i < 0 {
		return ""
	}
	return sections[i]
}

// A dictionary is a row of pass_job_dictionary.
type dictionary struct {
	section       string
	position      sql.NullInt64
	key           sql.NullString
	label         sql.NullString
	value         sql.NullString
	changeMessage sql.NullString
	attributes    sql.NullString
}

// row makes a row of what was read of a pass, with all that is wrong with it.
func (c *Classic) row(p *pass, number int) jobs.Row {
	row := jobs.Row{
		Origin: jobs.Origin{File: c.db.name, Row: number, Key: "serial_number=" + keyText(p.serial)},
		Cells:  make([]jobs.Cell, len(c.columns)),
		Mark:   p.mark + markCut + p.serial,
	}
	refuse := func(field, code, message, fix string) {
		row.Problems = append(row.Problems, jobs.Problem{Origin: row.Origin, Field: field, Code: code, Severity: jobs.Refused, Message: message, Fix: fix})
	}
	filled := map[int]bool{}
	put := func(name string, cell jobs.Cell) {
		i, there := c.index[jobs.FoldName(name)]
		switch {
		case !there:
			refuse(name, "new-field", "came into the database while it was read", "run the job again")
		case filled[i]:
			refuse(name, "two-values", "has two values (case, spaces, _ and - count for nothing in names)", "delete one of them")
		default:
			row.Cells[i], filled[i] = cell, true
		}
	}
	put(SerialColumn, jobs.Cell{Text: p.serial, Kind: jobs.TextCell})
	for _, f := range p.fields {
		if f.value.Valid {
			put(f.name, jobs.Cell{Text: f.value.String, Kind: jobs.TextCell})
		}
	}
	for name, list := range bySection(p.dictionaries, refuse) {
		if text := listJSON(name, list, refuse); text != "" {
			put(name, jobs.Cell{Text: text, Kind: jobs.TextCell})
		}
	}
	return row
}

// bySection sorts dictionaries into their sections, in the order of positions.
func bySection(all []dictionary, refuse func(field, code, message, fix string)) func(func(string, []dictionary) bool) {
	lists := map[string][]dictionary{}
	for _, d := range all {
		section := sectionOf(d.section)
		if section == "" {
			refuse(d.section, "unknown-section", "is no section of a pass"+didYouMean(d.section, sections), "write one of "+strings.Join(sections, ", "))
			continue
		}
		lists[section] = append(lists[section], d)
	}
	return func(yield func(string, []dictionary) bool) {
		for _, section := range slices.Sorted(maps.Keys(lists)) {
			list := lists[section]
			slices.SortStableFunc(list, func(a, b dictionary) int { return int(a.position.Int64 - b.position.Int64) })
			if !yield(section, list) {
				return
			}
		}
	}
}

// listJSON returns the list of a section's dictionaries; "" if none has a value.
func listJSON(section string, list []dictionary, refuse func(field, code, message, fix string)) string {
	var parts [][]byte
	for i, d := range list {
		at := fmt.Sprintf("its dictionary at position %d ", d.position.Int64)
		switch {
		case !d.position.Valid:
			refuse(section, "no-position", "one of its dictionaries has no position", "number them from 1")
			continue
		case i > 0 && d.position == list[i-1].position:
			refuse(section, "two-positions", fmt.Sprintf("two of its dictionaries have position %d", d.position.Int64), "give each a position of its own")
			continue
		case d.key.String == "":
			refuse(section, "empty-key", at+"has no key", "give it one that no other has in this pass")
			continue
		case !d.value.Valid:
			continue // a field without a value is left out, as a token without one
		}
		object, err := d.json()
		if err != nil {
			refuse(section, "bad-dictionary", at+err.Error(), "correct the row of pass_job_dictionary")
			continue
		}
		parts = append(parts, object)
	}
	if len(parts) == 0 {
		return ""
	}
	return "[" + string(bytes.Join(parts, []byte(","))) + "]"
}

// number is the form of numbers that JSON and a database share.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// json returns the dictionary as Apple's, its members in a fixed order.
func (d dictionary) json() ([]byte, error) {
	more := map[string]json.RawMessage{}
	if d.attributes.Valid {
		if err := json.Unmarshal([]byte(d.attributes.String), &more); err != nil || more == nil {
			return nil, fmt.Errorf("has attributes that are no JSON object")
		}
	}
	var b bytes.Buffer
	add := func(name string, value []byte) {
		b.WriteByte(',')
		b.Write(quoteJSON(name))
		b.WriteByte(':')
		b.Write(value)
	}
	_, currency := more["currencyCode"]
	_, style := more["numberStyle"]
	for _, m := range []struct {
		name string
		text sql.NullString
	}{{"key", d.key}, {"label", d.label}, {"value", d.value}, {"changeMessage", d.changeMessage}} {
		if _, twice := more[m.name]; twice {
			return nil, fmt.Errorf("has %s in its attributes too", m.name)
		}
		switch {
		case !m.text.Valid:
		case m.name == "value" && (currency || style): // Apple: those need a number
			if !number.MatchString(m.text.String) {
				return nil, fmt.Errorf("has a value that is no number like 1234.5, but a currencyCode or numberStyle")
			}
			add(m.name, []byte(m.text.String))
		default:
			add(m.name, quoteJSON(m.text.String))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		add(name, more[name])
	}
	return append(append([]byte{'{'}, b.Bytes()[1:]...), '}'), nil
}

// quoteJSON returns text as a JSON string, with <, > and & as they are.
func quoteJSON(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can't fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
