package main

import (
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// scriptWorkbook makes a workbook of CSV files: workbook FILE SHEET=CSV …. What
// looks like a number, a share, a date or a truth value is stored as one; a ' in
// front keeps it text.
func scriptWorkbook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: workbook FILE SHEET=CSV …")
	}
	book := excelize.NewFile()
	defer book.Close()
	for i, arg := range args[1:] {
		name, file, _ := strings.Cut(arg, "=")
		if i == 0 {
			ts.Check(book.SetSheetName("Sheet1", name))
		} else if _, err := book.NewSheet(name); err != nil {
			ts.Fatalf("sheet %s: %v", name, err)
		}
		lines := csv.NewReader(strings.NewReader(ts.ReadFile(file)))
		lines.FieldsPerRecord = -1
		rows, err := lines.ReadAll()
		ts.Check(err)
		for r, row := range rows {
			for c, text := range row {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				ts.Check(err)
				ts.Check(typeIn(book, name, cell, text))
			}
		}
	}
	ts.Check(book.SaveAs(ts.MkAbs(args[0])))
}

// typeIn puts text into a cell as a spreadsheet program would take it.
func typeIn(book *excelize.File, sheet, cell, text string) error {
	if plain, quoted := strings.CutPrefix(text, "'"); quoted {
		return book.SetCellStr(sheet, cell, plain)
	}
	percent, isShare := strings.CutSuffix(text, "%")
	number, err := strconv.ParseFloat(percent, 64)
	day, noDay := time.Parse(time.DateOnly, text)
	switch {
	case text == "":
		return nil
	case text == "TRUE" || text == "FALSE":
		return book.SetCellBool(sheet, cell, text == "TRUE")
	case err == nil && isShare:
		return styled(book, sheet, cell, number/100, "0%")
	case err == nil:
		return book.SetCellFloat(sheet, cell, number, -1, 64)
	case noDay == nil:
		return styled(book, sheet, cell, day, "dd.mm.yyyy")
	}
	return book.SetCellStr(sheet, cell, text)
}

func styled(book *excelize.File, sheet, cell string, value any, format string) error {
	style, err := book.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return err
	}
	if err := book.SetCellValue(sheet, cell, value); err != nil {
		return err
	}
	return book.SetCellStyle(sheet, cell, cell, style)
}
