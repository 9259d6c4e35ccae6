package ledger

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"passmill/jobs/connect"
)

// skipped are the lines of a dump's list that a restore does not need: the schema
// is there by then, and belongs to whom it belongs to.
var skipped = regexp.MustCompile(`^\d+; \d+ \d+ (SCHEMA|ACL|COMMENT|DEFAULT ACL) `)

func restorePostgres(ctx context.Context, dsn, name string, o RestoreOptions) (info RestoreInfo, err error) {
	db, err := dial(ctx, dsn, Options{patient: true, Now: o.Now})
	if err != nil {
		return info, err
	}
	defer db.Close()
	a := &postgresArchiver{db: db, dsn: dsn}
	if info.BackupInfo, err = a.inspect(ctx, name, io.Discard); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if err := info.known(postgres); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	unlock, err := db.lockSchema(ctx)
	if err != nil {
		return info, err
	}
	defer unlock()
	there, err := db.version(ctx)
	if err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if there > 0 && !o.Replace {
		return info, fmt.Errorf("restore to schema %s: %w", db.schema, fs.ErrExist)
	}
	if err := a.idle(ctx); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if err := a.restore(ctx, name); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if err := doubtMailings(ctx, db.read, info.Version); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if err := db.newEpoch(ctx); err != nil {
		return info, fmt.Errorf("restore: the ledger is there, but devices would not be told all that they have to hear; restore it again: %w", err)
	}
	return info, nil
}

// idle makes sure that no run works on the ledger.
func (a *postgresArchiver) idle(ctx context.Context) error {
	const query = `
		SELECT COUNT(DISTINCT l.pid)
		FROM pg_locks l
		JOIN pg_class c ON c.oid = l.relation
		JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_stat_activity s ON s.pid = l.pid AND s.backend_type = 'client backend'
		WHERE n.nspname = CURRENT_SCHEMA() AND l.database = (SELECT oid FROM pg_database WHERE datname = CURRENT_DATABASE()) AND l.pid <> PG_BACKEND_PID()`
	var n int
	if err := a.db.read.GetContext(ctx, &n, query); err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: %d other sessions work on it; stop them, then try again", ErrLedgerInUse, n)
	}
	return nil
}

// restore fills the schema in one transaction, after what is in it was dropped.
func (a *postgresArchiver) restore(ctx context.Context, name string) error {
	program, err := a.program(ctx, "pg_restore")
	if err != nil {
		return err
	}
	list, err := a.run(ctx, nil, program, "--list", name)
	if err != nil {
		return err
	}
	if !bytes.Contains(list, []byte(" TABLE "+a.db.schema+" goose_db_version ")) {
		return fmt.Errorf("the dump is of another schema than %s; choose its own with ?search_path=NAME in the address: a dump goes back into a schema of the same name", a.db.schema)
	}
	file, err := os.CreateTemp("", "passmill-restore-*.list")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	for line := range strings.Lines(string(list)) {
		if skipped.MatchString(line) {
			continue
		}
		if _, err := file.WriteString(line); err != nil {
			return err
		}
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = a.run(ctx, nil, program, "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
		"--use-list="+file.Name(), "--dbname="+a.database(), name)
	return err
}

// database is the name of the database, without which pg_restore only writes SQL.
func (a *postgresArchiver) database() string {
	cfg, err := connect.Postgres(a.dsn, settings)
	if err != nil {
		return "" // it was read before
	}
	return cfg.Database
}
