package ledger_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
)

// tidyFolder fails if a folder holds a file that nobody knows.
func tidyFolder(t *testing.T, folder string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(folder, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %q, %v", left, err)
	}
}

// TestBackup: a backup is made while others write, is whole, is its owner's alone,
// and brings the ledger back to where it was.
func TestBackup(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		e := added(t, db, 1, "pass.a", "")
		finished(t, db, key("a"), rows(1, 200, "x")...)
		folder := t.TempDir()
		name := filepath.Join(folder, "ledger.backup")
		stop, stopped := make(chan struct{}), make(chan error, 1)
		go func() {
			var err error
			for n := 0; err == nil; n++ {
				select {
				case <-stop:
					stopped <- nil
					return
				default:
					err = db.AddEvent(t.Context(), sign.Event{ID: fmt.Sprint("busy ", n), At: now, Action: sign.ActionSignEnd})
				}
			}
			stopped <- err
		}()
		info, err := ledger.Backup(t.Context(), dsn, name, ledger.BackupOptions{Forbidden: [][]byte{[]byte("not in it")}})
		close(stop)
		must(t, err)
		must(t, <-stopped)
		if info.Keys != 1 || info.Version < 7 || info.Size == 0 {
			t.Errorf("%+v", info)
		}
		if stat, err := os.Stat(name); err != nil || stat.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", stat.Mode(), err)
		}
		if _, err := ledger.Backup(t.Context(), dsn, name, ledger.BackupOptions{}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a file that is there: %v", err)
		}
		_, err = ledger.Backup(t.Context(), dsn, name, ledger.BackupOptions{Replace: true})
		must(t, err)
		tidyFolder(t, folder)

		must(t, db.RemoveEntry(t.Context(), e.ID, event("remove")))
		if _, err := ledger.Restore(t.Context(), dsn, name, ledger.RestoreOptions{}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a ledger that is there: %v", err)
		}
		must(t, db.Close())
		restored, err := ledger.Restore(t.Context(), dsn, name, ledger.RestoreOptions{Replace: true})
		must(t, err)
		if restored.Keys != 1 || (restored.Aside == "") != isPostgres(dsn) {
			t.Errorf("%+v", restored)
		}
		db = open(t, dsn)
		if list, err := db.Entries(t.Context()); err != nil || len(list) != 1 || list[0].ID != e.ID {
			t.Errorf("entries %+v, %v", list, err)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM passes`); n != 199 {
			t.Errorf("%d passes, want 199", n)
		}
	})
}

// TestBackupHoldsNoKey: a backup that would hold the key-encryption key, or a
// private key that is not sealed, is not kept.
func TestBackupHoldsNoKey(t *testing.T) {
	const keyset = "passmill-key-1.1.CHEaMAokdHlwZS5nb29nbGVhcGlzLmNvbQ.0123456789ab"
	for what, leak := range map[string]func(t *testing.T, db *ledger.DB){
		"in a comment": func(t *testing.T, db *ledger.DB) {
			e := added(t, db, 1, "pass.a", "")
			e.Comment = strings.Repeat("a", 1<<20) + keyset
			must1(db.UpdateEntry(t.Context(), e, event("comment")))
		},
		"in a file of a template": func(t *testing.T, db *ledger.DB) {
			must(t, db.SaveTemplate(t.Context(), hash("leaky"), "leaky", map[string][]byte{"note.txt": []byte("x" + keyset + "y")}))
		},
		"a key in the clear": func(t *testing.T, db *ledger.DB) {
			private := must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
			clear := addition(2, "pass.b", "")
			clear.Key.Sealed.Data = append([]byte{1, 0, 1}, must1(x509.MarshalPKCS8PrivateKey(private))...)
			must1(db.AddVersion(t.Context(), clear, event("clear")))
		},
	} {
		t.Run(what, func(t *testing.T) {
			both(t, func(t *testing.T, dsn string) {
				db := open(t, dsn)
				folder := t.TempDir()
				o := ledger.BackupOptions{Forbidden: [][]byte{[]byte(keyset)}}
				must1(ledger.Backup(t.Context(), dsn, filepath.Join(folder, "before"), o))
				leak(t, db)
				name := filepath.Join(folder, "after")
				if _, err := ledger.Backup(t.Context(), dsn, name, o); !errors.Is(err, ledger.ErrKeyInBackup) {
					t.Errorf("got %v", err)
				}
				if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
					t.Error("the file is there")
				}
				tidyFolder(t, folder)
			})
		})
	}
}

// TestWrongBackups: what is no whole backup, or a newer program's, replaces nothing.
func TestWrongBackups(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		added(t, db, 1, "pass.a", "")
		finished(t, db, key("a"), rows(1, 500, "x")...)
		folder := t.TempDir()
		good := filepath.Join(folder, "good")
		_, err := ledger.Backup(t.Context(), dsn, good, ledger.BackupOptions{})
		must(t, err)
		data, err := os.ReadFile(good)
		must(t, err)
		_, err = raw(t, dsn).Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, ` + map[bool]string{true: "true", false: "1"}[isPostgres(dsn)] + `)`)
		must(t, err)
		newer := filepath.Join(folder, "newer")
		_, err = ledger.Backup(t.Context(), dsn, newer, ledger.BackupOptions{})
		must(t, err)
		_, err = raw(t, dsn).Exec(`DELETE FROM goose_db_version WHERE version_id = 9999`)
		must(t, err)
		must(t, db.Close())
		broken := slices.Clone(data)
		copy(broken[len(broken)/2:], bytes.Repeat([]byte{0xff}, 5000))
		for what, c := range map[string]struct {
			data []byte
			is   error
		}{
			"cut":         {data[:len(data)/2], ledger.ErrNoBackup},
			"empty":       {nil, ledger.ErrNoBackup},
			"broken":      {broken, ledger.ErrNoBackup},
			"other":       {[]byte("PK\x03\x04 a workbook"), ledger.ErrNoBackup},
			"other's SQL": {[]byte("CREATE TABLE x ();"), ledger.ErrNoBackup},
			"newer":       {must1(os.ReadFile(newer)), ledger.ErrNewer},
		} {
			name := filepath.Join(folder, "wrong")
			must(t, os.WriteFile(name, c.data, 0o600))
			if _, err := ledger.Restore(t.Context(), dsn, name, ledger.RestoreOptions{Replace: true}); !errors.Is(err, c.is) {
				t.Errorf("%s: %v; want %v", what, err, c.is)
			}
		}
		open(t, dsn)
		if n := number(t, dsn, `SELECT COUNT(*) FROM passes`); n != 499 {
			t.Errorf("%d passes are left, want 499", n)
		}
	})
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestRestoreInUse: a ledger that somebody has open is not taken away.
func TestRestoreInUse(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		name := filepath.Join(t.TempDir(), "backup")
		_, err := ledger.Backup(t.Context(), dsn, name, ledger.BackupOptions{})
		must(t, err)
		if isPostgres(dsn) { // what is idle there can't be told from what is not ours
			tx, err := raw(t, dsn).Begin()
			must(t, err)
			defer tx.Rollback()
			_, err = tx.Exec(`SELECT * FROM passes`)
			must(t, err)
		}
		if _, err := ledger.Restore(t.Context(), dsn, name, ledger.RestoreOptions{Replace: true}); !errors.Is(err, ledger.ErrLedgerInUse) {
			t.Errorf("got %v", err)
		}
		added(t, db, 1, "pass.a", "") // it works as before
	})
}

// TestRestoreAnew: a backup makes a ledger where none is.
func TestRestoreAnew(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		dsn := filepath.Join(t.TempDir(), "old.db")
		from := open(t, dsn)
		added(t, from, 1, "pass.a", "")
		name := filepath.Join(t.TempDir(), "backup")
		must1(ledger.Backup(t.Context(), dsn, name, ledger.BackupOptions{}))
		other := filepath.Join(t.TempDir(), "passmill.db")
		must1(ledger.Restore(t.Context(), other, name, ledger.RestoreOptions{}))
		if n := number(t, other, `SELECT COUNT(*) FROM certificate_entries`); n != 1 {
			t.Errorf("%d entries", n)
		}
		if stat := must1(os.Stat(other)); stat.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", stat.Mode())
		}
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := pgtest.Start(t)
		from := open(t, dsn)
		added(t, from, 1, "pass.a", "")
		name := filepath.Join(t.TempDir(), "backup")
		must1(ledger.Backup(t.Context(), dsn, name, ledger.BackupOptions{}))
		if _, err := ledger.Restore(t.Context(), pgtest.Start(t), name, ledger.RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "search_path") {
			t.Errorf("into another schema: %v", err)
		}
		var schema string
		must(t, raw(t, dsn).QueryRow(`SELECT CURRENT_SCHEMA()`).Scan(&schema))
		must(t, from.Close())
		_, err := raw(t, dsn).Exec(`DROP SCHEMA ` + schema + ` CASCADE; CREATE SCHEMA ` + schema)
		must(t, err)
		must1(ledger.Restore(t.Context(), dsn, name, ledger.RestoreOptions{}))
		if n := number(t, dsn, `SELECT COUNT(*) FROM certificate_entries`); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
}

// TestBackupPrograms: without PostgreSQL's programs, or with old ones, the message
// says what to install, and no file is left.
func TestBackupPrograms(t *testing.T) {
	dsn := pgtest.Start(t)
	open(t, dsn)
	folder := t.TempDir()
	defer ledger.SetProgramFolders(filepath.Join(folder, "nothing"))()
	t.Setenv("PATH", folder)
	out := t.TempDir()
	fails := func(want string) {
		t.Helper()
		if _, err := ledger.Backup(t.Context(), dsn, filepath.Join(out, "backup"), ledger.BackupOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
		if left := must1(os.ReadDir(out)); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
	fails("needs pg_dump, which is not on this machine: install PostgreSQL's client programs")
	must(t, os.WriteFile(filepath.Join(folder, "pg_dump"), []byte("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n"), 0o755))
	fails("pg_dump here is of version 9, and the server of")
}
