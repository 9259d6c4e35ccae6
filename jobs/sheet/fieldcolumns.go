package sheet

import (
	"errors"
	"fmt"
	"slices"

	"passmill/jobs"
)

// firstOf returns the index of the column that has one of the names, or -1.
func firstOf(columns []jobs.Column, names ...string) int {
	for _, name := range names {
		i := slices.IndexFunc(columns, func(c jobs.Column) bool { return jobs.FoldName(c.Name) == jobs.FoldName(name) })
		if i >= 0 {
			return i
		}
	}
	return -1
}

// missingColumns reports all columns at once without which no field can be made.
func missingColumns(columns []jobs.Column, names map[string]string, value bool) error {
	headers := make([]string, len(columns))
	for i, c := range columns {
		headers[i] = c.Name
	}
	var errs []error
	need := func(name string, ok bool) {
		if ok {
			return
		}
		hint := ""
		if near := jobs.Nearest(name, headers); near != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		}
		errs = append(errs, fmt.Errorf("it has no column %s%s; a sheet of pass fields has serial, section, position, key, label and value", name, hint))
	}
	need("serial", names["serial"] != "")
	need("section", firstOf(columns, "section") >= 0)
	need("key", firstOf(columns, "key") >= 0)
	need("value", value || firstOf(columns, "attributedValue") >= 0)
	return errors.Join(errs...)
}

// unknownColumns says which columns are not used, and what may be meant.
func unknownColumns(columns []jobs.Column, at jobs.Origin, header int, serial string) (notes []jobs.Problem) {
	names := make([]string, len(fieldColumns))
	for i, f := range fieldColumns {
		names[i] = f.Name
	}
	for _, c := range columns {
		if slices.ContainsFunc(append(names, "serialNumber", serial), func(n string) bool { return jobs.FoldName(n) == jobs.FoldName(c.Name) }) {
			continue
		}
		p := looksWrong("unknown-column", "no key of a pass field is called like this column, so it is not used", "remove it, or give it the name of a key such as dateStyle")
		if near := jobs.Nearest(c.Name, names); near != "" {
			p.Fix = fmt.Sprintf("rename it if %s is meant", near)
		}
		p.Origin = jobs.Origin{File: at.File, Sheet: at.Sheet, Row: header, Column: c.Ref}
		notes = append(notes, p)
	}
	return notes
}
