//go:build unix

package main

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"passmill/jobs/ledger/pgtest"
	"passmill/jobs/table"
	"passmill/sign/signtest"
)

// A board is a workspace with a job over the four classic tables.
type board struct {
	*sandbox
	db *sql.DB
}

// newBoard makes the tables with so many passes, the last of which lacks a name.
func newBoard(t *testing.T, rows int, postgres bool) *board {
	t.Helper()
	s := newSandbox(t, 0, "")
	s.rows = rows - 1
	driver, database := "sqlite", s.path("cards.db")
	if postgres {
		driver, database = "postgres", pgtest.Start(t)
	}
	s.write("members.yaml", "source: tables\nmap: {MemberID: serial_number}\nserial: MemberID\ncertificate: {p12: pass.p12, passwordFile: password.txt}\noutput: {dir: out}\n")
	t.Setenv("PASSMILL_SOURCE_DATABASE", database)
	if code, _, stderr := s.run("tables", "create"); code != exitDone {
		t.Fatal(stderr)
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &board{s, db}
	b.exec(`INSERT INTO pass_foundation VALUES ('pass.com.example.pretend', '2020-01-01 00:00:00', 'storecard', 'card')`)
	for i := range rows {
		b.exec(fmt.Sprintf(`INSERT INTO pass_job (pass_type_identifier, serial_number) VALUES ('pass.com.example.pretend', 'M%04d')`, i))
		b.exec(fmt.Sprintf(`INSERT INTO pass_job_field VALUES ('pass.com.example.pretend', 'M%04d', 'FirstName', 'Ada')`, i))
		if i < rows-1 {
			b.exec(fmt.Sprintf(`INSERT INTO pass_job_field VALUES ('pass.com.example.pretend', 'M%04d', 'LastName', 'Lovelace')`, i))
		}
	}
	return b
}

func (b *board) exec(statement string) {
	b.t.Helper()
	if _, err := b.db.Exec(statement); err != nil {
		b.t.Fatalf("%s: %v", statement, err)
	}
}

// completed returns the serial numbers that are marked.
func (b *board) completed() (serials []string) {
	b.t.Helper()
	rows, err := b.db.Query(`SELECT serial_number FROM pass_job WHERE completed AND made_for = updated ORDER BY serial_number`)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var serial string
		if err := rows.Scan(&serial); err != nil {
			b.t.Fatal(err)
		}
		serials = append(serials, serial)
	}
	return serials
}

// make runs the job and wants an exit status and a text in its summary.
func (b *board) make(status int, text string, args ...string) {
	b.t.Helper()
	code, stdout, stderr := b.run(append([]string{"make", "--json", b.path("members.yaml")}, args...)...)
	if code != status || !strings.Contains(stdout, text) {
		b.t.Fatalf("got %d, %s%s; want %d, %s", code, stdout, stderr, status, text)
	}
}

// TestTables: what is made is marked, what is refused stays open, what only looks
// writes nothing, and what is updated is made again.
func TestTables(t *testing.T) {
	for name, postgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			b := newBoard(t, 4, postgres)
			code, stdout, _ := b.run("check", b.path("members.yaml"))
			if code != exitPartly || !strings.Contains(stdout, "row 4 (serial_number=M0003): LastName: is required and empty") {
				t.Errorf("check: %d, %s", code, stdout)
			}
			b.make(exitPartly, `"rows":4,"made":3,"unchanged":0,"refused":1`, "--dry-run")
			if got := b.completed(); len(got) != 0 {
				t.Fatalf("%q were marked, and nothing was made", got)
			}
			b.make(exitPartly, `"rows":4,"made":3,"unchanged":0,"refused":1`)
			if got := fmt.Sprint(b.completed()); got != "[M0000 M0001 M0002]" {
				t.Errorf("marked are %s", got)
			}
			b.make(exitPartly, `"rows":1,"made":0,"unchanged":0,"refused":1`)
			b.exec(`INSERT INTO pass_job_field VALUES ('pass.com.example.pretend', 'M0003', 'LastName', 'Late')`)
			b.exec(`UPDATE pass_job_field SET value = 'King' WHERE serial_number = 'M0001' AND name = 'LastName'`)
			b.exec(`UPDATE pass_job SET updated = '2026-11-25 12:00:00.123' WHERE serial_number IN ('M0001', 'M0002')`)
			b.make(exitDone, `"rows":3,"made":2,"unchanged":1,"refused":0`)
			b.make(exitDone, `"rows":0,"made":0`)
			b.make(exitDone, `"rows":4,"made":4`, "--force")
			if got := b.completed(); len(got) != 4 || len(b.files()) != 4 || b.files()["M0001/card.pkpass"] == nil {
				t.Errorf("marked are %q, of %d files", got, len(b.files()))
			}
			if code, stdout, _ := b.run("fsck", "--root", b.path("root.pem"), b.path("members.yaml")); code != exitDone {
				t.Errorf("fsck: %s", stdout)
			}
		})
	}
}

// TestTablesOtherSerial: where a field of its own is the serial number of passes,
// the rows are marked that the passes were made of, also if that field's values
// look like other rows.
func TestTablesOtherSerial(t *testing.T) {
	for name, postgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			b := newBoard(t, 3, postgres)
			b.write("members.yaml", "source: tables\nmap: {MemberID: serial_number}\nserial: CardNumber\ncertificate: {p12: pass.p12, passwordFile: password.txt}\noutput: {dir: out}\n")
			for serial, card := range map[string]string{"M0000": "M0002", "M0001": "M0000", "M0002": "M0001"} {
				b.exec(fmt.Sprintf(`INSERT INTO pass_job_field VALUES ('pass.com.example.pretend', '%s', 'CardNumber', '%s')`, serial, card))
			}
			b.exec(`UPDATE pass_job SET updated = '2026-11-25 12:00:00'`) // as who fills the table at once
			b.make(exitPartly, `"rows":3,"made":2,"unchanged":0,"refused":1`)
			if got := fmt.Sprint(b.completed()); got != "[M0000 M0001]" {
				t.Errorf("marked are %s", got)
			}
		})
	}
}

// TestTablesOtherType: passes of one type in the tables are not made as those of
// another, because the template of their foundation names that one.
func TestTablesOtherType(t *testing.T) {
	b := newBoard(t, 2, false)
	b.write("wwdr.pem", string(signtest.Shared().IntermediatePEM()))
	do := func(args ...string) {
		if out, err := b.command(nil, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	do("key", "init")
	for _, typeID := range []string{"", "pass.com.example.other"} { // the first one is the default
		b.certificate(signtest.Options{EC: true, TypeID: typeID})
		do("cert", "import", "--intermediate", "wwdr.pem", "--password-file", "password.txt", "pass.p12")
	}
	b.write("members.yaml", "source: tables\nmap: {MemberID: serial_number}\noutput: {dir: out}\n")
	do("template", "new", "storecard", "other")
	b.write("other/template.json", strings.Replace(mustRead(t, b.path("other/template.json")), "{", `{"passTypeIdentifier": "pass.com.example.other",`, 1))
	b.exec(`UPDATE pass_foundation SET stationery_folder_path = 'other'`)
	code, _, stderr := b.run("make", b.path("members.yaml"))
	if code != exitNotDone || !strings.Contains(stderr, "pass.com.example.pretend") || !strings.Contains(stderr, "pass.com.example.other") {
		t.Errorf("got %d, %s", code, stderr)
	}
	if got := b.completed(); len(got) > 0 || len(b.files()) > 0 {
		t.Errorf("%q are marked, of %d files", got, len(b.files()))
	}
}

// TestTablesFaults ends the program, and lets it fail, before, between and after
// making and marking: no row is marked without its pass, no pass is made twice,
// and the next run brings both together.
func TestTablesFaults(t *testing.T) {
	points := append(table.FaultPoints, "press.sign", "dir.renamed", "dir.put", "ledger.commit.commit", "ledger.commit.committed", "ledger.finish.committed")
	for name, postgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			b := newBoard(t, 5, postgres)
			for round, point := range points {
				for _, action := range []string{"exit", "error"} {
					spec := point + ":1:" + action
					word := fmt.Sprintf("%s%d", action, round)
					b.exec(`UPDATE pass_job_field SET value = '` + word + `' WHERE name = 'LastName'`)
					b.exec(fmt.Sprintf(`UPDATE pass_job SET updated = '2026-11-25 12:%02d:%02d'`, round, len(action)))
					out, err := b.command([]string{"FAULT=" + spec}, "make", "members.yaml").CombinedOutput()
					if err == nil || action == "error" && !strings.Contains(string(out), point) {
						t.Fatalf("%s was not reached: %v\n%s", spec, err, out)
					}
					w := &witness{s: b.sandbox, seen: map[string][]byte{}}
					b.whole(spec, word)
					for name, data := range b.files() {
						if strings.Contains(passJSON(t, data), word) {
							w.seen[name] = data
						}
					}
					b.make(exitPartly, `"refused":1`)
					w.look(spec)
					b.whole(spec, word)
					if got := b.completed(); len(got) != b.rows {
						t.Fatalf("%s: marked are %q of %d", spec, got, b.rows)
					}
				}
			}
		})
	}
}

// whole sees to it that each row that is marked has its pass.
func (b *board) whole(moment, word string) {
	b.t.Helper()
	files := b.files()
	for _, serial := range b.completed() {
		if data := files[serial+"/card.pkpass"]; data == nil || !strings.Contains(passJSON(b.t, data), word) {
			b.t.Fatalf("%s: %s is marked, and its pass is not as it is to be", moment, serial)
		}
	}
}

func passJSON(t *testing.T, pass []byte) string {
	t.Helper()
	files, err := unpack(pass)
	if err != nil {
		t.Fatal(err)
	}
	return string(files["pass.json"])
}
