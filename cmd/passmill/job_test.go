package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
)

// TestStoredJob takes a job through its life, whatever the database.
func TestStoredJob(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 30, database(t))
			t.Chdir(s.dir)
			s.want(exitDone, `job "members" is in the ledger`, "job", "add", "members.yaml")
			s.want(exitDone, `"made":30,"unchanged":0,"refused":0`, "make", "members", "--json")
			before := s.files()

			// Exported elsewhere, it makes the very same passes.
			s.want(exitDone, "members.yaml", "job", "export", "members", "--dir", filepath.Join("copies", "one"))
			t.Setenv("PASSMILL_DATABASE", s.database)
			s.want(exitDone, `"made":0,"unchanged":30,"refused":0`, "make", filepath.Join("copies", "one", "members.yaml"), "--json")
			if err := os.RemoveAll(s.path("members.yaml")); err != nil {
				t.Fatal(err)
			}
			s.want(exitDone, `"made":0,"unchanged":30,"refused":0`, "make", "members", "--json")
			for file, data := range s.files() {
				if string(before[file]) != string(data) {
					t.Errorf("%s was made again", file)
				}
			}
			s.want(exitDone, "0 to mend", "fsck", "--root", "root.pem", "members")

			unlock := s.lock("members")
			s.want(exitNotDone, `job "members" is in use by another process`, "job", "remove", "members")
			unlock()
			s.want(exitDone, "its 30 passes remain", "job", "remove", "members")
			s.want(exitNotDone, `the ledger holds no job "members"; passmill job add FILE puts one there`, "make", "members")
		})
	}
}

// want runs the program and looks for a text in what it says.
func (s *sandbox) want(status int, text string, args ...string) {
	s.t.Helper()
	code, stdout, stderr := s.run(args...)
	if code != status || !strings.Contains(stdout+stderr, text) {
		s.t.Fatalf("%v: got %d, want %d and %q\n%s%s", args, code, status, text, stdout, stderr)
	}
}

// lock does as a process would that works on the job.
func (s *sandbox) lock(job string) (unlock func()) {
	s.t.Helper()
	dsn := s.database
	if dsn == "" {
		dsn = s.path(ledgerFile)
	}
	db, err := ledger.Open(s.t.Context(), dsn, ledger.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	free, err := db.LockJob(s.t.Context(), job)
	if err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := free(); err != nil {
			s.t.Error(err)
		}
		db.Close()
	}
}
