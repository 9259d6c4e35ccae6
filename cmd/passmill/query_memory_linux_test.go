package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"passmill/jobs/ledger/pgtest"
)

// TestQueryMemory checks the rows of queries on both databases, with growing
// numbers of rows. ROWS as for [TestMemory].
func TestQueryMemory(t *testing.T) {
	most := campaign(t, "ROWS", 20_000)
	for rows := most; rows >= most/100 && rows >= 2_000; rows /= 10 {
		t.Run(fmt.Sprintf("SQLite, %d rows", rows), func(t *testing.T) {
			s := newQuerySandbox(t, "{database: big.db, query: SELECT * FROM members}")
			fillMembers(t, s.path("big.db"), rows)
			checkQueryMemory(s, rows)
		})
		t.Run(fmt.Sprintf("PostgreSQL, %d rows", rows), func(t *testing.T) {
			t.Setenv("MEMBERS", pgtest.Start(t))
			s := newQuerySandbox(t, `{databaseEnv: MEMBERS, query: "SELECT n AS id, 'member ' || n AS name, n / 100.0 AS points, `+
				`timestamptz '2026-11-25' + n * interval '1 minute' AS joined, REPEAT('x', 200) AS remark FROM GENERATE_SERIES(1, `+fmt.Sprint(rows)+`) AS n"}`)
			checkQueryMemory(s, rows)
		})
	}
}

// newQuerySandbox makes a workspace with a job over this source.
func newQuerySandbox(t *testing.T, source string) *sandbox {
	t.Helper()
	s := newSandbox(t, 0, "")
	s.write("members.yaml", "template: card\nsource: "+source+"\nserial: id\ncertificate: {p12: pass.p12, passwordFile: password.txt}\noutput: {dir: out}\n")
	if code, _, stderr := s.run("template", "new", "generic", s.path("card")); code != exitDone {
		t.Fatal(stderr)
	}
	s.write("card/template.json", `{"description": "d", "organizationName": "o", "generic": {"primaryFields": [
		{"key": "a", "value": "$$Name"}, {"key": "b", "value": "$$Points"}, {"key": "c", "value": "$$Joined", "dateStyle": "PKDateStyleShort"}]}}`)
	s.write("card/template.yaml", "fields:\n  Points: {type: number}\n  Joined: {type: datetime}\n")
	return s
}

func fillMembers(t *testing.T, file string, rows int) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(fmt.Sprintf(`
		CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, points NUMERIC, joined TIMESTAMP, remark TEXT);
		WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < %d)
		INSERT INTO members SELECT n, 'member ' || n, n / 100.0, DATETIME('2026-11-25', n || ' minutes'), PRINTF('%%200s', 'x') FROM series`, rows))
	if err != nil {
		t.Fatal(err)
	}
}

func checkQueryMemory(s *sandbox, rows int) {
	t := s.t
	t.Helper()
	start := time.Now()
	cmd := s.command(os.Environ(), "check", "members.yaml")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := peakOf(cmd.Process.Pid)
	err := cmd.Wait()
	if err != nil || !strings.Contains(out.String(), fmt.Sprintf("%s rows: %s good, 0 to mend", thousands(rows), thousands(rows))) {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Logf("peak memory %d MiB, %.1f seconds", peak>>20, time.Since(start).Seconds())
	if peak == 0 || peak > memoryLimit {
		t.Errorf("checking took %d MiB, at most %d are allowed", peak>>20, memoryLimit>>20)
	}
}
