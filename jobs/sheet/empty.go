package sheet

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

// WriteEmpty writes the workbook that marketing fills in: one sheet with that
// name, whose header row has a column for each field and language, a note on
// each header that says what belongs below it, number formats by type and
// drop-down lists where only certain values are allowed. A name that can't be
// a sheet's is mended. Open reads the result back with no rows.
func WriteEmpty(w io.Writer, name string, fields []jobs.Field) error {
	if len(fields) == 0 {
		return errors.New("empty workbook: the template declares no fields; declare them in template.yaml")
	}
	f := excelize.NewFile()
	defer f.Close()
	e := &empty{file: f, sheet: sheetName(name)}
	err := f.SetSheetName("Sheet1", e.sheet)
	if err == nil {
		err = e.write(fields)
	}
	if err != nil {
		return fmt.Errorf("empty workbook: %w", err)
	}
	if _, err := f.WriteTo(w); err != nil {
		return fmt.Errorf("empty workbook: %w", err)
	}
	return nil
}

// An empty is a workbook in the making.
type empty struct {
	file  *excelize.File
	sheet string
	col   int // number of the last column
	lists int // number of the last column of the sheet with the lists
}

// listSheet holds the values of drop-down lists that don't fit into a rule. It
// can't be shown by a click, so nobody takes it for data.
const listSheet = "passmill lists"

func (e *empty) write(fields []jobs.Field) error {
	for _, field := range fields {
		if err := e.column(field.Name, field); err != nil {
			return err
		}
		for _, language := range field.Languages {
			translated := field
			translated.Optional = true // the untranslated value stands in
			if err := e.column(field.Name+"@"+language, translated); err != nil {
				return err
			}
		}
	}
	return e.head(e.col)
}

// head makes the first row stand out, and stay in sight.
func (e *empty) head(columns int) error {
	bold, err := e.file.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8E8ED"}}})
	if err != nil {
		return err
	}
	if err := e.file.SetCellStyle(e.sheet, "A1", address(columns, 1), bold); err != nil {
		return err
	}
	return e.file.SetPanes(e.sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// column adds the column of a field.
func (e *empty) column(name string, field jobs.Field) error {
	e.col++
	letter, cell := letters(e.col), address(e.col, 1)
	style, err := e.file.NewStyle(&excelize.Style{CustomNumFmt: new(formatOf(field))})
	if err != nil {
		return err
	}
	if err := e.file.SetColStyle(e.sheet, letter, style); err != nil {
		return err
	}
	width := min(max(utf8.RuneCountInString(name)+4, 14), 40)
	if err := e.file.SetColWidth(e.sheet, letter, letter, float64(width)); err != nil {
		return err
	}
	if err := e.file.SetCellStr(e.sheet, cell, name); err != nil {
		return err
	}
	note := explain(field)
	lines := uint(strings.Count(note, "\n") + len(note)/32 + 2)
	err = e.file.AddComment(e.sheet, excelize.Comment{Author: "passmill", Cell: cell, Width: 240, Height: lines * 18,
		Paragraph: []excelize.RichTextRun{{Text: note}}})
	if err != nil {
		return err
	}
	return e.choice(letter, values(field))
}

// choice adds a drop-down list to a column.
func (e *empty) choice(letter string, allowed []string) error {
	if len(allowed) == 0 {
		return nil
	}
	rule := excelize.NewDataValidation(true)
	rule.SetSqref(fmt.Sprintf("%s2:%s%d", letter, letter, maxRow))
	rule.SetError(excelize.DataValidationErrorStyleStop, "Not on the list", "Choose one of the values from the list.")
	joined := strings.Join(allowed, ",")
	// In a rule, commas separate the values, and 255 characters are the limit.
	if strings.Count(joined, ",") == len(allowed)-1 && utf8.RuneCountInString(joined) < 200 && joined[0] != '=' {
		if err := rule.SetDropList(allowed); err != nil {
			return err
		}
		return e.file.AddDataValidation(e.sheet, rule)
	}
	ref, err := e.list(allowed)
	if err != nil {
		return err
	}
	rule.SetSqrefDropList(ref)
	return e.file.AddDataValidation(e.sheet, rule)
}

// list writes values to the sheet with the lists and returns where.
func (e *empty) list(allowed []string) (string, error) {
	if e.lists == 0 {
		if _, err := e.file.NewSheet(listSheet); err != nil {
			return "", err
		}
		if err := e.file.SetSheetVisible(listSheet, false, true); err != nil {
			return "", err
		}
	}
	e.lists++
	for i, value := range allowed {
		if err := e.file.SetCellStr(listSheet, address(e.lists, i+1), value); err != nil {
			return "", err
		}
	}
	letter := letters(e.lists)
	return fmt.Sprintf("'%s'!$%s$1:$%s$%d", listSheet, letter, letter, len(allowed)), nil
}
