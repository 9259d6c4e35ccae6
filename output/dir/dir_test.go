package dir_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"passmill/jobs"
	"passmill/jobs/jobstest"
	"passmill/output/dir"
)

func open(t *testing.T) jobs.Shelf { return openAt(t, t.TempDir()) }

func openAt(t *testing.T, name string) *dir.Sink {
	t.Helper()
	s, err := dir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestShelf(t *testing.T) { jobstest.TestShelf(t, open) }

func TestSecondProcessIsRefused(t *testing.T) {
	name := t.TempDir()
	s, err := dir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Open(name); !errors.Is(err, jobs.ErrLocked) {
		t.Errorf("got error %v, want jobs.ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, name)
}

func TestLeftoversGo(t *testing.T) {
	name := t.TempDir()
	temp := filepath.Join(name, ".passmill", "tmp")
	if err := os.MkdirAll(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(temp, "17"), []byte("half a pa"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := dir.OpenReadOnly(name)
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for f, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = f
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if found != ".passmill/tmp/17" {
		t.Errorf("List shows %q, want the leftover", found)
	}
	for f := range openAt(t, name).List(t.Context()) {
		t.Errorf("leftover %q is still there", f)
	}
}

func TestSymbolicLinksLeadNowhere(t *testing.T) {
	outside, name := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(name, "link")); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, name)
	if err := s.Put(t.Context(), jobs.Passes(jobs.Pass{Name: "link/a.pkpass", Data: []byte("x")})); err == nil {
		t.Error("Put followed a symbolic link out of the directory")
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("outside lies %v", entries)
	}
}

func TestHiddenFolderIsOurs(t *testing.T) {
	s := openAt(t, t.TempDir())
	if err := s.Put(t.Context(), jobs.Passes(jobs.Pass{Name: ".passmill/lock", Data: []byte("x")})); err == nil {
		t.Error("Put overwrote the lock")
	}
}
