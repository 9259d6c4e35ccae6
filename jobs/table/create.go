package table

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"passmill/jobs/connect"
)

//go:embed create/postgres.sql
var createPostgres string

//go:embed create/sqlite.sql
var createSQLite string

// Script returns the statements that make the four classic tables in the kind of
// database that dsn names.
func Script(dsn string) string {
	if connect.IsPostgres(dsn) {
		return createPostgres
	}
	return createSQLite
}

// Create makes those of the four classic tables that the database does not have,
// and leaves the others as they are. A new SQLite file is made. It returns the
// short name of the database. A table that is there already and lacks a column
// is an error that says what to add.
func Create(ctx context.Context, dsn string) (name string, err error) {
	db, err := open(ctx, dsn, toCreate)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	err = again(ctx, func() error {
		tx, err := db.pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // it does nothing after Commit
		if _, err := tx.ExecContext(ctx, Script(dsn)); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err != nil {
		return db.name, fmt.Errorf("make the tables in %s: %w", db.name, err)
	}
	return db.name, db.checkTables(ctx)
}

// classic are the four tables with the columns that we read or write.
var classic = []struct{ table, columns string }{
	{"pass_foundation", "pass_type_identifier active_from stationery_folder_path output_name"},
	{"pass_job", "pass_type_identifier serial_number completed updated made_for"},
	{"pass_job_field", "pass_type_identifier serial_number name value"},
	{"pass_job_dictionary", "pass_type_identifier serial_number section position key label value change_message attributes"},
}

// checkTables reports every table and column that the database lacks.
func (d *database) checkTables(ctx context.Context) error {
	var errs []error
	for _, t := range classic {
		for column := range strings.FieldsSeq(t.columns) {
			query := "SELECT " + t.table + "." + column + " FROM " + t.table + " LIMIT 0"
			rows, err := d.pool.QueryContext(ctx, query)
			if err == nil {
				err = errors.Join(rows.Err(), rows.Close())
			}
			if err == nil {
				continue
			}
			if connect.Passing(err) || ctx.Err() != nil {
				return err
			}
			errs = append(errs, fmt.Errorf("read %s.%s: %w", t.table, column, err))
			if column == "pass_type_identifier" {
				break // the table itself is missing
			}
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("database %s has not the four classic tables as they should be; `passmill tables create` makes those that are missing, and with --print shows them:\n%w", d.name, errors.Join(errs...))
}
