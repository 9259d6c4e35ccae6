package jobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Schema joins the fields of a template to the columns of a source: it reads
// a row's cells by type. It is safe for concurrent use.
type Schema struct {
	Fields  []Field
	readers []*reader
	columns []int // for each field the index of its column, or -1
	source  []Column
}

// NewSchema matches fields to columns: by the names in names (field to header)
// where given, else by their own, both without regard to case, spaces, "_" and
// "-". It reports at once every declaration that makes no sense, every required
// field without a column, and every entry of names that names nothing.
func NewSchema(fields []Field, columns []Column, names map[string]string) (*Schema, error) {
	s := &Schema{Fields: fields, source: columns}
	var errs []error
	headers := make([]string, len(columns))
	for i, c := range columns {
		headers[i] = c.Name
	}
	errs = append(errs, checkNames(fields, headers, names)...)
	for _, f := range fields {
		r, err := newReader(f)
		errs = append(errs, err)
		header, mapped := nameOf(names, f.Name)
		if !mapped {
			header = f.Name
		}
		column := slices.IndexFunc(headers, func(h string) bool { return FoldName(h) == FoldName(header) })
		if column < 0 && !mapped && !f.Optional && f.Default == "" {
			errs = append(errs, fmt.Errorf("field %s has no column%s; add the column, or name another under map: in the job", f.Name, listNear(f.Name, headers)))
		}
		s.readers = append(s.readers, r)
		s.columns = append(s.columns, column)
	}
	return s, errors.Join(errs...)
}

func nameOf(names map[string]string, field string) (string, bool) {
	for name, header := range names {
		if FoldName(name) == FoldName(field) {
			return header, true
		}
	}
	return "", false
}

func checkNames(fields []Field, headers []string, names map[string]string) (errs []error) {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.Name
	}
	for name, header := range names {
		if !slices.ContainsFunc(known, func(k string) bool { return FoldName(k) == FoldName(name) }) {
			errs = append(errs, fmt.Errorf("map: the template has no field %q%s", name, listNear(name, known)))
		}
		if !slices.ContainsFunc(headers, func(h string) bool { return FoldName(h) == FoldName(header) }) {
			errs = append(errs, fmt.Errorf("map: the source has no column %q%s", header, listNear(header, headers)))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// listNear says what there is, the nearest first.
func listNear(word string, names []string) string {
	if near := Nearest(word, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	if len(names) == 0 {
		return ""
	}
	list := names[:min(len(names), 12)]
	more := ""
	if len(names) > len(list) {
		more = ", …"
	}
	return fmt.Sprintf(" (there are %s%s)", strings.Join(list, ", "), more)
}

// Index returns the place of a field among Fields, or -1.
func (s *Schema) Index(name string) int {
	return slices.IndexFunc(s.Fields, func(f Field) bool { return FoldName(f.Name) == FoldName(name) })
}

// Column returns the letters of the column that feeds field i; "" if none does.
func (s *Schema) Column(i int) string {
	if i < 0 || s.columns[i] < 0 {
		return ""
	}
	return s.source[s.columns[i]].Ref
}

// Header returns the name of the column that feeds field i; "" if none does.
func (s *Schema) Header(i int) string {
	if i < 0 || s.columns[i] < 0 {
		return ""
	}
	return s.source[s.columns[i]].Name
}

// Read reads row into values, which is parallel to Fields, and returns all that
// is wrong with it. A value with a problem is absent.
func (s *Schema) Read(row Row, values []Value) (problems []Problem) {
	for i, r := range s.readers {
		var cell Cell
		if c := s.columns[i]; c >= 0 && c < len(row.Cells) {
			cell = row.Cells[c]
		}
		v, m := r.read(cell)
		values[i] = v
		if m != nil {
			problems = append(problems, s.problem(row.Origin, i, cell, m))
		}
	}
	return problems
}

func (s *Schema) problem(o Origin, field int, cell Cell, m *mistake) Problem {
	o.Column = s.Column(field)
	return Problem{
		Origin: o, Field: s.Fields[field].Name, Code: m.code, Severity: Refused,
		Message: m.message, Fix: m.fix, Value: Shorten(cell.Text),
	}
}

// Shorten cuts text to 80 characters for a [Problem]'s Value.
func Shorten(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// Notes returns what is odd about how columns and fields meet: a column that no
// field takes and that is spelled much like a field without one, which is how a
// value gets lost without a word.
func (s *Schema) Notes() (notes []Problem) {
	var lacking []string
	for i, f := range s.Fields {
		if s.columns[i] < 0 {
			lacking = append(lacking, f.Name)
		}
	}
	for i, c := range s.source {
		near := Nearest(c.Name, lacking)
		if near == "" || slices.Contains(s.columns, i) {
			continue
		}
		notes = append(notes, Problem{
			Origin: Origin{Column: c.Ref}, Field: near, Code: "unused-column", Severity: LooksWrong,
			Message: fmt.Sprintf("no field takes the column %q, and this field has none", c.Name),
			Fix:     fmt.Sprintf("if they belong together, rename the column, or write map: {%s: %q} into the job", near, c.Name),
		})
	}
	return notes
}
