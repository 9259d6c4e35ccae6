package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
)

// newest is the version of the schema that the program knows.
var newest = func() int64 {
	list, err := ledger.Migrations.ReadDir("migrations/sqlite")
	if err != nil {
		panic(err)
	}
	number, _, _ := strings.Cut(list[len(list)-1].Name(), "_")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		panic(err)
	}
	return version
}()

// with returns the real migrations and one more, for both databases.
func with(t testing.TB, script string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, folder := range []string{"migrations/sqlite/", "migrations/postgres/"} {
		list, err := ledger.Migrations.ReadDir(strings.TrimSuffix(folder, "/"))
		must(t, err)
		for _, entry := range list {
			data, err := ledger.Migrations.ReadFile(folder + entry.Name())
			must(t, err)
			files[folder+entry.Name()] = &fstest.MapFile{Data: data}
		}
		files[fmt.Sprintf("%s%04d_more.sql", folder, newest+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + script)}
	}
	return files
}

func TestOpenAgain(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		run := finished(t, db, key("a"), rows(1, 4, "x")...)
		must(t, db.Close())
		got, err := open(t, dsn).Run(t.Context(), run)
		must(t, err)
		if got.Count.Made != 3 {
			t.Errorf("made %d after opening again, want 3", got.Count.Made)
		}
	})
}

func TestNewFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passmill.db")
	open(t, path)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
}

func TestOlderProgram(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		open(t, dsn)
		newer := with(t, "CREATE TABLE more (id BIGINT PRIMARY KEY);")
		from, to, err := ledger.MigrateWith(t.Context(), dsn, newer)
		if err != nil || from != newest || to != newest+1 {
			t.Fatalf("migrate: %d, %d, %v", from, to, err)
		}
		_, err = ledger.Open(t.Context(), dsn, ledger.Options{})
		if !errors.Is(err, ledger.ErrNewer) || !strings.Contains(err.Error(), fmt.Sprint("version ", newest+1)) || !strings.Contains(err.Error(), fmt.Sprint("knows ", newest)) {
			t.Errorf("an older program opens a newer ledger: %v", err)
		}
		if _, _, err := ledger.Migrate(t.Context(), dsn); !errors.Is(err, ledger.ErrNewer) {
			t.Errorf("an older program migrates a newer ledger: %v", err)
		}
	})
}

func TestUpgradeSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passmill.db")
	db := open(t, path)
	run := finished(t, db, key("a"), rows(1, 4, "x")...)
	must(t, db.Close())

	broken := with(t, "CREATE TABLE more (id BIGINT PRIMARY KEY);\nINSERT INTO nowhere VALUES (1);")
	if _, err := ledger.OpenWith(t.Context(), path, ledger.Options{}, broken); err == nil {
		t.Fatal("a broken migration was applied")
	}
	good := with(t, "CREATE TABLE more (id BIGINT PRIMARY KEY);")
	db, err := ledger.OpenWith(t.Context(), path, ledger.Options{}, good)
	must(t, err)
	must(t, db.Close())
	if n := number(t, path, `SELECT COUNT(*) FROM more`); n != 0 {
		t.Errorf("%d rows in the new table", n)
	}
	before, err := open(t, fmt.Sprintf("%s.before-%d.bak", path, newest+1)).Run(t.Context(), run)
	must(t, err)
	if before.Count.Made != 3 {
		t.Errorf("the copy made before the migration knows %d made rows, want 3", before.Count.Made)
	}
}

func TestPendingPostgres(t *testing.T) {
	dsn := pgtest.Start(t)
	open(t, dsn)
	newer := with(t, "CREATE TABLE more (id BIGINT PRIMARY KEY);")
	_, err := ledger.OpenWith(t.Context(), dsn, ledger.Options{}, newer)
	if !errors.Is(err, ledger.ErrPending) || !strings.Contains(err.Error(), "passmill migrate") {
		t.Fatalf("a schema that lags behind: %v", err)
	}
	_, _, err = ledger.MigrateWith(t.Context(), dsn, newer)
	must(t, err)
	db, err := ledger.OpenWith(t.Context(), dsn, ledger.Options{}, newer)
	must(t, err)
	must(t, db.Close())
}

// TestNoUpgrade: who says so gets a pending migration named, and the file stays
// as it was.
func TestNoUpgrade(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "passmill.db")
	open(t, dsn)
	newer := with(t, "CREATE TABLE more (id BIGINT PRIMARY KEY);")
	_, err := ledger.OpenWith(t.Context(), dsn, ledger.Options{NoUpgrade: true}, newer)
	if !errors.Is(err, ledger.ErrPending) || !strings.Contains(err.Error(), "passmill migrate") {
		t.Errorf("a schema that lags behind: %v", err)
	}
	if got := number(t, dsn, `SELECT MAX(version_id) FROM goose_db_version`); got != newest {
		t.Errorf("the schema is at version %d, want %d as before", got, newest)
	}
}

// TestInterruptedFill: a process that was killed between two migrations of an
// empty PostgreSQL schema leaves it to the next; with something in it, an older
// schema is the operator's to migrate.
func TestInterruptedFill(t *testing.T) {
	first := with(t, "")
	for name := range first {
		if !strings.HasSuffix(name, "/0001_init.sql") {
			delete(first, name)
		}
	}
	for _, filled := range []bool{false, true} {
		dsn := pgtest.Start(t)
		db, err := ledger.OpenWith(t.Context(), dsn, ledger.Options{}, first)
		must(t, err)
		if filled {
			must(t, db.SaveTemplate(t.Context(), version, "card", map[string][]byte{"template.json": []byte("{}")})) // of the first migration
		}
		must(t, db.Close())
		db, err = ledger.Open(t.Context(), dsn, ledger.Options{})
		if errors.Is(err, ledger.ErrPending) != filled || err != nil && !filled {
			t.Errorf("with something in it %v: %v", filled, err)
		}
		if err == nil {
			must(t, db.Close())
		}
	}
}

func childOpen(args []string) error {
	db, err := ledger.Open(context.Background(), args[0], ledger.Options{})
	if err != nil {
		return err
	}
	if err := prepare(context.Background(), db); err != nil {
		return err
	}
	return db.Close()
}

// TestCreateAtOnce lets processes and goroutines create one ledger.
func TestCreateAtOnce(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		if !isPostgres(dsn) {
			must(t, os.MkdirAll(filepath.Dir(dsn), 0o700))
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if out, err := child(t, "open", dsn).CombinedOutput(); err != nil {
					t.Errorf("another process: %v\n%s", err, out)
				}
			})
			wg.Go(func() {
				if err := childOpen([]string{dsn}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := number(t, dsn, `SELECT COUNT(*) FROM goose_db_version WHERE version_id = 1`); n != 1 {
			t.Errorf("the migration was applied %d times", n)
		}
	})
}

func TestPostgresIsVerified(t *testing.T) {
	for _, c := range []struct{ dsn, mode string }{
		{"postgres://u@db.example.com/x", "verify-full"},
		{"postgres://u@db.example.com/x?sslmode=verify-full", "verify-full"},
		{"postgres://u@db.example.com/x?sslmode=require", ""},
		{"postgres://u@db.example.com/x?sslmode=verify-ca", ""},
		{"postgres://u@db.example.com/x?sslmode=disable", ""},
		{"postgres://u@localhost/x", "disable"},
		{"postgres://u@127.0.0.1/x", "disable"},
		{"postgres://u@[::1]/x", "disable"},
		{"postgres://u@localhost/x?sslmode=require", "require"},
		{"postgres:///x?host=/run/postgresql", "disable"},
		{"postgres:///x?host=/run/postgresql,db.example.com", ""},
		{"postgres://u@localhost/x?hostaddr=192.0.2.1&sslmode=disable", ""},
		{"postgres://u@localhost,db.example.com/x?sslmode=disable", ""},
		{"postgres://u@localhost.example.com/x?sslmode=disable", ""},
	} {
		mode, err := ledger.PostgresMode(c.dsn)
		if c.mode == "" {
			if !errors.Is(err, ledger.ErrUnverified) || !strings.Contains(err.Error(), "verify-full") {
				t.Errorf("%s: mode %q, %v; want it refused", c.dsn, mode, err)
			}
			continue
		}
		if err != nil || mode != c.mode {
			t.Errorf("%s: mode %q, %v; want %q", c.dsn, mode, err, c.mode)
		}
	}
}

func TestErrorsHoldNoPassword(t *testing.T) {
	for _, dsn := range []string{
		"postgres://u:hun%ter2@127.0.0.1:1/x",
		"postgres://u:hunter2@127.0.0.1:1/x?sslmode=hunter2",
		"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=hunter2",
		"postgres://u:hunter2@127.0.0.1:1/x",
		"postgres://u:hunter2@db.example.com/x?sslmode=require",
	} {
		_, err := ledger.Open(t.Context(), dsn, ledger.Options{})
		if err == nil || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}
