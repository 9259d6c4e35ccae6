package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"passmill/jobs/ledger"
)

// A canary is a person whose name, address and serial number nobody else has.
type canary struct{ serial, name, email string }

var wanda = canary{"M00001", "Wanda Zaubermann", "Wanda.Zaubermann@example.org"}

// canarySandbox is a sandbox with three members, one of whom is the canary, and all
// that there can be of them: passes, bundles, former rows, a device, its log, links,
// mails and a run that refused her.
func canarySandbox(t *testing.T, database string) *sandbox {
	t.Helper()
	box := startLetterBox(t)
	s := newSandbox(t, 3, database)
	s.updated("https://passes.example.com")
	s.write("passmill.yaml", mustRead(t, s.path("passmill.yaml"))+
		fmt.Sprintf("mail: {server: %q, from: Shop <shop@example.com>, tls: none}\n", box.address))
	s.write("members.yaml", mustRead(t, s.path("members.yaml"))+"links: true\nmail: {to: Contact, language: Language}\n")
	s.write("mail.yaml", "subject: Your card, $$FirstName\n")
	s.persons("A1", "2")
	s.make()
	s.persons("B2", "2")
	s.make()
	s.ok("links", "members.yaml", "--out", "links.csv")
	s.ok("mail", "members.yaml", "--confirm", "3")
	w := s.inProcess()
	if got := w.register("wandas-phone", wanda.serial); got != http.StatusCreated {
		t.Fatalf("register: %d", got)
	}
	if got := w.register("wandas-phone", "M00000"); got != http.StatusCreated {
		t.Fatalf("register: %d", got)
	}
	w.call("POST", "/log", "", `{"logs":["[2026-11-25 10:00:00 +0000] Get pass task (pass type `+pretendType+`, serial number M00001, with web service url x) encountered error: Y"]}`)
	s.persons("B2", "lots")
	s.exits(exitPartly, "make", "members.yaml") // refuses her row
	s.persons("B2", "2")
	w.serving.db.Close() // a restore wants to be alone
	return s
}

// persons writes the rows; mark stands in the canary's row.
func (s *sandbox) persons(mark, points string) {
	var b strings.Builder
	b.WriteString("MemberID,FirstName,LastName,Tier,Points,FamilyID,Contact,Language,City\n")
	fmt.Fprintf(&b, "M00000,Ada,Lovelace,Gold,1,F0,ada@example.com,de,London\n")
	fmt.Fprintf(&b, "%s,%s,%s,Gold,%s,F0,%s,de,Zaubermannstadt\n", wanda.serial, wanda.name, mark, points, wanda.email)
	fmt.Fprintf(&b, "M00002,Bea,Babbage,Gold,3,F1,bea@example.com,de,Bath\n")
	s.write("members.csv", b.String())
}

// look returns where anything of the canary is left: in files besides the source, and in
// tables.
func (s *sandbox) look(words ...string) (places []string) {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(name string, e fs.DirEntry, err error) error {
		base := filepath.Base(name)
		if err != nil || e.IsDir() || base == "members.csv" || base == "links.csv" || strings.HasSuffix(base, ".backup") {
			return err
		}
		// By another process: closing a file takes away the locks that SQLite has on it in
		// this one.
		data, err := exec.CommandContext(s.t.Context(), "cat", name).Output()
		for _, w := range words {
			if bytes.Contains(bytes.ToLower(data), bytes.ToLower([]byte(w))) {
				places = append(places, w+" in "+base)
			}
			if strings.Contains(base, w) {
				places = append(places, "the file "+base)
			}
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return append(places, s.inTables(words...)...)
}

// inTables looks through all tables.
func (s *sandbox) inTables(words ...string) (places []string) {
	s.t.Helper()
	db := s.raw()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if s.database != "" {
		tables = `SELECT tablename FROM pg_tables WHERE schemaname = CURRENT_SCHEMA()`
	}
	rows, err := db.QueryContext(s.t.Context(), tables)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			s.t.Fatal(err)
		}
		names = append(names, name)
	}
	for _, name := range names {
		rows, err := db.QueryContext(s.t.Context(), `SELECT * FROM "`+name+`"`)
		if err != nil {
			s.t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			s.t.Fatal(err)
		}
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range dest {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				s.t.Fatal(err)
			}
			for i, v := range values {
				text := fmt.Sprint(v)
				if b, ok := v.([]byte); ok {
					text = string(b)
				}
				for _, w := range words {
					if strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
						places = append(places, w+" in "+name+"."+columns[i])
					}
				}
			}
		}
	}
	return places
}

var hers = []string{wanda.serial, wanda.name, wanda.email, "Zaubermann"}

// TestErase: nothing is left of a person, everything of the others, and all counts add
// up; no run brings her back.
func TestErase(t *testing.T) {
	for name, database := range books {
		for _, by := range [][]string{{"--email", " wanda.zaubermann@EXAMPLE.org"}, {"--serial", wanda.serial}} {
			t.Run(name+by[0], func(t *testing.T) {
				s := canarySandbox(t, database(t))
				if n := len(s.look(hers...)); n < 5 {
					t.Fatalf("the canary is in %d places only", n)
				}
				before := s.ok("stats", "members", "--json")
				page := linkIn(t, s.path("links.csv"), 2)
				w := s.inProcess()
				if got := w.browse("GET", page, "Mozilla/5.0 (Macintosh) Safari/605"); got != http.StatusOK {
					t.Fatalf("her link before: %d", got)
				}
				if got := w.call("GET", "/passes/"+pretendType+"/M00001", wanda.serial, "").StatusCode; got != http.StatusOK {
					t.Fatalf("her pass before: %d", got)
				}

				s.says(wanda.serial, s.ok(append([]string{"erase", "--dry-run"}, by...)...))
				s.says("add --confirm", s.exits(1, append([]string{"erase"}, by...)...))
				out := s.ok(append([]string{"erase", "--confirm", "--receipt", "receipt.json"}, by...)...)
				s.says("1 pass", out)

				// The server that runs has it no more.
				if got := w.browse("GET", page, "Mozilla/5.0 (Macintosh) Safari/605"); got == http.StatusOK {
					t.Error("her link still opens")
				}
				if got := w.call("GET", "/passes/"+pretendType+"/M00001", wanda.serial, "").StatusCode; got != http.StatusUnauthorized {
					t.Errorf("her pass: %d", got)
				}
				if places := s.look(hers...); len(places) > 0 {
					t.Errorf("left: %q", places)
				}
				if got := w.call("GET", "/passes/"+pretendType+"/M00000", "M00000", "").StatusCode; got != http.StatusOK {
					t.Errorf("another's pass: %d", got)
				}
				if after := s.ok("stats", "members", "--json"); after != before {
					t.Errorf("counts were\n%s and are\n%s", before, after)
				}
				var r ledger.Receipt
				if err := json.Unmarshal([]byte(mustRead(t, s.path("receipt.json"))), &r); err != nil {
					t.Fatal(err)
				}
				if n := r.Counts; n.Passes != 1 || n.Rows < 2 || n.Files != 1 || n.Links != 1 || n.Mails != 1 || n.Registrations != 1 || n.Problems == 0 || n.LogLines == 0 {
					t.Errorf("receipt: %+v", n)
				}
				s.says(r.ID, s.ok("erase", "list"))
				s.says("was erased before", s.ok(append([]string{"erase", "--confirm"}, by...)...))

				// A nightly run brings nobody back, and keeps nothing of her.
				s.says("is of a person who was erased", s.exits(exitPartly, "make", "members.yaml"))
				if places := s.look(hers...); len(places) > 0 {
					t.Errorf("after a run: %q", places)
				}
				s.ok("fsck", "--root", "root.pem", "members.yaml")

				s.ok("erase", "--lift", by[1])
				s.ok("make", "members.yaml")
				if _, err := os.Stat(s.path("out/" + wanda.serial + ".pkpass")); err != nil {
					t.Errorf("after she was let back: %v", err)
				}
			})
		}
	}
}
