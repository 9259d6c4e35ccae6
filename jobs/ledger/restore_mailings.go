package ledger

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"passmill/jobs/connect"
)

// mailingsVersion is the version of the schema from which on there are mailings.
const mailingsVersion = 11

// doubtMailings lets nothing be sent that may have been sent after the backup: what
// waited is in doubt, and every mailing is paused until a person has looked.
func doubtMailings(ctx context.Context, db *sqlx.DB, version int64) error {
	if version < mailingsVersion {
		return nil
	}
	const (
		doubt = `UPDATE deliveries SET state = 'in_doubt', answer = 'waited when the backup was made' WHERE state IN ('waiting', 'trying')`
		pause = `UPDATE mailings SET state = 'paused'`
	)
	for _, query := range []string{doubt, pause} {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return fmt.Errorf("put the mails that waited in doubt: %w", err)
		}
	}
	return nil
}

// doubtFile does that in a SQLite file that nobody else has open.
func doubtFile(ctx context.Context, path string, version int64) error {
	db, err := sqlx.Open("sqlite", connect.SQLite(path))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := doubtMailings(ctx, db, version); err != nil {
		return err
	}
	const leave = `PRAGMA journal_mode = DELETE` // all of it in the one file
	_, err = db.ExecContext(ctx, leave)
	return err
}
