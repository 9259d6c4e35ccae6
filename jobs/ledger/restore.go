package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"

	"passmill/jobs/connect"
)

// A RestoreOptions says what a restore may do.
type RestoreOptions struct {
	// Replace allows a ledger to be there. SQLite's is put aside under another
	// name; PostgreSQL's tables are dropped.
	Replace bool
	// Now tells the time for the name of what is put aside. nil means time.Now.
	Now func() time.Time
}

// A RestoreInfo says what a restore did.
type RestoreInfo struct {
	BackupInfo
	Aside string // where the SQLite file lies that was there before; empty if none was
}

// ErrLedgerInUse means that other processes use the ledger that a restore would
// replace.
var ErrLedgerInUse = errors.New("the ledger is in use")

// Restore makes the ledger at dsn of a backup. The backup is proven to be whole
// first; one of a newer program is [ErrNewer], and a ledger that is there is
// [fs.ErrExist], unless it may be replaced. Nobody may use the ledger meanwhile.
// PostgreSQL's is restored in one transaction; SQLite's file is put aside, and then
// the new one gets its name: killed in between, a restore is to be done again.
//
// Change numbers are given out a second time from then on. The restored ledger gets an
// epoch of its own, so that what devices were told before means nothing to it, and all
// of them are pushed.
func Restore(ctx context.Context, dsn, name string, o RestoreOptions) (RestoreInfo, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if connect.IsPostgres(dsn) {
		return restorePostgres(ctx, dsn, name, o)
	}
	return restoreSQLite(ctx, dsn, name, o)
}

// known refuses a backup whose schema this program does not know.
func (i BackupInfo) known(d dialect) error {
	provider, err := (&DB{dialect: d}).newest()
	if err != nil {
		return err
	}
	if i.Version > provider {
		return fmt.Errorf("%w: the backup is of version %d, and this program knows %d\nuse the program that wrote it, or a newer one", ErrNewer, i.Version, provider)
	}
	return nil
}

// newest returns the version of the schema that this program makes.
func (d *DB) newest() (version int64, err error) {
	names, err := fs.Glob(migrations, "migrations/"+d.dialect.folder()+"/*.sql")
	for _, name := range names {
		var n int64
		if _, err := fmt.Sscanf(filepath.Base(name), "%d_", &n); err != nil {
			return 0, err
		}
		version = max(version, n)
	}
	return version, err
}

func restoreSQLite(ctx context.Context, path, name string, o RestoreOptions) (info RestoreInfo, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return info, err
	}
	if info.BackupInfo, err = (&sqliteArchiver{}).inspect(ctx, name, io.Discard); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if err := info.known(sqlite); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	unlock, err := (&DB{}).lockFile(ctx, path+".lock")
	if err != nil {
		return info, err
	}
	defer unlock()
	_, err = os.Lstat(path)
	there := err == nil
	if there && !o.Replace {
		return info, fmt.Errorf("restore to %s: %w", path, fs.ErrExist)
	}
	half, err := newHalf(path)
	if err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	defer os.Remove(half) // does nothing after settle
	if err := copyFile(half, name); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if err := doubtFile(ctx, half, info.Version); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if err := newEpochIn(ctx, half, o.Now); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	if there {
		if info.Aside, err = putAside(ctx, path, o.Now()); err != nil {
			return info, fmt.Errorf("restore: %w", err)
		}
	}
	if err := settle(half, path); err != nil {
		return info, fmt.Errorf("restore to %s: %w", path, err)
	}
	return info, nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// putAside gives a SQLite file another name, with what belongs to it. A process
// that still has it open would go on writing to it there, so there must be none.
func putAside(ctx context.Context, path string, now time.Time) (aside string, err error) {
	if err := alone(ctx, path); err != nil {
		return "", err
	}
	aside = fmt.Sprintf("%s.before-restore-%s.bak", path, now.UTC().Format("20060102T150405.000"))
	for _, end := range []string{"-wal", "-shm", ""} { // the file itself last: until then it is the ledger
		if err := os.Rename(path+end, aside+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}

// alone makes sure that nobody has a SQLite file open, and leaves all of it in the
// one file. A file that SQLite can't read has no users either.
func alone(ctx context.Context, path string) error {
	db, err := sqlx.Open("sqlite", connect.SQLite(path))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	// SQLite leaves the log only if no other connection is open.
	const leave = `PRAGMA journal_mode = DELETE`
	var mode string
	if err := db.GetContext(ctx, &mode, leave); err != nil && !connect.Passing(err) {
		return nil
	}
	if mode != "delete" {
		return fmt.Errorf("%w: another process has %s open; stop it (passmill serve, a run), then try again", ErrLedgerInUse, path)
	}
	return nil
}
