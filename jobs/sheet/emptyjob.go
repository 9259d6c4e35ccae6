package sheet

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

// A Line is a line of the sheet Job: a key, its value, and what it means.
type Line struct {
	Key, Value, Note string
}

// WriteJob writes the workbook that is a whole job: the sheet Job with these lines,
// the sheet Passes with a column for each field as [WriteEmpty] makes it, and, for
// the fields that are lists of pass fields, the sheet Fields.
func WriteJob(w io.Writer, lines []Line, fields []jobs.Field) error {
	f := excelize.NewFile()
	defer f.Close()
	var columns []jobs.Field
	var sections []string
	for _, field := range fields {
		if field.Type == jobs.TypeJSON && slices.ContainsFunc(Sections, func(s string) bool { return jobs.FoldName(s) == jobs.FoldName(field.Name) }) {
			sections = append(sections, field.Name)
			continue
		}
		columns = append(columns, field)
	}
	if columns == nil {
		return errors.New("empty workbook: the template declares no field that could be the serial number; declare it in template.yaml")
	}
	err := writeLines(f, lines)
	if err == nil {
		err = writeColumns(f, PassesSheet, columns)
	}
	if err == nil && sections != nil {
		err = writeFields(f, emptyFields(sections))
	}
	if err == nil {
		_, err = f.WriteTo(w)
	}
	if err != nil {
		return fmt.Errorf("empty workbook: %w", err)
	}
	return nil
}

func writeColumns(f *excelize.File, sheet string, fields []jobs.Field) error {
	if _, err := f.NewSheet(sheet); err != nil {
		return err
	}
	e := &empty{file: f, sheet: sheet}
	return e.write(fields)
}

// writeFields writes the sheet Fields. Its values are stored as they are typed, a
// number as a number.
func writeFields(f *excelize.File, fields []jobs.Field) error {
	if err := writeColumns(f, FieldsSheet, fields); err != nil {
		return err
	}
	general, err := f.NewStyle(&excelize.Style{})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(fields, func(f jobs.Field) bool { return f.Name == "value" })
	return f.SetColStyle(FieldsSheet, letters(i+1), general)
}

// writeLines writes the sheet Job. Its cells are text, so that 1% stays 1%.
func writeLines(f *excelize.File, lines []Line) error {
	if err := f.SetSheetName("Sheet1", JobSheet); err != nil {
		return err
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49})
	if err != nil {
		return err
	}
	if err := f.SetColStyle(JobSheet, "A:C", text); err != nil {
		return err
	}
	for i, width := range []float64{26, 40, 90} {
		if err := f.SetColWidth(JobSheet, letters(i+1), letters(i+1), width); err != nil {
			return err
		}
	}
	for i, l := range append([]Line{{"Key", "Value", "Meaning"}}, lines...) {
		for col, value := range []string{l.Key, l.Value, l.Note} {
			if value == "" {
				continue
			}
			if err := f.SetCellStr(JobSheet, address(col+1, i+1), value); err != nil {
				return err
			}
		}
	}
	e := &empty{file: f, sheet: JobSheet}
	return e.head(3)
}

// emptyFields are the columns of an empty sheet of pass fields: those of
// fieldColumns that most passes need, with what may stand in them.
func emptyFields(sections []string) []jobs.Field {
	words := func(prefix string, names ...string) (all []string) {
		for _, n := range names {
			all = append(all, prefix+n)
		}
		return all
	}
	styles := words("PKDateStyle", "None", "Short", "Medium", "Long", "Full")
	return []jobs.Field{
		{Name: "serial", Note: "The serial number of the pass, as on the sheet Passes."},
		{Name: "section", OneOf: sections, Note: "Where on the pass the field stands."},
		{Name: "position", Type: jobs.TypeNumber, Optional: true, Note: "1, 2, 3 … within the section of a pass."},
		{Name: "key", Note: "Another one for each field of a pass."},
		{Name: "label", Optional: true},
		{Name: "value", Note: "Text, a number, or a date with a date or time style."},
		{Name: "changeMessage", Optional: true, Note: "What a phone says when the value changes: Gate changed to %@."},
		{Name: "currencyCode", Optional: true, Note: "Such as EUR: the value is an amount."},
		{Name: "numberStyle", Optional: true, OneOf: words("PKNumberStyle", "Decimal", "Percent", "Scientific", "SpellOut")},
		{Name: "dateStyle", Optional: true, OneOf: styles, Note: "The value is a date."},
		{Name: "timeStyle", Optional: true, OneOf: styles, Note: "The value has a time of day."},
		{Name: "textAlignment", Optional: true, OneOf: words("PKTextAlignment", "Left", "Center", "Right", "Natural")},
	}
}
