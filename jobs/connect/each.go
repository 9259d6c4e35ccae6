package connect

import (
	"database/sql"
	"errors"
)

// Each takes what a query has answered and calls scan for every row. An answer that
// is cut short is an error, and the rows are closed in any case.
func Each(rows *sql.Rows, err error) func(scan func(*sql.Rows) error) error {
	return func(scan func(*sql.Rows) error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return errors.Join(rows.Err(), rows.Close())
	}
}
