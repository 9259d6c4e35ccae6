package sheet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"passmill/jobs"
)

// FieldsOptions say what a sheet of pass fields is read for.
type FieldsOptions struct {
	Sections []string              // the lists that are wanted, some of [Sections], as their columns are to be called
	Serial   jobs.Field            // the field that is the serial number, on both sheets
	SerialOf func(jobs.Row) string // the serial number of a row
	TimeZone string                // of dates that name none; empty is UTC
}

// A Joined source is a sheet of rows with what another sheet has of them: for each
// serial number the fields of its pass, a row each. They become lists in columns
// of their own, ordered by position. It implements [jobs.Source], and is not safe
// for concurrent use.
//
// The fields are kept in a temporary database and looked up for some passes at a
// time, so that memory does not grow with their number.
type Joined struct {
	*Source
	options FieldsOptions
	reader  *fieldReader
	store   *fieldStore
	at      jobs.Origin // the sheet of fields
	hidden  Hidden      // what was done with its hidden rows
	weight  weight      // what copying it would cost
	columns []jobs.Column
	wanted  []int // index into Sections, parallel to the added columns
	notes   []jobs.Problem
}

var _ jobs.Source = (*Joined)(nil)

// maxStrays is how many fields without a pass are named one by one.
const maxStrays = 100

// Join reads the sheet of pass fields of that name and joins it to rows, which are
// closed with the result. What is wrong with a field is a problem of its pass; a
// field whose pass is not there is one of the notes.
func (b *Book) Join(ctx context.Context, rows *Source, name string, hidden Hidden, o FieldsOptions) (*Joined, error) {
	fields, err := b.Source(ctx, Options{Sheet: name, Hidden: hidden})
	if err != nil {
		return nil, err
	}
	defer fields.Close()
	j := &Joined{Source: rows, options: o, at: fields.origin, hidden: hidden, weight: fields.body.(*workbook).weight}
	if j.reader, err = newFieldReader(fields.columns, o); err != nil {
		return nil, b.about(fields.origin, err)
	}
	j.columns = rows.Columns()
	for _, section := range o.Sections {
		j.wanted = append(j.wanted, slices.IndexFunc(Sections, func(s string) bool { return jobs.FoldName(s) == jobs.FoldName(section) }))
		j.columns = append(j.columns, jobs.Column{Name: section})
	}
	if j.store, err = newFieldStore(ctx, b.dir); err != nil {
		return nil, b.about(fields.origin, err)
	}
	j.notes = append(rows.Notes(), unknownColumns(fields.columns, j.at, 1, o.Serial.Name)...)
	for _, n := range fields.Notes() {
		if n.Code != "no-rows" { // a pass need not have fields of its own
			j.notes = append(j.notes, n)
		}
	}
	if err := j.take(ctx, fields); err != nil {
		return nil, errors.Join(b.about(fields.origin, err), j.store.close())
	}
	return j, nil
}

// take reads the sheet of fields, and tells which of them are of no pass.
func (j *Joined) take(ctx context.Context, fields *Source) error {
	var n notes
	for row, err := range fields.Rows(ctx) {
		if err != nil {
			return err
		}
		f := j.reader.read(row)
		if f.serial == "" {
			j.nobodys(row, f.problems)
			continue
		}
		if f.section >= 0 && !slices.Contains(j.wanted, f.section) {
			n.add(looksWrong("section-unused", "the template has no placeholder for the section of some rows, so they are not shown",
				"write one into template.json, such as $$headerFields"), j.cell(f.row, sectionColumn).Cell())
		}
		if err := j.store.add(ctx, f); err != nil {
			return err
		}
	}
	j.notes = append(j.notes, n.list(j.at)...)
	if err := j.store.finish(ctx); err != nil {
		return err
	}
	err := j.store.crowded(ctx, func(serial string, row int) error {
		p := j.problem(row, serialColumn, "too-many-fields", fmt.Sprintf("has more than %d fields for one pass", maxFields), "remove what is too much")
		p.Serial = serial
		return j.store.cut(ctx, serial, row, p)
	})
	if err != nil {
		return err
	}
	return j.strays(ctx)
}

func (j *Joined) cell(row, column int) jobs.Origin {
	at := j.at
	at.Row, at.Column = row, j.reader.schema.Column(column)
	return at
}

func (j *Joined) problem(row, column int, code, message, fix string) jobs.Problem {
	return j.reader.problem(jobs.Row{Origin: j.cell(row, column)}, column, code, message, fix)
}

// Columns implements [jobs.Source]: those of the rows, and one for each list.
func (j *Joined) Columns() []jobs.Column { return slices.Clone(j.columns) }

// Notes returns what is odd about both sheets.
func (j *Joined) Notes() []jobs.Problem { return slices.Clone(j.notes) }

// Rows implements [jobs.Source].
func (j *Joined) Rows(ctx context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		rows := make([]jobs.Row, 0, passesAtOnce)
		for row, err := range j.Source.Rows(ctx) {
			if err != nil {
				if j.deliver(ctx, rows, yield) {
					yield(jobs.Row{}, err)
				}
				return
			}
			cells := make([]jobs.Cell, len(j.columns))
			copy(cells, row.Cells)
			row.Cells = cells
			if rows = append(rows, row); len(rows) < passesAtOnce {
				continue
			}
			if !j.deliver(ctx, rows, yield) {
				return
			}
			rows = rows[:0]
		}
		j.deliver(ctx, rows, yield)
	}
}

// deliver looks up the fields of some rows and hands the rows on. It reports
// whether more are wanted.
func (j *Joined) deliver(ctx context.Context, rows []jobs.Row, yield func(jobs.Row, error) bool) bool {
	if len(rows) == 0 {
		return true
	}
	serials := make([]string, len(rows))
	for i, row := range rows {
		serials[i] = j.options.SerialOf(row)
	}
	found, err := j.store.fields(ctx, serials)
	if err != nil {
		yield(jobs.Row{}, fmt.Errorf("sheet %q of %s: look up the fields of row %d and those below: %w", j.at.Sheet, j.at.File, rows[0].Origin.Row, err))
		return false
	}
	for i := range rows {
		j.fill(&rows[i], found[serials[i]])
		if !yield(rows[i], nil) {
			return false
		}
	}
	return true
}

// fill puts the fields of a pass into the row's lists.
func (j *Joined) fill(row *jobs.Row, fields []passField) {
	first := len(j.columns) - len(j.wanted)
	for i, section := range j.wanted {
		list := jobs.List{Cell: first + i, Columns: j.reader.letters}
		var text []byte
		for _, f := range fields {
			if f.section != section {
				continue
			}
			text = append(append(text, ','), f.data...)
			list.Rows = append(list.Rows, jobs.Origin{File: j.at.File, Sheet: j.at.Sheet, Row: f.row})
		}
		if text != nil {
			text[0] = '['
			row.Cells[list.Cell] = jobs.Cell{Text: string(append(text, ']')), Kind: jobs.ListCell}
			row.Lists = append(row.Lists, list)
		}
	}
	j.check(row, fields)
}

// check gathers what is wrong with the fields of a pass: each by itself, and two
// with one key or at one position.
func (j *Joined) check(row *jobs.Row, fields []passField) {
	type position struct {
		section int
		at      float64
	}
	keys, positions := make(map[string]int, len(fields)), make(map[position]int, len(fields))
	for _, f := range slices.SortedFunc(slices.Values(fields), func(a, b passField) int { return a.row - b.row }) {
		row.Problems = append(row.Problems, f.problems...)
		if before := keys[f.key]; before > 0 && f.key != "" {
			p := j.problem(f.row, keyColumn, "key-twice", fmt.Sprintf("is the key of the field in row %d too, which belongs to the same pass", before), "give each field of a pass a key of its own")
			p.Value = jobs.Shorten(f.key)
			row.Problems = append(row.Problems, p)
		}
		keys[f.key] = f.row
		at := position{f.section, f.position}
		if before := positions[at]; before > 0 && f.section >= 0 && f.position != last {
			p := j.problem(f.row, positionColumn, "position-twice", fmt.Sprintf("is the position of row %d too, in the same section of the same pass", before), "number the fields of a section")
			row.Problems = append(row.Problems, p)
		}
		positions[at] = f.row
	}
}

// Close releases both sheets.
func (j *Joined) Close() error { return errors.Join(j.store.close(), j.Source.Close()) }
