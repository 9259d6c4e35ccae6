package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// errLogInUse means that somebody reads the ledger as it was before.
var errLogInUse = errors.New("its log still holds what was deleted, since somebody reads it (a run, a backup); do this again when that has ended")

var insertErased = bulk{
	head: `INSERT INTO erased (hash, kind, receipt, at)`,
	row:  `(?, ?, ?, ?)`,
	tail: ` ON CONFLICT (hash) DO NOTHING`,
}

func (t *tx) keepErased(ctx context.Context, hashes []ErasedHash) error {
	return t.insert(ctx, insertErased, len(hashes), func(dst []any, i int) []any {
		h := &hashes[i]
		return append(dst, h.Hash[:], h.Kind, h.Receipt, millis(h.At))
	}, nil)
}

// Erased returns all that is known of who was erased, oldest first.
func (d *DB) Erased(ctx context.Context) ([]ErasedHash, error) {
	const query = `SELECT hash, kind, receipt, at FROM erased ORDER BY at, hash`
	var list []ErasedHash
	err := d.query(ctx, func(rows *sql.Rows) error {
		var h ErasedHash
		var at int64
		var raw sql.RawBytes
		if err := rows.Scan(&raw, &h.Kind, &h.Receipt, &at); err != nil {
			return err
		}
		h.At = fromMillis(at)
		err := scanHash(h.Hash[:], []byte(raw))
		list = append(list, h)
		return err
	}, query)
	if err != nil {
		return nil, fmt.Errorf("list who was erased: %w", err)
	}
	return list, nil
}

// WasErased reports whether one of the hashes is of somebody who was erased.
func (d *DB) WasErased(ctx context.Context, hashes ...[32]byte) (erased bool, err error) {
	const query = `SELECT 1 FROM erased WHERE hash IN (` + listMark + `)`
	args := make([][]byte, len(hashes))
	for i := range hashes {
		args[i] = hashes[i][:]
	}
	for query, list := range lists(query, args) {
		err := d.again(ctx, "erased", func() error {
			return d.query(ctx, func(*sql.Rows) error {
				erased = true
				return nil
			}, query, list...)
		})
		if err != nil {
			return false, fmt.Errorf("look who was erased: %w", err)
		}
	}
	return erased, nil
}

// LiftErased lets come back who was erased under the receipts; [DB.Erased] says which
// hashes those are.
func (d *DB) LiftErased(ctx context.Context, receipts ...string) error {
	const query = `DELETE FROM erased WHERE receipt IN (` + listMark + `)`
	err := d.write(ctx, stepErase, func(t *tx) error {
		_, err := execList(ctx, t, query, receipts)
		return err
	})
	if err != nil {
		return fmt.Errorf("let somebody come back who was erased: %w", err)
	}
	return nil
}

// PendingSink is a sink of a job from which files are still to go, or in which bundles
// are to be made again.
type PendingSink struct {
	Job  string `db:"job"` // "" for files of no job
	Sink string `db:"sink"`
}

// PendingSinks returns all of them.
func (d *DB) PendingSinks(ctx context.Context) ([]PendingSink, error) {
	const query = `
		SELECT job, sink FROM bundles WHERE state = 'dirty'
		UNION
		SELECT '' AS job, sink FROM leftovers
		ORDER BY 1 DESC, 2`
	var list []PendingSink
	if err := d.list(ctx, &list, query); err != nil {
		return nil, fmt.Errorf("list outputs that are to be tidied: %w", err)
	}
	return list, nil
}

// Scrub overwrites what was deleted: nothing of it is left in the file of a SQLite
// ledger, nor in its log. PostgreSQL gives its pages back only when they are written
// anew, so its tables are.
func (d *DB) Scrub(ctx context.Context) error {
	if d.dialect == postgres {
		const anew = `VACUUM FULL rows, passes, problems, artefacts, leftovers, deliveries, links, images, phone_log, registrations, devices, subscriptions, bundle_parts, bundles`
		if _, err := d.read.ExecContext(ctx, anew); err != nil {
			return fmt.Errorf("write the tables anew: %w", err)
		}
		return nil
	}
	if err := d.scrubFile(ctx); err != nil {
		return fmt.Errorf("write the ledger's file anew: %w", err)
	}
	return nil
}

func (d *DB) scrubFile(ctx context.Context) error {
	select {
	case d.solo.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.solo.turn }()
	d.solo.drop() // the one connection
	return d.again(ctx, "scrub", func() error {
		if _, err := d.solo.db.ExecContext(ctx, `VACUUM`); err != nil {
			return err
		}
		return d.emptyLog(ctx)
	})
}

// emptyLog takes the log of a SQLite file into it, and cuts it to nothing; that waits
// for those who read an older state.
func (d *DB) emptyLog(ctx context.Context) error {
	const query = `PRAGMA wal_checkpoint(TRUNCATE)`
	var busy, log, done int
	if err := d.solo.db.QueryRowContext(ctx, query).Scan(&busy, &log, &done); err != nil {
		return err
	}
	if busy != 0 {
		return errLogInUse
	}
	return nil
}
