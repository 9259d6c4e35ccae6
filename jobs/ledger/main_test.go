package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
)

// childVariable tells a copy of the test program what to do instead of testing.
const childVariable = "LEDGER_TEST_CHILD"

func TestMain(m *testing.M) {
	if child := os.Getenv(childVariable); child != "" {
		if err := children[child](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

// child returns a command that runs a copy of the test program.
func child(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	return cmd
}

var children = map[string]func(args []string) error{
	"open":     childOpen,
	"lock":     childLock,
	"script":   childScript,
	"registry": childRegistry,
	"api":      childAPI,
	"links":    childLinks,
	"phones":   childPhones,
	"slots":    childSlots,
	"full":     childFull,
}

// both runs a test on both databases.
func both(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "a folder?", "passmill.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.Start(t)) })
}

func isPostgres(dsn string) bool { return strings.HasPrefix(dsn, "postgres") }

// now is the time that tests begin at.
var now = time.Date(2026, 11, 21, 12, 0, 0, 500e6, time.UTC)

func open(t testing.TB, dsn string) *ledger.DB {
	t.Helper()
	if !isPostgres(dsn) {
		if err := os.MkdirAll(filepath.Dir(dsn), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	db, err := ledger.Open(t.Context(), dsn, ledger.Options{Now: func() time.Time { return now }, LockWait: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, prepare(t.Context(), db))
	return db
}

// prepare stores what passes refer to.
func prepare(ctx context.Context, db *ledger.DB) error {
	if err := db.SaveTemplate(ctx, version, "card", map[string][]byte{"template.json": []byte("{}"), "icon.png": nil}); err != nil {
		return err
	}
	if err := db.SaveRecipe(ctx, ledger.Recipe{Job: "members", Definition: []byte("name: members")}); err != nil {
		return err
	}
	return db.SaveCertificate(ctx, sign.Certificate{ID: "c1", TypeID: typeID, TeamID: "TEAM", Subject: "CN=x", NotAfter: now, DER: []byte{1}})
}

// raw opens the database behind the ledger's back.
func raw(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	driver := "postgres"
	if !isPostgres(dsn) {
		driver, dsn = "sqlite", "file:"+strings.ReplaceAll(dsn, "?", "%3f")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	typeID = "pass.com.example.card"
	sink   = "dir:out"
)

var version = hash("template")

func hash(s string) jobs.Hash {
	sum := sha256.Sum256([]byte(s))
	return jobs.Hash(sum[:16])
}

func key(source string) jobs.RunKey {
	return jobs.RunKey{Job: "members", Source: hash(source), Template: version, Sink: sink, Settings: hash("settings")}
}

// row returns a staged row whose content is text.
func row(number int, serial, text string) jobs.Staged {
	return jobs.Staged{Row: number, Serial: serial, Fingerprint: hash(serial + text), Values: []byte(text), Name: serial + ".pkpass"}
}

func rows(from, to int, text string) []jobs.Staged {
	var list []jobs.Staged
	for i := from; i < to; i++ {
		list = append(list, row(i, fmt.Sprintf("S%05d", i), text))
	}
	return list
}

// content is the file of a pass; its manifest hash is the sum of it.
func content(s jobs.Staged) []byte {
	return bytes.Join([][]byte{[]byte(s.Serial), s.Values, s.Fingerprint[:]}, []byte("|"))
}

func pressed(list []jobs.Staged) []jobs.Made {
	made := make([]jobs.Made, len(list))
	for i, s := range list {
		data := content(s)
		made[i] = jobs.Made{Staged: s, TypeID: typeID, Template: version, Certificate: "c1", Size: int64(len(data)), Manifest: sha256.Sum256(data)}
	}
	return made
}

// staged begins a run with these rows and returns them as they wait.
func staged(t testing.TB, db *ledger.DB, k jobs.RunKey, list ...jobs.Staged) (int64, []jobs.Staged) {
	t.Helper()
	run, err := db.Begin(t.Context(), k, now)
	must(t, err)
	must(t, db.Stage(t.Context(), run.ID, jobs.Batch{Number: 1, Staged: list}))
	_, err = db.Imported(t.Context(), run.ID)
	must(t, err)
	waiting, err := db.Waiting(t.Context(), run.ID, 0, len(list)+1)
	must(t, err)
	return run.ID, waiting
}

// finished makes all rows of a run and ends it.
func finished(t testing.TB, db *ledger.DB, k jobs.RunKey, list ...jobs.Staged) int64 {
	t.Helper()
	run, waiting := staged(t, db, k, list...)
	must(t, db.Commit(t.Context(), run, sink, pressed(waiting), nil))
	_, err := db.Finish(t.Context(), run, jobs.RunDone, now)
	must(t, err)
	return run
}

// passRow is what a test looks at in the table of passes.
type passRow struct {
	change, modified int64
	bundle           string
}

func passOf(t testing.TB, dsn, serial string) passRow {
	t.Helper()
	query := `SELECT change_number, modified, bundle FROM passes WHERE serial = ` + quote(serial)
	var p passRow
	must(t, raw(t, dsn).QueryRow(query).Scan(&p.change, &p.modified, &p.bundle))
	return p
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func number(t testing.TB, dsn, query string) int64 {
	t.Helper()
	var n int64
	if err := raw(t, dsn).QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
