package jobs

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// A Source holds the rows of a job: a sheet of a workbook, a CSV file, a query.
type Source interface {
	// Columns returns the columns in their order. It can be called at any
	// time and always answers the same.
	Columns() []Column

	// Rows iterates over the rows below the header, in their order. Each row
	// is paired with nil; if reading fails, or ctx ends, the last pair is a
	// zero Row and the error; then the iteration ends. The Row and its cells
	// are valid until the next step only: a consumer that keeps them clones
	// them. Leaving the loop early is allowed and releases whatever the
	// iterator holds. Rows may be called again after an iteration has ended,
	// but never during one.
	Rows(ctx context.Context) iter.Seq2[Row, error]
}

// A Column is one column of a [Source].
type Column struct {
	Name string // the header as the user wrote it, without surrounding blanks
	Ref  string // the letters of a sheet's column ("C"); empty where there are none
}

// A Row is one record of a source.
type Row struct {
	Origin Origin
	Cells  []Cell // parallel to the columns; never longer, missing ones are empty

	// Lists and Problems may be kept.
	Lists []List // of the cells that are lists
	// Problems are those that the source itself has with the row: values that
	// contradict each other, say. One of severity [Refused] refuses the row.
	Problems []Problem
	// Mark is the source's own note of the version of the row that was read;
	// it comes back with [Importer.Taken]. Most sources have none.
	Mark string
}

// A List says where the elements of a [ListCell] come from: each is a row of
// another sheet, and its keys are columns there.
type List struct {
	Cell    int               // index of the cell
	Rows    []Origin          // of the elements, without a column
	Columns map[string]string // letters of the column, by key
}

// origin returns where a place inside of the list comes from: "[1].dateStyle" is a
// cell. What concerns no single element comes from the last one.
func (l List) origin(inside string) (Origin, bool) {
	if len(l.Rows) == 0 {
		return Origin{}, false
	}
	number, key, ok := strings.Cut(strings.TrimPrefix(inside, "["), "]")
	i, err := strconv.Atoi(number)
	if !ok || err != nil || i < 0 || i >= len(l.Rows) {
		return l.Rows[len(l.Rows)-1], true
	}
	at := l.Rows[i]
	key, _, _ = strings.Cut(strings.TrimPrefix(key, "."), ".")
	at.Column = l.Columns[strings.TrimRight(key, "[0123456789]")]
	return at, true
}

// An Origin says where a row or a problem comes from, in the user's terms.
// The zero value of a member means that it is unknown or does not apply.
type Origin struct {
	File   string // base name of the file, or the name of the database
	Sheet  string // name of the sheet; empty for CSV
	Row    int    // number of the row as a spreadsheet shows it, from 1
	Column string // letters of the column
	Key    string // what finds the row in a database: "member_id=4711"
}

// Cell returns the address of the cell as spreadsheets write it: "Members!C17"
// in a sheet, "C17" in a CSV file, "" when row or column is unknown.
func (o Origin) Cell() string {
	if o.Row == 0 || o.Column == "" {
		return ""
	}
	if o.Sheet == "" {
		return fmt.Sprintf("%s%d", o.Column, o.Row)
	}
	return fmt.Sprintf("%s!%s%d", o.Sheet, o.Column, o.Row)
}

// String returns the most exact address that is known, for messages:
// "members.xlsx, Members!C17", "members.csv, row 17", "members.csv",
// "members.db, row 17 (member_id=4711)".
func (o Origin) String() string {
	place := o.Cell()
	if place == "" && o.Row > 0 {
		place = fmt.Sprintf("row %d", o.Row)
		if o.Sheet != "" {
			place = fmt.Sprintf("%s, row %d", o.Sheet, o.Row)
		}
	}
	if o.Key != "" { // rows of a database have no numbers but those of this reading
		place = strings.TrimPrefix(fmt.Sprintf("%s (%s)", place, o.Key), " ")
	}
	if place == "" {
		place = o.Sheet
	}
	switch {
	case o.File == "":
		return place
	case place == "":
		return o.File
	}
	return o.File + ", " + place
}

// A Cell is one value of a row, as the source has it.
type Cell struct {
	// Text is the value as a person sees it in the sheet: "00042",
	// "31.12.2026", "1,234.50 €".
	Text string
	// Raw is the stored value where it is more exact than Text: the decimal
	// digits of a number ("1234.5", never in scientific notation), the local
	// date and time of a date ("2006-01-02T15:04:05"), followed by its offset
	// from UTC where the source knows the very point in time
	// ("2006-01-02T15:04:05+02:00"), "true" or "false". It is empty for text.
	Raw  string
	Kind CellKind
}

// A CellKind says what a source stores in a cell.
type CellKind uint8

// The kinds of cells. All cells of a CSV file are text or empty.
const (
	EmptyCell CellKind = iota
	TextCell
	NumberCell
	DateCell
	BoolCell
	ErrorCell // a formula's error, such as #DIV/0!, or a database's NaN, in Text
	ListCell  // a list that the source has put together and checked, as JSON in Text
)
