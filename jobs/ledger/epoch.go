package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"passmill/jobs/connect"
)

// newEpoch begins an epoch of change numbers, after a restore. Devices may hold versions
// that this ledger never knew: all are to hear of all their passes, which get dates
// that no version had before. A ledger of a schema that knows of no epochs is left as it
// is: it knows of no devices either, and the migration that brings both begins one.
func (d *DB) newEpoch(ctx context.Context) error {
	const (
		inSQLite   = `SELECT COUNT(*) FROM pragma_table_info('change_counter') WHERE name = 'epoch'`
		inPostgres = `
			SELECT COUNT(*)
			FROM information_schema.columns
			WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'change_counter' AND column_name = 'epoch'`
		begin = `UPDATE change_counter SET epoch = ?`
		date  = `UPDATE passes SET modified = CASE WHEN modified < ? THEN ? ELSE modified + 1000 END`
		tell  = `
			UPDATE subscriptions
			SET told = 0, tries = 0, due = ?, wanted = COALESCE((
				SELECT MAX(p.change_number)
				FROM registrations r
				JOIN passes p ON p.id = r.pass_id
				WHERE r.device_id = subscriptions.device_id AND p.type_id = subscriptions.type_id
			), 0)`
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
	now := millis(d.now())
	second := now/1000*1000 + 1000
	return d.again(ctx, "epoch", func() error {
		tx, err := d.read.BeginTxx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after a commit
		for query, args := range map[string][]any{begin: {hex.EncodeToString(epoch)}, date: {second, second}, tell: {now}} {
			if _, err := tx.ExecContext(ctx, d.dialect.sql(query), args...); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
}

// newEpochIn begins an epoch in a SQLite file that nobody else uses, and leaves nothing
// beside it.
func newEpochIn(ctx context.Context, name string, now func() time.Time) (err error) {
	db, err := sqlx.Open("sqlite", connect.SQLite(name, "_pragma=synchronous(FULL)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	d := &DB{dialect: sqlite, read: db, now: now, log: slog.New(slog.DiscardHandler)}
	if err := d.newEpoch(ctx); err != nil {
		return fmt.Errorf("begin an epoch of change numbers: %w", err)
	}
	return nil
}
