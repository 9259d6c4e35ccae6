//go:build unix

package table_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger/pgtest"
	"passmill/jobs/table"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

// both runs a test on both databases, each empty.
func both(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newFile(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.Start(t)) })
}

// newFile makes an empty SQLite database.
func newFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a folder?", "members.db")
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, nil, 0o600))
	return path
}

func isPostgres(dsn string) bool { return strings.HasPrefix(dsn, "postgres") }

// raw opens a database to write to it.
func raw(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	driver := "postgres"
	if !isPostgres(dsn) {
		driver, dsn = "sqlite", "file:"+strings.ReplaceAll(dsn, "?", "%3f")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// run runs statements.
func run(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	db := raw(t, dsn)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openQuery(t testing.TB, o table.QueryOptions) *table.Query {
	t.Helper()
	q, err := table.OpenQuery(t.Context(), o)
	must(t, err)
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

// read reads a source to its end; each row is written as its origin and cells.
func read(t testing.TB, s jobs.Source) (rows []string) {
	t.Helper()
	for row, err := range s.Rows(t.Context()) {
		must(t, err)
		line := row.Origin.String() + ":"
		for _, c := range row.Cells {
			line += " " + show(c)
		}
		rows = append(rows, line)
	}
	return rows
}

// show writes a cell as its kind, text and raw value.
func show(c jobs.Cell) string {
	kind := map[jobs.CellKind]string{
		jobs.EmptyCell: "empty", jobs.TextCell: "text", jobs.NumberCell: "number", jobs.DateCell: "date", jobs.BoolCell: "bool", jobs.ErrorCell: "error",
	}[c.Kind]
	return fmt.Sprintf("%s(%s|%s)", kind, c.Text, c.Raw)
}
