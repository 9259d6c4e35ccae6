package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"passmill/sign/signtest"
)

// refuses wants that make stops before the first row and says why in one message, and
// that check says the same, once; neither leaves anything in the output.
func (s *sandbox) refuses(want string) {
	s.t.Helper()
	code, stdout, stderr := s.run("make", s.path("members.yaml"))
	lines := strings.Split(strings.TrimSpace(stderr), "\n") // that it can't start, why, and perhaps how to renew
	if code != exitNotDone || stdout != "" || !strings.Contains(lines[0], "can't start") || len(lines) < 2 || !strings.Contains(lines[1], want) ||
		len(lines) > 3 || len(lines) == 3 && !strings.Contains(lines[2], "to renew it: ") {
		s.t.Errorf("make: got %d, %q, %q; want %q in one message", code, stdout, stderr, want)
	}
	code, stdout, _ = s.run("check", s.path("members.yaml"))
	if code != exitPartly || !strings.Contains(strings.SplitN(stdout, "\n", 2)[0], want) || !strings.Contains(stdout, "\nand 1 to mend in the job") {
		s.t.Errorf("check: got %d, %q; want %q in one message", code, stdout, want)
	}
	entries, err := os.ReadDir(s.path("out"))
	if len(entries) > 0 || err != nil && !os.IsNotExist(err) {
		s.t.Errorf("in the output: %v (%v)", entries, err)
	}
}

func TestWrongPassword(t *testing.T) {
	s := newSandbox(t, 3, "")
	s.write("password.txt", "another\n")
	s.refuses("wrong password")
	if _, _, stderr := s.run("make", s.path("members.yaml")); strings.Contains(stderr, "another") {
		t.Errorf("the message tells the password: %s", stderr)
	}
}

func TestTemplateOfAnotherPassType(t *testing.T) {
	s := newSandbox(t, 3, "")
	if code, _, stderr := s.run("template", "new", "storecard", s.path("storecard")); code != exitDone {
		t.Fatal(stderr)
	}
	text, err := os.ReadFile(s.path("storecard/template.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("storecard/template.json", strings.Replace(string(text), "{", `{"passTypeIdentifier": "pass.com.example.foreign", "teamIdentifier": "FOREIGN123",`, 1))
	code, _, stderr := s.run("make", s.path("members.yaml"))
	for _, want := range []string{"pass.com.example.foreign", "pass.com.example.pretend", "FOREIGN123", "PRETEND123"} {
		if code != exitNotDone || !strings.Contains(stderr, want) {
			t.Errorf("got %d, %q; want %q named", code, stderr, want)
		}
	}
}

// TestOpenSSLAgrees: a passes' signature is good in the eyes of a program that
// shares nothing with ours, for all kinds of keys and certificate files.
func TestOpenSSLAgrees(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("these tests need openssl; see make test")
	}
	for name, o := range map[string]signtest.Options{"rsa": {}, "ec": {EC: true}} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 5, "")
			s.certificate(o)
			if code, _, stderr := s.run("make", s.path("members.yaml")); code != exitDone {
				t.Fatal(stderr)
			}
			for pass, data := range s.files() {
				if strings.HasSuffix(pass, ".pkpasses") {
					continue
				}
				files, err := unpack(data)
				if err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				for _, f := range []string{"manifest.json", "signature"} {
					if err := os.WriteFile(filepath.Join(dir, f), files[f], 0o600); err != nil {
						t.Fatal(err)
					}
				}
				out, err := exec.Command(openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", filepath.Join(dir, "signature"),
					"-content", filepath.Join(dir, "manifest.json"), "-CAfile", s.path("root.pem"), "-purpose", "any", "-out", os.DevNull).CombinedOutput()
				if err != nil {
					t.Errorf("%s: %v\n%s", pass, err, out)
				}
			}
		})
	}
}
