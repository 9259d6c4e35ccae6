package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A BackupOptions says how a backup is made.
type BackupOptions struct {
	// Forbidden is what must not be in the file: the key-encryption key, as it
	// lies in its file. A backup that holds it is not kept.
	Forbidden [][]byte
	// Replace allows a file of the name to be there; it is replaced by a whole
	// new one.
	Replace bool
}

// A BackupInfo says what is in a backup.
type BackupInfo struct {
	Size    int64
	Version int64 // of the schema
	Keys    int   // private keys, all of them sealed
}

// ErrKeyInBackup means that a backup would have held a key that opens others.
var ErrKeyInBackup = errors.New("the backup would hold a key in the clear, and was not kept")

// An archiver writes a ledger to a file and proves what is in it.
type archiver interface {
	// dump writes everything, as it is at one moment, to a file that is there
	// and empty.
	dump(ctx context.Context, name string) error
	// inspect proves that a file is whole and says what is in it. What it
	// holds goes to w.
	inspect(ctx context.Context, name string, w io.Writer) (BackupInfo, error)
}

func (d *DB) archiver(dsn string) archiver {
	if d.dialect == postgres {
		return &postgresArchiver{db: d, dsn: dsn}
	}
	return &sqliteArchiver{db: d}
}

// Backup writes the whole ledger at dsn to a file, as it is at one moment, while
// others go on using it; for PostgreSQL by pg_dump. The file is proven to be whole,
// and to hold no key in the clear, before it gets its name; only its owner may read
// it. The schema may be of any version, and is not migrated.
func Backup(ctx context.Context, dsn, name string, o BackupOptions) (info BackupInfo, err error) {
	if _, err := os.Lstat(name); err == nil && !o.Replace {
		return info, fmt.Errorf("back up to %s: %w", name, fs.ErrExist)
	}
	db, err := dial(ctx, dsn, Options{patient: true})
	if err != nil {
		return info, err
	}
	defer db.Close()
	half, err := newHalf(name)
	if err != nil {
		return info, fmt.Errorf("back up: %w", err)
	}
	defer os.Remove(half) // does nothing after settle
	a := db.archiver(dsn)
	if err := a.dump(ctx, half); err != nil {
		return info, fmt.Errorf("back up: %w", err)
	}
	guard := &guard{forbidden: o.Forbidden}
	if info, err = a.inspect(ctx, half, guard); err != nil {
		return info, fmt.Errorf("back up: look at what was written: %w", err)
	}
	if guard.found {
		return info, ErrKeyInBackup
	}
	if err := settle(half, name); err != nil {
		return info, fmt.Errorf("back up to %s: %w", name, err)
	}
	return info, nil
}

// newHalf makes an empty file beside name that only its owner may read.
func newHalf(name string) (string, error) {
	file, err := os.OpenFile(filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+rand.Text()+".tmp"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}

// A guard looks for what must not be in a stream.
type guard struct {
	forbidden [][]byte
	tail      []byte // the end of what was written, in which a forbidden text may begin
	found     bool
}

// Write implements [io.Writer].
func (g *guard) Write(p []byte) (int, error) {
	g.tail = append(g.tail, p...)
	longest := 1
	for _, f := range g.forbidden {
		g.found = g.found || len(f) > 0 && bytes.Contains(g.tail, f)
		longest = max(longest, len(f))
	}
	if keep := longest - 1; len(g.tail) > keep {
		g.tail = append(g.tail[:0], g.tail[len(g.tail)-keep:]...)
	}
	return len(p), nil
}

// sealedKeys counts the private keys of a ledger, and fails if one of them is not
// sealed.
func sealedKeys(keys [][]byte) (int, error) {
	const most = 8 // bytes before a key, of whatever wraps it
	for _, key := range keys {
		for skip := range min(most, len(key)) {
			if _, err := x509.ParsePKCS8PrivateKey(key[skip:]); err == nil {
				return 0, ErrKeyInBackup
			}
		}
	}
	return len(keys), nil
}
