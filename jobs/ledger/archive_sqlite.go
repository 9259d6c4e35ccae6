package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"

	"passmill/jobs/connect"
)

// ErrNoBackup means that a file is no backup of a ledger of this kind, or a
// damaged one.
var ErrNoBackup = errors.New("no whole backup of a ledger")

// sqliteHead is how each SQLite file begins.
const sqliteHead = "SQLite format 3\x00"

// A sqliteArchiver copies SQLite files.
type sqliteArchiver struct{ db *DB }

func (a *sqliteArchiver) dump(ctx context.Context, name string) error {
	const copyInto = `VACUUM INTO ?` // an empty file may be there
	_, err := a.db.solo.db.ExecContext(ctx, copyInto, name)
	return err
}

func (a *sqliteArchiver) inspect(ctx context.Context, name string, w io.Writer) (info BackupInfo, err error) {
	file, err := os.Open(name)
	if err != nil {
		return info, err
	}
	defer file.Close()
	var head bytes.Buffer
	if _, err := io.CopyN(&head, file, int64(len(sqliteHead))); err != nil || head.String() != sqliteHead {
		return info, fmt.Errorf("%s: %w: it is no SQLite file", name, ErrNoBackup)
	}
	if info.Size, err = io.Copy(w, io.MultiReader(&head, file)); err != nil {
		return info, err
	}
	if err := inspectSQLite(ctx, name, &info); err != nil {
		return info, fmt.Errorf("%s: %w", name, err)
	}
	return info, nil
}

// inspectSQLite opens a file that nobody changes, without leaving a trace beside
// it.
func inspectSQLite(ctx context.Context, name string, info *BackupInfo) error {
	name, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	db, err := sqlx.Open("sqlite", connect.SQLite(name, "mode=ro", "immutable=1", "_query_only=1"))
	if err != nil {
		return err
	}
	defer db.Close()
	var faults []string
	if err := db.SelectContext(ctx, &faults, `PRAGMA integrity_check(1)`); err != nil {
		return fmt.Errorf("%w: SQLite can't read it: %w", ErrNoBackup, err)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return fmt.Errorf("%w: SQLite finds it damaged: %s", ErrNoBackup, strings.Join(faults, "; "))
	}
	look := &DB{dialect: sqlite, read: db}
	if info.Version, err = look.version(ctx); err != nil {
		return err
	}
	if info.Version == 0 {
		return fmt.Errorf("%w: it is another program's SQLite file", ErrNoBackup)
	}
	info.Keys, err = look.countKeys(ctx)
	return err
}

// countKeys counts the private keys of a ledger of any version.
func (d *DB) countKeys(ctx context.Context) (int, error) {
	const (
		inSQLite   = `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'certificate_keys'`
		inPostgres = `SELECT COUNT(*) FROM pg_tables WHERE schemaname = CURRENT_SCHEMA() AND tablename = 'certificate_keys'`
		sealed     = `SELECT sealed FROM certificate_keys`
	)
	exists := inSQLite
	if d.dialect == postgres {
		exists = inPostgres
	}
	var n int
	if err := d.read.GetContext(ctx, &n, exists); err != nil || n == 0 {
		return 0, err
	}
	var keys [][]byte
	if err := d.read.SelectContext(ctx, &keys, sealed); err != nil {
		return 0, err
	}
	return sealedKeys(keys)
}
