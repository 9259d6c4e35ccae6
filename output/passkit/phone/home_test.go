package phone_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passmill/output/passkit/phone"
)

// TestHome lets several phones live in one folder: they are one.
func TestHome(t *testing.T) {
	home := phone.Home{Dir: filepath.Join(t.TempDir(), "a [new] one")}
	fresh := func() *phone.Phone { return &phone.Phone{Judge: judge, Now: time.Now} }
	const pass = `{"passTypeIdentifier": "t", "serialNumber": "../s"}`
	first := fresh()
	failed := errors.New("failed")
	err := home.With(first, func() error {
		if _, err := first.Put([]byte(pass)); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	second := fresh()
	if err := home.With(second, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if second.Library != first.Library || len(second.Library) != 32 || second.PushToken != first.PushToken || len(second.PushToken) != 64 {
		t.Errorf("it has other identifiers than before, or such of another length: %q, %q", second.Library, second.PushToken)
	}
	held := second.Find("t", "../s")
	if held == nil {
		t.Fatal("what was done before the failure is forgotten")
	}
	if data, err := os.ReadFile(home.File(held)); err != nil || string(data) != pass {
		t.Errorf("the file of the pass: %q, %v", data, err)
	}
	for _, name := range []string{home.File(held), filepath.Join(home.Dir, "phone.json")} {
		if stat, err := os.Stat(name); err != nil || stat.Mode().Perm() != 0o600 {
			t.Errorf("%s holds tokens, and has mode %v, %v", name, stat.Mode(), err)
		}
	}
	if err := home.With(second, func() error { return second.Remove(t.Context(), second.Passes[0]) }); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(filepath.Join(home.Dir, "passes")); err != nil || len(files) > 0 {
		t.Errorf("files of passes that are gone: %v, %v", files, err)
	}
	if err := os.WriteFile(filepath.Join(home.Dir, "phone.json"), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := home.With(fresh(), func() error { return nil }); err == nil || !strings.Contains(err.Error(), "is no phone of passmill's") {
		t.Errorf("a foreign file: %v", err)
	}
}
