package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

// bookOf returns the workbook with the rows: that in which the job stands itself,
// or one that is opened; nil if the file is no workbook.
func (w *work) bookOf(ctx context.Context, o sheet.Options) (book *sheet.Book, err error) {
	if w.book != nil && filepath.Clean(o.File) == filepath.Clean(w.file) {
		return w.book, nil
	}
	if is, err := sheet.IsWorkbook(o.File); err != nil || !is {
		return nil, nil // what is wrong with it is said when it is opened
	}
	w.rows, err = sheet.OpenBook(ctx, o)
	return w.rows, err
}

// joinFields joins the sheet with pass fields to the rows, if there is one and the
// template asks for lists that the rows don't have themselves.
func (w *work) joinFields(ctx context.Context, fields []jobs.Field) error {
	book := w.rows
	if book == nil {
		book = w.book
	}
	rows, ok := w.source.(*sheet.Source)
	if !ok || book == nil {
		if w.job.Source.Fields != "" {
			return fmt.Errorf("source: fields: %q is a sheet of a workbook, and %s is none; save it as .xlsx with both sheets", w.job.Source.Fields, w.job.Source.File)
		}
		return nil
	}
	defer book.Release() // what fails to be released is so when the book is closed
	o := sheet.FieldsOptions{TimeZone: w.template.TimeZone}
	columns := rows.Columns()
	for _, f := range fields {
		if isSection(f) && !w.hasColumn(columns, f.Name) {
			o.Sections = append(o.Sections, f.Name)
		}
	}
	name, ok := w.fieldsSheet(book, len(o.Sections) > 0)
	if !ok || strings.EqualFold(name, rows.Sheet()) { // the rows may stand on a sheet of that name
		return nil
	}
	i := slices.IndexFunc(fields, func(f jobs.Field) bool { return jobs.FoldName(f.Name) == jobs.FoldName(w.job.Serial) })
	o.Serial = fields[i]
	serial, err := w.serialReader(columns, o.Serial)
	if err != nil {
		return nil // which is said when all fields are joined to columns
	}
	o.SerialOf = serial
	hidden := sheet.SkipHidden
	if w.job.Source.Hidden == "keep" {
		hidden = sheet.KeepHidden
	}
	joined, err := book.Join(ctx, rows, name, hidden, o)
	if err != nil {
		return fmt.Errorf("pass fields: %w", err)
	}
	w.source = joined
	return nil
}

// fieldsSheet returns the sheet with pass fields: the one that the job names, or
// one called Fields if lists are wanted.
func (w *work) fieldsSheet(book *sheet.Book, wanted bool) (string, bool) {
	if name := w.job.Source.Fields; name != "" || !wanted {
		return name, name != ""
	}
	return book.Sheet(sheet.FieldsSheet)
}

// isSection reports whether a field is a list of pass fields.
func isSection(f jobs.Field) bool {
	return f.Type == jobs.TypeJSON && slices.ContainsFunc(sheet.Sections, func(s string) bool { return jobs.FoldName(s) == jobs.FoldName(f.Name) })
}

func (w *work) hasColumn(columns []jobs.Column, field string) bool {
	_, err := jobs.NewSchema([]jobs.Field{{Name: field}}, columns, w.mapOf(field))
	return err == nil
}

// mapOf returns what the job's map says of one field.
func (w *work) mapOf(field string) map[string]string {
	for name, header := range w.job.Map {
		if jobs.FoldName(name) == jobs.FoldName(field) {
			return map[string]string{name: header}
		}
	}
	return nil
}

// serialReader returns what reads the serial number of a row.
func (w *work) serialReader(columns []jobs.Column, serial jobs.Field) (func(jobs.Row) string, error) {
	schema, err := jobs.NewSchema([]jobs.Field{serial}, columns, w.mapOf(serial.Name))
	if err != nil {
		return nil, err
	}
	values := make([]jobs.Value, 1)
	return func(row jobs.Row) string {
		schema.Read(row, values)
		return values[0].Text
	}, nil
}
