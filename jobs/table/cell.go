package table

import (
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"passmill/jobs"
)

// raw returns the expression for a column: PostgreSQL gives its own text of each
// value, from which nothing is lost; SQLite the value as it is stored, which the
// driver leaves alone where it doesn't see the column's type.
func (q *Query) raw(i int) string {
	name, kind := "q."+quoteName(q.columns[i].name), q.columns[i].kind
	switch {
	case !q.db.postgres:
		return "+" + name
	case kind == "MONEY": // its text depends on the server's language
		return name + "::numeric::text"
	case strings.HasPrefix(kind, "_"): // an array
		return "TO_JSON(" + name + ")::text"
	}
	return name + "::text"
}

// cells scan one row after the other.
type cells struct {
	q     *Query
	same  int // 1 if the row has the key of the one before it
	dest  []any
	texts []sql.NullString // PostgreSQL: the key and the columns
	any   []any            // SQLite: the same
}

func (q *Query) newCells() *cells {
	n := len(q.columns) + 1
	c := &cells{q: q, texts: make([]sql.NullString, n), any: make([]any, n)}
	for i := range n {
		if q.db.postgres {
			c.dest = append(c.dest, &c.texts[i])
		} else {
			c.dest = append(c.dest, &c.any[i])
		}
		if i == 0 {
			c.dest = append(c.dest, &c.same)
		}
	}
	return c
}

// key returns the key of the row, as it goes back to the database; nil if it is
// NULL.
func (c *cells) key() any {
	switch {
	case !c.q.db.postgres:
		return c.any[0]
	case c.texts[0].Valid:
		return c.texts[0].String
	}
	return nil
}

// row returns the row that was scanned.
func (c *cells) row(at jobs.Origin) jobs.Row {
	row := jobs.Row{Origin: at, Cells: make([]jobs.Cell, len(c.q.columns))}
	for i, column := range c.q.columns {
		switch {
		case !c.q.db.postgres:
			row.Cells[i] = storedCell(c.any[i+1], column.kind, c.q.zone)
		case c.texts[i+1].Valid:
			row.Cells[i] = postgresCell(c.texts[i+1].String, column.kind, c.q.zone)
		}
	}
	return row
}

// postgresCell returns the cell for PostgreSQL's text of a value.
func postgresCell(text, kind string, zone *time.Location) jobs.Cell {
	switch kind {
	case "INT2", "INT4", "INT8", "NUMERIC", "MONEY":
		return numberCell(text)
	case "FLOAT4", "FLOAT8":
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return floatCell(f)
		}
	case "BOOL":
		return jobs.Cell{Text: text, Raw: text, Kind: jobs.BoolCell}
	case "DATE", "TIMESTAMP", "TIMESTAMPTZ":
		return dateCell(text, zone)
	}
	return jobs.Cell{Text: text, Kind: jobs.TextCell}
}

// storedCell returns the cell for a value as SQLite stores it. The column's type
// says no more than what was meant.
func storedCell(value any, kind string, zone *time.Location) jobs.Cell {
	switch v := value.(type) {
	case nil:
		return jobs.Cell{}
	case int64:
		if strings.HasPrefix(kind, "BOOL") && (v == 0 || v == 1) {
			text := strconv.FormatBool(v == 1)
			return jobs.Cell{Text: text, Raw: text, Kind: jobs.BoolCell}
		}
		return numberCell(strconv.FormatInt(v, 10))
	case float64:
		return floatCell(v)
	case []byte:
		return jobs.Cell{Text: "binary data", Kind: jobs.ErrorCell}
	}
	text := fmt.Sprint(value)
	if strings.HasPrefix(kind, "DATE") || strings.HasPrefix(kind, "TIMESTAMP") {
		return dateCell(text, zone)
	}
	return jobs.Cell{Text: text, Kind: jobs.TextCell}
}

func floatCell(f float64) jobs.Cell {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return jobs.Cell{Text: map[bool]string{true: "NaN", false: "Infinity"}[math.IsNaN(f)], Kind: jobs.ErrorCell}
	}
	return numberCell(strconv.FormatFloat(f, 'f', -1, 64))
}

func numberCell(digits string) jobs.Cell {
	if strings.Trim(digits, "-0123456789.") != "" { // numeric knows them too
		return jobs.Cell{Text: digits, Kind: jobs.ErrorCell}
	}
	return jobs.Cell{Text: digits, Raw: digits, Kind: jobs.NumberCell}
}

// The forms in which databases write dates: with a zone, and without.
var (
	zonedForms = []string{"2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07:00:00", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00"}
	localForms = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"}
)

// rawDate is the form of [jobs.Cell]'s Raw.
const rawDate = "2006-01-02T15:04:05"

// dateCell returns the cell of a date in one of the forms. What is in none of
// them ("infinity", a year before Christ) is text.
func dateCell(text string, zone *time.Location) jobs.Cell {
	if len(text) > len("2006-01-02 15:04") && strings.ContainsAny(text[len("2006-01-02 15:04"):], "Zz+-") {
		for _, form := range zonedForms {
			if t, err := time.Parse(form, text); err == nil {
				t = t.In(zone)
				return jobs.Cell{Text: shownTime(t), Raw: t.Format(rawDate + "-07:00"), Kind: jobs.DateCell}
			}
		}
		return jobs.Cell{Text: text, Kind: jobs.TextCell}
	}
	for _, form := range localForms {
		t, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		shown := shownTime(t)
		if form == time.DateOnly {
			shown = text
		}
		return jobs.Cell{Text: shown, Raw: t.Format(rawDate), Kind: jobs.DateCell}
	}
	return jobs.Cell{Text: text, Kind: jobs.TextCell}
}

// shownTime leaves out seconds where there are none.
func shownTime(t time.Time) string {
	if t.Second() == 0 {
		return t.Format("2006-01-02 15:04")
	}
	return t.Format("2006-01-02 15:04:05")
}
