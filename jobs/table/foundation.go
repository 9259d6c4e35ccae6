package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Foundation is a row of pass_foundation: a kind of pass from a date on.
type Foundation struct {
	TypeID     string
	ActiveFrom time.Time
	Stationery string // the template's folder
	OutputName string
}

// Pattern returns the pattern of file names: the output name itself if it has
// braces, else a file of that name in a folder for each serial number.
func (f Foundation) Pattern() string {
	if strings.ContainsAny(f.OutputName, "{}") {
		return f.OutputName
	}
	return "{serial}/" + strings.TrimSuffix(f.OutputName, ".pkpass") + ".pkpass"
}

// foundation returns the row that is in force for a pass type; if that is empty,
// for the only one that there is.
func (d *database) foundation(ctx context.Context, typeID string, now time.Time) (Foundation, error) {
	all, err := d.foundations(ctx)
	if err != nil {
		return Foundation{}, fmt.Errorf("read pass_foundation: %w", err)
	}
	var types []string
	for _, f := range all {
		types = append(types, f.TypeID)
	}
	slices.Sort(types)
	types = slices.Compact(types)
	switch {
	case len(types) == 0:
		return Foundation{}, errors.New("pass_foundation is empty; insert a row with the pass type, the date from which it holds, and the template's folder")
	case typeID == "" && len(types) > 1:
		return Foundation{}, fmt.Errorf("pass_foundation has several pass types (%s), and without the certificate nobody knows which is meant", strings.Join(types, ", "))
	case typeID == "":
		typeID = types[0]
	case !slices.Contains(types, typeID):
		return Foundation{}, fmt.Errorf("pass_foundation has no row for %s, the pass type of the certificate (there are %s)", typeID, strings.Join(types, ", "))
	}
	return inForce(all, typeID, now)
}

// inForce returns the newest row of a pass type whose date has come.
func inForce(all []Foundation, typeID string, now time.Time) (Foundation, error) {
	var best Foundation
	var dates []string
	for _, f := range all {
		if f.TypeID != typeID {
			continue
		}
		dates = append(dates, f.ActiveFrom.UTC().Format("2006-01-02 15:04"))
		if !f.ActiveFrom.After(now) && (best.TypeID == "" || f.ActiveFrom.After(best.ActiveFrom)) {
			best = f
		}
	}
	if best.TypeID == "" {
		slices.Sort(dates)
		return best, fmt.Errorf("no row of pass_foundation for %s is in force yet: active_from is %s (UTC)", typeID, strings.Join(dates, ", "))
	}
	return best, nil
}

func (d *database) foundations(ctx context.Context) (all []Foundation, err error) {
	query := "SELECT pass_type_identifier, +active_from, stationery_folder_path, output_name FROM pass_foundation"
	if d.postgres {
		query = "SELECT pass_type_identifier, active_from::text, stationery_folder_path, output_name FROM pass_foundation"
	}
	rows, err := d.pool.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f Foundation
		var from string
		if err := rows.Scan(&f.TypeID, &from, &f.Stationery, &f.OutputName); err != nil {
			return nil, err
		}
		if f.ActiveFrom, err = parseTime(from); err != nil {
			return nil, fmt.Errorf("active_from of a row for %s is not a date; write it as 2026-12-31 18:00:00, in UTC", f.TypeID)
		}
		all = append(all, f)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

// parseTime reads a time in one of the forms of databases, without a zone in UTC.
func parseTime(text string) (t time.Time, err error) {
	for _, form := range slices.Concat(zonedForms, localForms) {
		if t, err = time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	return t, err
}
