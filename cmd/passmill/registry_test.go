//go:build unix

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"passmill/jobs/ledger"
	"passmill/sign"
	"passmill/sign/signtest"
)

// registered is a sandbox whose job takes its certificate from the registry.
func registered(t *testing.T, rows int, o signtest.Options) *sandbox {
	t.Helper()
	s := newSandbox(t, rows, "")
	s.certificate(o)
	s.write("wwdr.pem", string(signtest.Shared().IntermediatePEM()))
	s.write("members.yaml", strings.Replace(mustRead(t, s.path("members.yaml")), "certificate: {p12: pass.p12, passwordFile: password.txt}\n", "", 1))
	for _, args := range [][]string{{"key", "init"}, {"cert", "import", "--intermediate", "wwdr.pem", "--password-file", "password.txt", "pass.p12"}} {
		if out, err := s.command(nil, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"pass.p12", "password.txt"} {
		if err := os.Remove(s.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestRotationWhileSigning rotates the key-encryption key again and again while
// runs sign: none fails.
func TestRotationWhileSigning(t *testing.T) {
	s := registered(t, 300, signtest.Options{}) // RSA, so that it takes a while
	for range 3 {
		cmd := s.command(nil, "make", "--force", "members.yaml")
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if out, err := s.command(nil, "key", "rotate").CombinedOutput(); err != nil {
				t.Errorf("rotate: %v\n%s", err, out)
			}
		}
		if err := cmd.Wait(); err != nil || !strings.Contains(output.String(), "300 rows: 300 made") {
			t.Errorf("make: %v\n%s", err, output.String())
		}
	}
	if code, stdout, _ := s.run("fsck", "--root", s.path("root.pem"), s.path("members.yaml")); code != exitDone {
		t.Errorf("fsck: %s", stdout)
	}
}

// TestRegisteredExpires: a certificate that expires within the run's margin makes
// nothing, and the message says how it is renewed.
func TestRegisteredExpires(t *testing.T) {
	s := registered(t, 3, signtest.Options{EC: true, NotAfter: time.Now().Add(time.Hour)})
	s.refuses("expires during the run")
	if _, _, stderr := s.run("make", s.path("members.yaml")); !strings.Contains(stderr, "passmill cert request --pass-type pass.com.example.pretend") {
		t.Errorf("the message does not say how to renew: %s", stderr)
	}
}

// TestClockBehind: a clock that is before the last signature makes nothing.
func TestClockBehind(t *testing.T) {
	s := registered(t, 3, signtest.Options{EC: true})
	db, err := ledger.Open(t.Context(), s.path("passmill.db"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	event := sign.Event{At: time.Now().Add(10 * time.Minute), Actor: "tomorrow", Action: sign.ActionSignEnd}
	if err := db.AddEvent(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	db.Close()
	code, stdout, stderr := s.run("make", s.path("members.yaml"))
	if code != exitNotDone || !strings.Contains(stderr, "wrong clock") || stdout != "" || len(s.files()) > 0 {
		t.Errorf("got %d, %s%s and %d passes", code, stdout, stderr, len(s.files()))
	}
}

// TestAuditOfARun: who signs is written down before the first signature; if that
// can't be written, nothing is signed.
func TestAuditOfARun(t *testing.T) {
	s := registered(t, 3, signtest.Options{EC: true})
	out, err := s.command([]string{"FAULT=ledger.audit.commit:1:error"}, "make", "members.yaml").CombinedOutput()
	if err == nil || len(s.files()) > 0 {
		t.Errorf("signed without a word in the audit: %s", out)
	}
	if code, _, stderr := s.run("make", s.path("members.yaml")); code != exitDone {
		t.Fatal(stderr)
	}
	t.Chdir(s.dir)
	_, stdout, _ := s.run("cert", "history", "pass.com.example.pretend")
	if strings.Count(stdout, "sign-end") != 1 || !strings.Contains(stdout, "3 rows: 3 made") {
		t.Errorf("history:\n%s", stdout)
	}
}
