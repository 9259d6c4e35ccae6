package verify_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/sign/signtest"
	"passmill/sign/verify"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestVerdicts verifies passes that others made, two of them signed by Apple.
func TestVerdicts(t *testing.T) {
	var got strings.Builder
	err := filepath.WalkDir(filepath.Join("testdata", "passes"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".pkpass" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r := verify.Pass(data, verify.Options{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		fmt.Fprintf(&got, "%s\n  refused %v, %s %s %s, signed %v by %s\n", filepath.ToSlash(path), r.Refused(), r.TypeID, r.TeamID, r.Serial, r.SigningTime, r.Subject)
		for _, f := range r.Findings {
			fmt.Fprintf(&got, "  %v\n", f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "verdicts.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// TestGenuine asks of the two Apple-signed passes what is known of them from
// elsewhere, so that a rewritten golden file cannot hide a mistake.
func TestGenuine(t *testing.T) {
	known := map[string][]string{
		"good": {"certificate-expired"},
		"bad":  {"marker-differs", "certificate-expired"},
	}
	for name, want := range known {
		data, err := os.ReadFile(filepath.Join("testdata", "passes", "tomasmcguinness__pkpassvalidator", name+".pkpass"))
		if err != nil {
			t.Fatal(err)
		}
		r := verify.Pass(data, verify.Options{})
		got := codes(r)
		// A pool with Apple's root among others is no stricter.
		more := verify.AppleRoots()
		more.AddCert(signtest.Shared().Root())
		if with := codes(verify.Pass(data, verify.Options{Roots: more})); !slices.Equal(got, with) {
			t.Errorf("%s.pkpass: %v with a second root, %v without", name, with, got)
		}
		if with := codes(verify.Pass(data, verify.Options{Roots: roots()})); !slices.Contains(with, "untrusted") {
			t.Errorf("%s.pkpass: %v without Apple's root, want untrusted", name, with)
		}
		if refused := name == "bad"; r.Refused() != refused {
			t.Errorf("%s.pkpass: refused is %v, want %v: %v", name, r.Refused(), refused, r.Findings)
		}
		for _, code := range want {
			if !strings.Contains(strings.Join(got, " "), code) {
				t.Errorf("%s.pkpass: findings %v, want %s among them", name, got, code)
			}
		}
	}
}
