//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"

	"passmill/jobs/ledger/pgtest"
)

// TestQueryKilled: nobody knows whether the rows of a killed run are still what
// they were, so they are read again; what was made stays, and the rest is made.
func TestQueryKilled(t *testing.T) {
	for name, database := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return pgtest.Start(t) }} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MEMBERS", database())
			s := newSandbox(t, 300, "")
			if name == "sqlite" {
				t.Setenv("MEMBERS", s.path("members.db"))
			}
			s.write("members.yaml", `template: storecard
source: {databaseEnv: MEMBERS, query: "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300) SELECT 'M' || (10000 + n) AS MemberID, 'Ada' AS FirstName, 'Lovelace' AS LastName, n AS Points FROM s"}
serial: MemberID
certificate: {p12: pass.p12, passwordFile: password.txt}
output: {dir: out}
`)
			s.write("members.db", "")
			w := &witness{s: s, seen: map[string][]byte{}}
			for _, point := range []string{"ledger.stage.committed:1", "dir.renamed:2", "ledger.commit.commit:2", "ledger.commit.committed:3"} {
				out, err := s.command([]string{"FAULT=" + point + ":exit"}, "make", "members.yaml").CombinedOutput()
				if err == nil {
					t.Fatalf("%s was not reached\n%s", point, out)
				}
				w.look(point)
			}
			before := len(w.seen)
			if before == 0 || before == s.rows {
				t.Fatalf("%d passes were made before the end: the test did not test it", before)
			}
			w.finish()
			if code, stdout, stderr := s.run("make", "--json", s.path("members.yaml")); code != exitDone || !strings.Contains(stdout, fmt.Sprintf(`"made":0,"unchanged":%d`, s.rows)) {
				t.Errorf("run again: %d, %s%s", code, stdout, stderr)
			}
		})
	}
}
