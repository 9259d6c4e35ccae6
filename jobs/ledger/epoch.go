package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jmoiron/sqlx"

	"passmill/jobs/connect"
)

// newEpoch begins an epoch of change numbers. A ledger of a schema that knows of none
// is left as it is: the migration that brings them begins one.
func (d *DB) newEpoch(ctx context.Context) error {
	const (
		inSQLite   = `SELECT COUNT(*) FROM pragma_table_info('change_counter') WHERE name = 'epoch'`
		inPostgres = `
			SELECT COUNT(*)
			FROM information_schema.columns
			WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'change_counter' AND column_name = 'epoch'`
		update = `UPDATE change_counter SET epoch = ?`
	)
	exists := inSQLite
	if d.dialect == postgres {
		exists = inPostgres
	}
	var n int
	if err := d.get(ctx, &n, exists); err != nil || n == 0 {
		return err
	}
	epoch := make([]byte, 4)
	rand.Read(epoch)
	return d.again(ctx, "epoch", func() error {
		_, err := d.read.ExecContext(ctx, d.dialect.sql(update), hex.EncodeToString(epoch))
		return err
	})
}

// newEpochIn begins an epoch in a SQLite file that nobody else uses, and leaves nothing
// beside it.
func newEpochIn(ctx context.Context, name string) (err error) {
	db, err := sqlx.Open("sqlite", connect.SQLite(name, "_pragma=synchronous(FULL)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	d := &DB{dialect: sqlite, read: db, log: slog.New(slog.DiscardHandler)}
	if err := d.newEpoch(ctx); err != nil {
		return fmt.Errorf("begin an epoch of change numbers: %w", err)
	}
	return nil
}
