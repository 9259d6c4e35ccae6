package sheet

import (
	"context"
	"fmt"
	"strings"

	"passmill/jobs"
)

// Names of the sheets with which a workbook is a whole job, compared without
// regard to case.
const (
	JobSheet    = "Job"    // keys and values
	PassesSheet = "Passes" // a row for each pass
	FieldsSheet = "Fields" // what stands in lists of pass fields
)

// maxSettings is how many rows a sheet with the keys of a job may have: more are
// the rows of something else.
const maxSettings = 1000

// Settings reads the sheet with the keys of a job: keys in its first column,
// values in the second, and notes in the others. A first row with the words Key
// and Value is a header. ok is false if the book has no such sheet.
func (b *Book) Settings(ctx context.Context) (settings []jobs.Setting, at jobs.Origin, ok bool, err error) {
	name, ok := b.Sheet(JobSheet)
	if !ok {
		return nil, at, false, nil
	}
	at = jobs.Origin{File: b.base, Sheet: name}
	first := true
	for row, err := range b.Cells(ctx, name) {
		if err != nil {
			return nil, at, true, err
		}
		s := setting(row)
		if first && isWord(s.Key, "key") && isWord(s.Value.Text, "value") {
			first = false
			continue
		}
		first = false
		if settings = append(settings, s); len(settings) > maxSettings {
			return nil, at, true, fmt.Errorf("sheet %q of %s has more than %d rows, which is no list of keys and values; give the sheet another name, or remove what is no key",
				name, b.base, maxSettings)
		}
	}
	return settings, at, true, nil
}

func setting(row jobs.Row) jobs.Setting {
	s := jobs.Setting{KeyAt: row.Origin, ValueAt: row.Origin}
	s.KeyAt.Column, s.ValueAt.Column = "A", "B"
	if len(row.Cells) > 0 {
		s.Key = row.Cells[0].Text
	}
	if len(row.Cells) > 1 {
		s.Value = row.Cells[1]
	}
	return s
}

func isWord(text, word string) bool { return strings.EqualFold(strings.TrimSpace(text), word) }
