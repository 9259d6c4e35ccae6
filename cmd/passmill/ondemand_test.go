package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign/verify"
)

// updated makes the sandbox's passes ask for updates, and gives its workspace the
// key that this takes.
func (s *sandbox) updated(public string) {
	s.t.Helper()
	s.write("passmill.yaml", "publicURL: "+public+"\n")
	s.write("members.yaml", mustRead(s.t, s.path("members.yaml"))+"updates: true\n")
	if out, err := s.command(nil, "key", "init").CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}

// onDemand returns what presses the sandbox's passes out of its ledger.
func (s *sandbox) onDemand() *onDemand {
	s.t.Helper()
	space, err := findWorkspace(s.dir, s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	db, err := ledger.Open(s.t.Context(), space.database, ledger.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	return newOnDemand(db, space)
}

// passMembers returns what a pass says.
func passMembers(t *testing.T, pass []byte) map[string]any {
	t.Helper()
	files, err := unpack(pass)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(files["pass.json"], &members); err != nil {
		t.Fatal(err)
	}
	return members
}

// TestOnDemand: a pass that is pressed out of the ledger, without a file of the user's
// but the certificate, is the one that the run made, but for the signature.
func TestOnDemand(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 6, database(t))
			s.updated("https://passes.example.com/")
			if out, err := s.command(nil, "make", "members.yaml").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, gone := range []string{"members.yaml", "members.csv"} {
				if err := os.Remove(s.path(gone)); err != nil {
					t.Fatal(err)
				}
			}
			o := s.onDemand()
			const typeID = "pass.com.example.pretend"
			got, err := o.Press(t.Context(), typeID, "M00003")
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range verify.Pass(got.Data, roots()).Findings {
				t.Errorf("the pass: %+v", f)
			}
			made, pressed := passFiles(t, filepath.Join(s.dir, "out", "M00003.pkpass")), mustUnpack(t, got.Data)
			for file, data := range made {
				if file != "signature" && string(pressed[file]) != string(data) {
					t.Errorf("%s differs:\n%s\n%s", file, pressed[file], data)
				}
			}
			says := passMembers(t, got.Data)
			token, err := o.Token(t.Context(), got.Token, typeID, "M00003")
			if err != nil || says["authenticationToken"] != token || says["webServiceURL"] != "https://passes.example.com/wallet" {
				t.Errorf("token %v, address %v, want %s (%v)", says["authenticationToken"], says["webServiceURL"], token, err)
			}
			if other, _ := o.Token(t.Context(), got.Token, typeID, "M00004"); other == token {
				t.Error("two passes have one token")
			}
			if _, err := o.Press(t.Context(), typeID, "nobody"); !errors.Is(err, jobs.ErrNotFound) {
				t.Errorf("a pass that isn't there: %v", err)
			}
		})
	}
}

func mustUnpack(t *testing.T, pass []byte) map[string][]byte {
	t.Helper()
	files, err := unpack(pass)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
