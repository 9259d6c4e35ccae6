package ledger

import (
	"context"
	"io/fs"

	"passmill/jobs/connect"
)

// OpenWith and MigrateWith are Open and Migrate with other migrations, to stand
// for older and newer programs.
func OpenWith(ctx context.Context, dsn string, o Options, scripts fs.FS) (*DB, error) {
	return open(ctx, dsn, o, scripts)
}

func MigrateWith(ctx context.Context, dsn string, scripts fs.FS) (from, to int64, err error) {
	return migrate(ctx, dsn, scripts)
}

// Migrations are the real ones.
var Migrations = migrations

// PostgresMode returns the sslmode that a URL ends up with.
func PostgresMode(dsn string) (string, error) {
	cfg, err := connect.Postgres(dsn, settings)
	return string(cfg.SSLMode), err
}

// LimitPages limits the size of a SQLite file, as a full disk would.
func LimitPages(ctx context.Context, d *DB, pages string) error {
	return d.write(ctx, stepFinish, func(t *tx) error {
		_, err := t.ExecContext(ctx, "PRAGMA max_page_count = "+pages)
		return err
	})
}

// SetProgramFolders changes where PostgreSQL's programs are looked for, besides the
// path, until undo is called.
func SetProgramFolders(pattern string) (undo func()) {
	old := programFolders
	programFolders = pattern
	return func() { programFolders = old }
}
