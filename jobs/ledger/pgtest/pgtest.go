//go:build unix

// Package pgtest starts a private PostgreSQL server for the tests of a package.
//
// It is a package of its own, and not a test file of the ledger's, because the
// tests of the command need it as well. It knows nothing of the ledger's tables.
package pgtest

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	_ "github.com/lib/pq" // the driver "postgres"
)

// Variable names the environment variable with the URL of a database to use
// instead of a private server. Each test makes a schema of its own in it.
const Variable = "PASSMILL_TEST_DB"

var (
	mu      sync.Mutex
	running *server // guarded by mu
)

// Start returns the URL of an empty schema that is the test's own and is dropped
// after it. The first call of a process starts the server. The test fails if
// there is no PostgreSQL: a test that is skipped proves nothing.
func Start(t testing.TB) string {
	t.Helper()
	base, err := address()
	if err != nil {
		t.Fatalf("%v\nThese tests need PostgreSQL: install its server, or set %s to the URL of a database; see `make test`.", err, Variable)
	}
	admin, err := sql.Open("postgres", base)
	if err != nil {
		t.Fatal(err)
	}
	schema := "test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatalf("create a schema: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Errorf("drop a schema: %v", err)
		}
		admin.Close()
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

// Stop stops the server, if there is one. TestMain calls it after the tests; if
// the process ends otherwise, the server notices and stops by itself.
func Stop() {
	mu.Lock()
	defer mu.Unlock()
	if running == nil {
		return
	}
	if err := running.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
	}
	running = nil
}

// address returns the URL of a database on a running server.
func address() (string, error) {
	if base := os.Getenv(Variable); base != "" {
		return base, nil
	}
	mu.Lock()
	defer mu.Unlock()
	if running == nil {
		s, err := start()
		if err != nil {
			return "", err
		}
		running = s
	}
	return running.url, nil
}
