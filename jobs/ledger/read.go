package ledger

import (
	"context"
	"database/sql"
	"errors"

	"passmill/jobs"
	"passmill/jobs/connect"
)

// query reads outside of transactions and calls scan for every row. It doesn't
// try again if the connection breaks: scan may have been called.
func (d *DB) query(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	if d.dialect == postgres {
		return connect.Each(d.read.QueryContext(ctx, d.dialect.sql(query), args...))(scan)
	}
	stmt, err := d.prepared(ctx, d.dialect.sql(query))
	if err != nil {
		return err
	}
	return connect.Each(stmt.QueryContext(ctx, args...))(scan)
}

// get reads one row into dest, and again if the connection breaks. No row is
// [jobs.ErrNotFound].
func (d *DB) get(ctx context.Context, dest any, query string, args ...any) error {
	return d.again(ctx, "read", func() error {
		err := d.read.GetContext(ctx, dest, d.dialect.sql(query), args...)
		if errors.Is(err, sql.ErrNoRows) {
			return jobs.ErrNotFound
		}
		return err
	})
}

// list reads rows into dest, and again if the connection breaks.
func (d *DB) list(ctx context.Context, dest any, query string, args ...any) error {
	return d.again(ctx, "read", func() error {
		return d.read.SelectContext(ctx, dest, d.dialect.sql(query), args...)
	})
}

// prepared returns a statement that is prepared once for all readers.
func (d *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if stmt, ok := d.reads[query]; ok {
		return stmt, nil
	}
	stmt, err := d.read.PrepareContext(ctx, query)
	if err == nil {
		d.reads[query] = stmt
	}
	return stmt, err
}
