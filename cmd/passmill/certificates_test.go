package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passmill/sign/signtest"
)

// TestWrongCertificates: each wrong kind stops the job before the first row,
// with a message of its own, and makes nothing.
func TestWrongCertificates(t *testing.T) {
	now := time.Now()
	tests := map[string]struct {
		options signtest.Options
		want    string
	}{
		"expired":              {signtest.Options{NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(-1, 0, 0)}, "expired"},
		"not yet valid":        {signtest.Options{NotBefore: now.AddDate(0, 0, 7), NotAfter: now.AddDate(1, 0, 0)}, "not yet valid"},
		"expires in the run":   {signtest.Options{NotAfter: now.Add(time.Hour)}, "expires during the run"},
		"key does not fit":     {signtest.Options{OtherKey: true}, "key does not fit"},
		"not a pass":           {signtest.Options{NoMarker: true, NoUsage: true}, "not a pass certificate"},
		"no usage":             {signtest.Options{NoUsage: true}, "not a pass certificate"},
		"marker of another":    {signtest.Options{Marker: "pass.com.example.other"}, "marker holds another name"},
		"no pass type":         {signtest.Options{NoTypeID: true}, "wrong pass type"},
		"no team":              {signtest.Options{NoTeamID: true}, "wrong team"},
		"missing intermediate": {signtest.Options{OtherIntermediate: true}, "no intermediate certificate"},
		"forged":               {signtest.Options{Forged: true}, "wrong intermediate certificate"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 3, "")
			test.options.EC = true
			s.certificate(test.options)
			s.refuses(test.want)
		})
	}
}

// refuses wants that make stops before the first row, and that check says why
// as well.
func (s *sandbox) refuses(want string) {
	s.t.Helper()
	code, stdout, stderr := s.run("make", s.path("members.yaml"))
	if code != exitNotDone || !strings.Contains(stderr, want) || stdout != "" {
		s.t.Errorf("make: got %d, %q, %q; want %q", code, stdout, stderr, want)
	}
	if files := s.files(); len(files) > 0 {
		s.t.Errorf("make made %d passes", len(files))
	}
	if code, stdout, _ := s.run("check", s.path("members.yaml")); code != exitPartly || !strings.Contains(stdout, want) {
		s.t.Errorf("check: got %d, %q; want %q", code, stdout, want)
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
