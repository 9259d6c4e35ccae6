package sheet

import (
	"slices"
	"strconv"
	"strings"

	"passmill/jobs"
)

// Sections lists the lists of pass fields that a sheet can fill, as Apple spells
// them.
var Sections = []string{
	"headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields", "additionalInfoFields", "footerFields",
}

// Indexes into fieldColumns of those that are read in a way of their own.
const (
	serialColumn = iota
	sectionColumn
	positionColumn
	keyColumn
	labelColumn
	valueColumn
	attributedColumn
	detectorsColumn = 12
)

// fieldColumns are the columns of a sheet of pass fields. From the key on, each
// is one of Apple's keys of a field (PassFieldContent), in the order in which
// they are written.
var fieldColumns = []jobs.Field{
	serialColumn:     {Name: "serial"},
	sectionColumn:    {Name: "section"},
	positionColumn:   {Name: "position", Type: jobs.TypeNumber},
	keyColumn:        {Name: "key"},
	labelColumn:      {Name: "label"},
	valueColumn:      {Name: "value"}, // its type depends on its neighbours
	attributedColumn: {Name: "attributedValue"},
	{Name: "changeMessage"},
	{Name: "currencyCode"},
	{Name: "numberStyle"},
	{Name: "dateStyle"},
	{Name: "timeStyle"},
	detectorsColumn: {Name: "dataDetectorTypes"},
	{Name: "textAlignment"},
	{Name: "isRelative", Type: jobs.TypeBoolean},
	{Name: "ignoresTimeZone", Type: jobs.TypeBoolean},
	{Name: "row", Type: jobs.TypeInteger},
	{Name: "semantics", Type: jobs.TypeJSON},
}

// A passField is one row of a sheet of pass fields.
type passField struct {
	serial   string
	section  int // index into Sections; -1 if it is none of them
	position float64
	row      int
	key      string
	data     []byte // the field as JSON
	problems []jobs.Problem
}

// last is the position of fields that say none: behind those that do, in the
// order of the sheet.
const last = 1e300

// A fieldReader reads the rows of a sheet of pass fields.
type fieldReader struct {
	schema  *jobs.Schema // parallel to fieldColumns
	numbers *jobs.Schema // the value alone, as a number …
	dates   *jobs.Schema // … and as a point in time
	value   int          // index of the column with the value; -1 if there is none
	letters map[string]string
	values  []jobs.Value
}

// newFieldReader finds the columns. The column with the serial number may also be
// called as the rows' is.
func newFieldReader(columns []jobs.Column, o FieldsOptions) (*fieldReader, error) {
	r := &fieldReader{letters: make(map[string]string), values: make([]jobs.Value, len(fieldColumns))}
	fields, names := slices.Clone(fieldColumns), map[string]string{}
	fields[serialColumn] = o.Serial
	fields[serialColumn].Name = "serial"
	for i := range fields {
		fields[i].Optional, fields[i].Default = true, ""
	}
	if serial := firstOf(columns, "serial", "serialNumber", o.Serial.Name); serial >= 0 {
		names["serial"] = columns[serial].Name
	}
	r.value = firstOf(columns, "value")
	if err := missingColumns(columns, names, r.value >= 0); err != nil {
		return nil, err
	}
	var err error
	if r.schema, err = jobs.NewSchema(fields, columns, names); err != nil {
		return nil, err
	}
	for i, f := range fields {
		r.letters[f.Name] = r.schema.Column(i)
	}
	number := jobs.Field{Name: "value", Type: jobs.TypeNumber, Optional: true}
	if r.numbers, err = jobs.NewSchema([]jobs.Field{number}, columns, nil); err != nil {
		return nil, err
	}
	date := jobs.Field{Name: "value", Type: jobs.TypeDateTime, Optional: true, TimeZone: o.TimeZone}
	r.dates, err = jobs.NewSchema([]jobs.Field{date}, columns, nil)
	return r, err
}

// read reads one row. What is wrong with it is in its problems.
func (r *fieldReader) read(row jobs.Row) passField {
	f := passField{row: row.Origin.Row, section: -1, position: last}
	f.problems = r.schema.Read(row, r.values)
	f.serial = r.values[serialColumn].Text
	f.problems = append(f.problems, r.typed(row)...)
	if v := r.values[positionColumn]; v.Present {
		f.position, _ = strconv.ParseFloat(v.JSON, 64) // a number: the schema has seen to it
	}
	f.key = r.values[keyColumn].Text
	if f.key == "" && !r.complains(f.problems, "key") {
		f.problems = append(f.problems, r.problem(row, keyColumn, "missing", "is required and empty", "write a key that no other field of this pass has"))
	}
	r.readSection(row, &f)
	f.data = r.appendJSON(nil)
	for i := range f.problems {
		f.problems[i].Serial = f.serial
	}
	return f
}

func (r *fieldReader) complains(problems []jobs.Problem, field string) bool {
	return slices.ContainsFunc(problems, func(p jobs.Problem) bool { return p.Field == field })
}

func (r *fieldReader) readSection(row jobs.Row, f *passField) {
	text := r.values[sectionColumn].Text
	f.section = slices.IndexFunc(Sections, func(s string) bool {
		folded := jobs.FoldName(text)
		return folded == strings.ToLower(s) || folded+"fields" == strings.ToLower(s)
	})
	switch {
	case f.section >= 0 || r.complains(f.problems, "section"):
	case text == "":
		f.problems = append(f.problems, r.problem(row, sectionColumn, "missing", "is required and empty", "write one of "+strings.Join(Sections, ", ")))
	default:
		fix := "write one of " + strings.Join(Sections, ", ")
		if near := nearestSection(text); near != "" {
			fix = "write " + near
		}
		p := r.problem(row, sectionColumn, "unknown-section", "is no section of a pass", fix)
		p.Value = jobs.Shorten(text)
		f.problems = append(f.problems, p)
	}
}

// nearestSection returns the section that a word most likely means, which may be
// written without Fields.
func nearestSection(word string) string {
	if near := jobs.Nearest(word, Sections); near != "" {
		return near
	}
	var short []string
	for _, s := range Sections {
		short = append(short, strings.TrimSuffix(s, "Fields"))
	}
	if near := jobs.Nearest(word, short); near != "" {
		return near + "Fields"
	}
	return ""
}

// typed reads the value: with a style it is what the style is for, and else what
// the cell stores. A number with leading zeros is text, as it looks.
func (r *fieldReader) typed(row jobs.Row) []jobs.Problem {
	if r.value < 0 || r.value >= len(row.Cells) {
		return nil
	}
	c, has := row.Cells[r.value], func(key string) bool {
		i := slices.IndexFunc(fieldColumns, func(f jobs.Field) bool { return f.Name == key })
		return r.values[i].Present
	}
	as := r.numbers
	switch {
	case has("dateStyle") || has("timeStyle"):
		as = r.dates
	case has("currencyCode") || has("numberStyle"):
	case c.Kind == jobs.NumberCell && !(len(c.Text) > 1 && c.Text[0] == '0' && isDigit(c.Text[1])):
	default:
		return nil
	}
	problems := as.Read(row, r.values[valueColumn:valueColumn+1])
	for i := range problems {
		problems[i].Fix, _, _ = strings.Cut(problems[i].Fix, ", or declare") // the template has no such field
	}
	return problems
}

func (r *fieldReader) problem(row jobs.Row, column int, code, message, fix string) jobs.Problem {
	at := row.Origin
	at.Column = r.schema.Column(column)
	return jobs.Problem{Origin: at, Field: fieldColumns[column].Name, Code: code, Severity: jobs.Refused, Message: message, Fix: fix}
}
