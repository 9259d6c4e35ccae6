//go:build unix

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"passmill/jobs/ledger"
	"passmill/output/apns/pretend"
)

// TestFiguresPushes pushes to many phones out of a ledger, as a server does: each is
// pushed once and written down, over four connections at most. PUSHES asks for more.
func TestFiguresPushes(t *testing.T) {
	n := 2000
	if text := os.Getenv("PUSHES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 1, database(t))
			s.updated("https://passes.example.com")
			p := s.pushServer(pretend.Options{}, ", pace: 1000000")
			s.makes()
			raw := s.phones(0)
			crowd(t, raw, s.database != "", n)
			space, err := findWorkspace(s.dir, s.database)
			if err != nil {
				t.Fatal(err)
			}
			db, err := ledger.Open(t.Context(), space.database, ledger.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			sender, err := newPushing(newOnDemand(db, space), nil)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				sender.Run(ctx, t.Context())
			}()
			for left := n; left > 0; time.Sleep(200 * time.Millisecond) { // a look costs the database time, too
				if err := raw.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM subscriptions WHERE pushed = 0 LIMIT 1) AS waiting`).Scan(&left); err != nil {
					t.Fatal(err)
				}
			}
			took := time.Since(begin)
			stop()
			<-done
			sender.pushers.close()
			c := p.Counts()
			t.Logf("%d pushes out of the ledger in %s, %.0f/s, over %d connections", n, took.Round(time.Millisecond), float64(n)/took.Seconds(), c.Connections)
			var once int
			if err := raw.QueryRow(`SELECT COUNT(*) FROM subscriptions WHERE pushed = wanted AND tries = 1 AND due > 0 AND answer = ''`).Scan(&once); err != nil {
				t.Fatal(err)
			}
			if once != n || c.Pushes != n || c.Connections > 4 {
				t.Errorf("%d of %d are written down, %+v", once, n, c)
			}
		})
	}
}

// crowd registers n phones for the one pass, which are all due.
func crowd(t *testing.T, raw *sql.DB, postgres bool, n int) {
	t.Helper()
	library, token := "CAST(printf('%032d', i) AS BLOB)", "printf('%064d', i)"
	if postgres {
		library, token = "convert_to(lpad(i::text, 32, '0'), 'UTF8')", "lpad(i::text, 64, '0')"
	}
	for _, statement := range []string{
		`INSERT INTO devices (id, library, created, seen) SELECT i, LIBRARY, 1, 1 FROM numbers`,
		`INSERT INTO subscriptions (device_id, type_id, push_token, token_at, wanted, due) SELECT i, 'TYPE', TOKEN, 1, 1, 1 FROM numbers`,
		`INSERT INTO registrations (pass_id, device_id, created) SELECT p.id, i, 1 FROM passes p, numbers`,
	} {
		statement = strings.NewReplacer("LIBRARY", library, "TOKEN", token, "TYPE", pretendType).Replace(statement)
		if _, err := raw.Exec(fmt.Sprintf("WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d) ", n) + statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
