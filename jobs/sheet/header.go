package sheet

import (
	"errors"
	"fmt"
	"strings"

	"passmill/jobs"
)

// columns makes the columns of what a scan has found: those with a name, and
// those with values.
func (w *workbook) columns(found *scanned, header int, n *notes) ([]jobs.Column, error) {
	if found.header == "" {
		return nil, noHeader(header, found.firstUsed)
	}
	names := make([]string, len(found.used))
	err := eachStored(found.header, func(c stored) error {
		var cell jobs.Cell
		if err := w.cell(c, &cell); err != nil {
			return err
		}
		if err := w.display.show(); err != nil {
			return err
		}
		names[c.col] = strings.TrimSpace(cell.Text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("header row %d: %w", header, err)
	}
	var list []jobs.Column
	w.index = make([]int, len(names))
	for col := range names {
		w.index[col] = -1
		if names[col] != "" || found.used[col] {
			w.index[col] = len(list)
			list = append(list, named(names[col], col, header, n))
		}
	}
	return list, duplicates(list, header)
}

// named returns the column with the name; its letters if it has none.
func named(name string, col, header int, n *notes) jobs.Column {
	c := jobs.Column{Name: name, Ref: letters(col)}
	if name == "" {
		c.Name = c.Ref
		n.add(looksWrong("unnamed-column", "a column has values but no name, so it is called by its letters",
			"give it a name, or empty it"), address(col, header))
	}
	return c
}

func noHeader(header, firstUsed int) error {
	if firstUsed == 0 {
		return errors.New("it is empty; put the names of the columns into its first row")
	}
	return fmt.Errorf("row %d should hold the names of the columns, and is empty; the first row with something in it is row %d: say so as the header row, or move the names",
		header, firstUsed)
}

func noRows() jobs.Problem {
	return looksWrong("no-rows", "there is no row below the header", "fill in the rows, or name the sheet or the header row that is meant")
}

// duplicates reports all columns whose names can't be told apart.
func duplicates(columns []jobs.Column, header int) error {
	var keys []string
	same := make(map[string][]string, len(columns))
	for _, c := range columns {
		key := jobs.FoldName(c.Name)
		if same[key] == nil {
			keys = append(keys, key)
		}
		same[key] = append(same[key], fmt.Sprintf("%s%d", c.Ref, header))
	}
	var errs []error
	for _, key := range keys {
		if cells := same[key]; len(cells) > 1 {
			last := len(cells) - 1
			errs = append(errs, fmt.Errorf("%s and %s name the same column; give each a name of its own", strings.Join(cells[:last], ", "), cells[last]))
		}
	}
	return errors.Join(errs...)
}
