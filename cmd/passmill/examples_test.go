//go:build unix

package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"passmill/jobs/ledger/pgtest"
)

const examples = "../../docs/examples"

// An example is a copy of a folder of the documentation, with a certificate.
type example struct {
	*sandbox
	database string // a URL, in the place of the one that the text exports
}

func newExample(t *testing.T, name, database string) *example {
	t.Helper()
	e := &example{newSandbox(t, 0, ""), database}
	if err := os.CopyFS(e.path("copy"), os.DirFS(filepath.Join(examples, name))); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"pass.p12", "password.txt", "root.pem"} {
		if err := os.Rename(e.path(file), e.path("copy/"+file)); err != nil {
			t.Fatal(err)
		}
	}
	e.dir = e.path("copy")
	t.Chdir(e.dir)
	t.Setenv("PASSMILL_DATABASE", "")
	t.Setenv("PASSMILL_SOURCE_DATABASE", database)
	return e
}

// blocks are the commands in a text, each with what they print, if it says so.
var blocks = regexp.MustCompile("(?s)```sh\n(.*?)```(?:\n+```text\n(.*?)```)?")

// run runs those blocks of an example's text that want says, line by line.
func (e *example) run(want func(block string) bool) {
	e.t.Helper()
	ran := 0
	for _, block := range blocks.FindAllStringSubmatch(mustRead(e.t, "README.md"), -1) {
		if !want(block[1]) {
			continue
		}
		ran++
		var out string
		for line := range strings.Lines(block[1]) {
			out += e.command(strings.TrimSpace(line))
		}
		for line := range strings.Lines(block[2]) {
			var found bool
			if _, out, found = strings.Cut(out, line); !found {
				e.t.Fatalf("%sdid not print %s\nbut in the end %s", block[1], line, out)
			}
		}
	}
	if ran == 0 {
		e.t.Fatal("the text has no commands")
	}
}

var (
	sqlite = regexp.MustCompile(`^sqlite3 (\S+) < (\S+)$`)
	psql   = regexp.MustCompile(`^psql "\$PASSMILL_SOURCE_DATABASE" -f (\S+)$`)
)

func (e *example) command(line string) string {
	e.t.Helper()
	if args, ours := strings.CutPrefix(line, "passmill "); ours {
		var out, errs bytes.Buffer
		if code := run(e.t.Context(), strings.Fields(args), &out, &errs); code != exitDone {
			e.t.Fatalf("%s: exit status %d\n%s%s", line, code, out.String(), errs.String())
		}
		return out.String()
	}
	if m := sqlite.FindStringSubmatch(line); m != nil {
		e.execute("sqlite", m[1], m[2])
		return ""
	}
	if m := psql.FindStringSubmatch(line); m != nil {
		e.execute("postgres", e.database, m[1])
		return ""
	}
	if !strings.HasPrefix(line, "export PASSMILL_SOURCE_DATABASE=postgres://") {
		e.t.Fatalf("nobody knows how to run %q", line)
	}
	return ""
}

func (e *example) execute(driver, dsn, file string) {
	e.t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		e.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(mustRead(e.t, file)); err != nil {
		e.t.Fatalf("%s: %v", file, err)
	}
}

// expect wants texts in the pass.json of a pass.
func (e *example) expect(pass string, texts ...string) {
	e.t.Helper()
	files, err := unpack([]byte(mustRead(e.t, pass)))
	if err != nil {
		e.t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(string(files["pass.json"]), text) {
			e.t.Errorf("%s has no %s:\n%s", pass, text, files["pass.json"])
		}
	}
}

func onPostgres(block string) bool { return strings.Contains(block, "postgres://") }

// TestExampleTables runs the worked example of the classic tables as its text
// says, on both databases.
func TestExampleTables(t *testing.T) {
	for name, postgres := range map[string]bool{"SQLite": false, "PostgreSQL": true} {
		t.Run(name, func(t *testing.T) {
			database := ""
			if postgres {
				database = pgtest.Start(t)
			}
			e := newExample(t, "tables", database)
			e.run(func(block string) bool { return onPostgres(block) == postgres })
			e.expect("out/SK204-11A/boarding.pkpass", `"relevantDate":"2026-12-24T14:25+01:00"`, `"altText":"0025"`,
				`"headerFields":[{"key":"gate","label":"GATE","value":"B7","changeMessage":"Your gate is now %@."}]`,
				`{"key":"to","label":"ATHENS","value":"ATH"}`, `"value":129.50,"currencyCode":"EUR"`, `"serialNumber":"SK204-11A"`)
			e.expect("out/SK204-11B/boarding.pkpass", `"value":"Jan Müller"`, `{"message":"M1MUELLER/JAN 7XQ2PL BERATHSK 0204 358Y011B0026","format":"PKBarcodeFormatPDF417","messageEncoding":"iso-8859-1"}`)
			if out := e.command("passmill fsck --root root.pem boarding.yaml"); !strings.Contains(out, "0 to mend") {
				t.Error(out)
			}
		})
	}
}

// TestExampleSQL runs the worked example of a query as its text says.
func TestExampleSQL(t *testing.T) {
	e := newExample(t, "sql", "")
	e.run(func(string) bool { return true })
	e.expect("out/N0002.pkpass", "60", "Mateo")
}
