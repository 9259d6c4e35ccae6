//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"passmill/sign/signtest"
)

// TestStopping: a run that is asked to stop ends soon, says how to go on, and
// leaves what a killed one leaves: nothing half-made.
func TestStopping(t *testing.T) {
	w := &witness{s: newSandbox(t, 2000, ""), seen: map[string][]byte{}}
	w.s.certificate(signtest.Options{}) // RSA, so that there is time to stop it
	cmd := w.s.command(nil, "make", "members.yaml")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for len(w.s.files()) == 0 {
		time.Sleep(10 * time.Millisecond) // a process of its own can only be looked at
	}
	w.s.signal(cmd, syscall.SIGTERM)
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != exitNotDone || !strings.Contains(stderr.String(), "interrupted; run the same command again") {
		t.Fatalf("got %v, %s", cmd.ProcessState, stderr.String())
	}
	w.look("after the stop")
	if n := len(w.seen); n == 0 || n == w.s.rows {
		t.Fatalf("%d passes were made before the stop: the test did not test it", n)
	}
	w.finish()
}

// TestTwoAtOnce: of two runs of one job one is refused and says why, whatever the
// database; of two jobs that share an output too.
func TestTwoAtOnce(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 600, database(t))
			s.certificate(signtest.Options{})
			s.write("other.yaml", strings.Replace(mustRead(t, s.path("members.yaml")), "template:", "name: other\ntemplate:", 1))
			cmd := s.command(nil, "make", "members.yaml")
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for len(s.files()) == 0 {
				time.Sleep(10 * time.Millisecond) // as above
			}
			s.signal(cmd, syscall.SIGSTOP) // it holds what it holds for as long as this test needs
			for job, want := range map[string]string{"members.yaml": `job "members" is in use by another process`, "other.yaml": "output directory"} {
				code, _, stderr := s.run("make", s.path(job))
				if code != exitNotDone || !strings.Contains(stderr, want) || !strings.Contains(stderr, "in use by another process") {
					t.Errorf("%s: got %d, %q; want %q", job, code, stderr, want)
				}
			}
			s.signal(cmd, syscall.SIGCONT)
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, output.String())
			}
		})
	}
}

func (s *sandbox) signal(cmd *exec.Cmd, sig os.Signal) {
	s.t.Helper()
	if err := cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func mustRead(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestChangedWhileInterrupted: when source or template changed since a run was
// killed, its rest is not made; a new run makes what the new rows ask for.
func TestChangedWhileInterrupted(t *testing.T) {
	s := newSandbox(t, 200, "")
	if out, err := s.command([]string{"FAULT=ledger.commit.commit:2:exit"}, "make", "members.yaml").CombinedOutput(); err == nil {
		t.Fatalf("the fault point was not reached\n%s", out)
	}
	s.members(func(int) string { return "Silver" })
	if code, stdout, stderr := s.run("make", "--json", s.path("members.yaml")); code != exitDone || !strings.Contains(stdout, `"run":2,"rows":200,"made":200,"unchanged":0`) {
		t.Fatalf("got %d, %s%s", code, stdout, stderr)
	}
	for name, data := range s.files() {
		if files, err := unpack(data); err == nil && files["pass.json"] != nil && !strings.Contains(string(files["pass.json"]), "Silver") {
			t.Errorf("%s is not what the rows ask for", name)
		}
	}
	if code, stdout, _ := s.run("fsck", "--root", s.path("root.pem"), s.path("members.yaml")); code != exitDone {
		t.Errorf("fsck: %s", stdout)
	}
}

// TestGoingOn: a run that goes on says so, names the rows that were refused when
// it began, and does not miss a row that it was asked for.
func TestGoingOn(t *testing.T) {
	s := newSandbox(t, 3, "")
	s.write("members.csv", mustRead(t, s.path("members.csv"))+"M9,,Nobody,Gold,1,\n")
	for _, args := range [][]string{{"make", "members.yaml"}, {"make", "--only", "M00001", "--force", "members.yaml"}} {
		if out, err := s.command([]string{"FAULT=ledger.commit.commit:1:exit"}, args...).CombinedOutput(); err == nil {
			t.Fatalf("the fault point was not reached\n%s", out)
		}
		want := exitPartly
		if len(args) > 2 {
			want = exitDone
		}
		args[len(args)-1] = s.path("members.yaml")
		code, stdout, stderr := s.run(args...)
		if code != want || !strings.Contains(stderr, "which was interrupted") || want == exitPartly && !strings.Contains(stderr, "FirstName: is required and empty") {
			t.Errorf("%v: got %d, %s%s", args, code, stdout, stderr)
		}
	}
}
