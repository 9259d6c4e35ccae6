package ledger

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations run in order of number, each in one transaction, and are never
// edited after a release.
//
//go:embed migrations
var migrations embed.FS

// Errors about the version of the schema.
var (
	// ErrPending means that a schema is older than the program, and may not be
	// upgraded by the way.
	ErrPending = errors.New("the schema of the ledger is older than this program")
	// ErrNewer means that a schema is newer than the program.
	ErrNewer = errors.New("the schema of the ledger is newer than this program")
)

// Migrate brings the schema of the ledger at dsn to the version that this
// program needs, and returns the versions before and after. Of several processes
// that try at once, one does it. A SQLite file that held an older schema is
// copied first.
func Migrate(ctx context.Context, dsn string) (from, to int64, err error) {
	return migrate(ctx, dsn, migrations)
}

func migrate(ctx context.Context, dsn string, scripts fs.FS) (from, to int64, err error) {
	db, err := dial(ctx, dsn, Options{patient: true})
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	return db.migrate(ctx, scripts, true)
}

// migrate applies what is pending. An existing schema is only touched if it may
// be upgraded.
func (d *DB) migrate(ctx context.Context, scripts fs.FS, upgrade bool) (from, to int64, err error) {
	provider, err := d.provider(scripts)
	if err != nil {
		return 0, 0, err
	}
	sources := provider.ListSources()
	to = sources[len(sources)-1].Version
	from, err = d.compare(ctx, to, upgrade)
	if err != nil || from == to {
		return from, to, err
	}
	unlock, err := d.lockSchema(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer unlock()
	from, err = d.compare(ctx, to, upgrade) // another process may have been first
	if err != nil || from == to {
		return from, to, err
	}
	if from > 0 && d.dialect == sqlite {
		if err := d.backup(ctx, from+1); err != nil {
			return 0, 0, err
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return 0, 0, fmt.Errorf("migrate the ledger from version %d to %d: %w", from, to, err)
	}
	d.log.InfoContext(ctx, "ledger migrated", "from", from, "to", to)
	return from, to, nil
}

func (d *DB) provider(scripts fs.FS) (*goose.Provider, error) {
	folder, err := fs.Sub(scripts, "migrations/"+d.dialect.folder())
	if err != nil {
		return nil, err
	}
	if d.dialect == postgres {
		return goose.NewProvider(goose.DialectPostgres, d.read.DB, folder)
	}
	return goose.NewProvider(goose.DialectSQLite3, d.solo.db.DB, folder)
}

// compare returns the version of the schema, 0 if there is none, and an error
// if this program can't work with it.
func (d *DB) compare(ctx context.Context, want int64, upgrade bool) (int64, error) {
	have, err := d.version(ctx)
	switch {
	case err != nil:
		return 0, fmt.Errorf("read the version of the ledger: %w", err)
	case have > want:
		return have, fmt.Errorf("%w: version %d, and this program knows %d\nuse the program that wrote it, or a newer one", ErrNewer, have, want)
	case have > 0 && have < want && !upgrade:
		if empty, err := d.empty(ctx); err != nil || empty {
			return have, err // nothing is lost by going on with a fill that was interrupted
		}
		return have, fmt.Errorf("%w: version %d, and this program needs %d\nrun: passmill migrate", ErrPending, have, want)
	}
	return have, nil
}

// empty reports whether nothing was ever kept in the ledger.
func (d *DB) empty(ctx context.Context) (bool, error) {
	const query = `
		SELECT CASE WHEN EXISTS (SELECT 1 FROM runs) OR EXISTS (SELECT 1 FROM templates) OR EXISTS (SELECT 1 FROM certificates) THEN 0 ELSE 1 END`
	var n int
	err := d.read.GetContext(ctx, &n, query)
	return n == 1, err
}

func (d *DB) version(ctx context.Context) (int64, error) {
	const (
		inSQLite   = `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'`
		inPostgres = `SELECT COUNT(*) FROM pg_tables WHERE schemaname = CURRENT_SCHEMA() AND tablename = 'goose_db_version'`
		newest     = `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`
	)
	exists := inSQLite
	if d.dialect == postgres {
		exists = inPostgres
	}
	var n, version int64
	if err := d.read.GetContext(ctx, &n, exists); err != nil || n == 0 {
		return 0, err
	}
	err := d.read.GetContext(ctx, &version, newest)
	return version, err
}

// lockSchema keeps other processes from migrating at the same time.
func (d *DB) lockSchema(ctx context.Context) (unlock func() error, err error) {
	if d.dialect == sqlite {
		return d.lockFile(ctx, d.path+".lock")
	}
	for {
		unlock, err := d.lockSession(ctx, "schema", "migrating")
		if unlock != nil || err != nil {
			return unlock, err
		}
		if err := pause(ctx, lockPause); err != nil {
			return nil, err
		}
	}
}
