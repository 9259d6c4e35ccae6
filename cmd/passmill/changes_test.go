//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"passmill/jobs/fault"
	"passmill/jobs/ledger"
)

// A change is something that passes undergo without a row of a run, in a sandbox whose
// passes were made twice; and what is to be true of M00001 and M00002 then.
type change struct {
	name    string
	prepare func(*sandbox)
	args    []string
	again   []string // what brings the files in order after the fault; empty for the same command
	first   string   // in pass.json of M00001
	second  string   // in that of M00002
}

var changes = []change{
	{"void", func(*sandbox) {}, []string{"void", "M00001", "M00002"}, nil, `"voided":true`, `"voided":true`},
	// The next run brings the files in order as well.
	{"void-make", func(*sandbox) {}, []string{"void", "--where", "MemberID in ('M00001', 'M00002')"}, []string{"make", "members.yaml"}, `"voided":true`, `"voided":true`},
	{"rollback", func(*sandbox) {}, []string{"rollback", "2"}, nil, "Gold", "Gold"},
	{"missing", func(s *sandbox) {
		text := mustRead(s.t, s.path("members.csv"))
		s.write("members.csv", text[:strings.Index(text, "M00001")]+text[strings.Index(text, "M00003"):])
	}, []string{"make", "members.yaml"}, nil, `"voided":true`, `"voided":true`},
}

// madeTwice makes the passes of a sandbox, and again with another tier.
func madeTwice(t *testing.T, database string) *sandbox {
	s := newSandbox(t, 12, database)
	s.write("members.yaml", mustRead(t, s.path("members.yaml"))+"missing: {do: void, most: 50%}\n")
	s.must("make", "members.yaml")
	s.members(func(int) string { return "Silver" })
	s.must("make", "members.yaml")
	return s
}

// must runs the program as a process.
func (s *sandbox) must(args ...string) string {
	s.t.Helper()
	out, err := s.command(nil, args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// fault makes the change with a fault, and goes on. It reports whether the fault's point
// was reached.
func (c change) fault(s *sandbox, spec string) (reached bool) {
	s.t.Helper()
	out, err := s.command([]string{"FAULT=" + spec}, c.args...).CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if failed {
		want := exitNotDone
		if strings.HasSuffix(spec, ":exit") {
			want = fault.ExitStatus
		} else if !strings.Contains(string(out), strings.Split(spec, ":")[0]) {
			s.t.Errorf("%s, %s: the message does not tell what failed: %s", c.name, spec, out)
		}
		if exit.ExitCode() != want {
			s.t.Fatalf("%s, %s: got %v\n%s", c.name, spec, err, out)
		}
	}
	if failed && c.again != nil { // that alone brings the files in order
		s.must(c.again...)
		s.clean(c.name + ", " + spec)
	}
	if failed {
		s.must(c.args...)
	}
	return failed
}

// clean proves that fsck finds nothing, not even what the next run would see to.
func (s *sandbox) clean(moment string) {
	s.t.Helper()
	if out := s.must("fsck", "--root", "root.pem", "members.yaml"); !strings.HasSuffix(out, ": 0 to mend\n") || strings.Count(out, "\n") != 1 {
		s.t.Errorf("%s: fsck: %s", moment, out)
	}
}

// settled proves that a sandbox is what the change makes of it.
func (c change) settled(s *sandbox, moment string) {
	s.t.Helper()
	files := s.files()
	for name, want := range map[string]string{"M00001": c.first, "M00002": c.second, "M00005": "Silver"} {
		if c.name == "rollback" && name == "M00005" {
			want = "Gold"
		}
		pass := string(mustUnpack(s.t, files[name+".pkpass"])["pass.json"])
		if !strings.Contains(pass, want) {
			s.t.Errorf("%s: %s is %s; want %s in it", moment, name, pass, want)
		}
	}
	s.clean(moment)
	if c.name == "rollback" {
		return // a run would make again what the source says
	}
	if out := s.must("make", "--json", "members.yaml"); !strings.Contains(out, `"made":0,`) || strings.Contains(out, "pressed_again") || strings.Contains(out, "missing") {
		s.t.Errorf("%s: the next run: %s", moment, out)
	}
}

// TestChangeFaults ends the process, and lets the operation fail, at each named point of
// what changes passes without a row: the same command goes on, and so does a run.
// Environment: FAULTS, more than 1 for all points with all changes.
func TestChangeFaults(t *testing.T) {
	points := append(ledger.ChangeFaultPoints(), "dir.written", "dir.renamed", "dir.put", "sign", "ledger.bundle.commit", "ledger.finish.committed", "ledger.imported.committed")
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			met := map[string]bool{}
			few := campaign(t, "FAULTS", 1) == 1
			for k, c := range changes {
				for i, point := range points {
					for _, action := range []string{"exit", "error"} {
						if few && (action == "error" || (i+k)%3 != 0 || name == "postgres" && i%2 == 0) {
							continue
						}
						s := madeTwice(t, database(t))
						c.prepare(s)
						spec := fmt.Sprintf("%s:1:%s", point, action)
						if c.fault(s, spec) {
							met[point] = true
							c.settled(s, c.name+", "+spec)
						}
					}
				}
			}
			for _, point := range points {
				if !met[point] && !few {
					t.Errorf("nothing reaches the fault point %s", point)
				}
			}
		})
	}
}

// TestStandingWhileRunning: a pass that becomes void while a run presses it ends void, in
// the ledger and in the output, whoever comes first.
func TestStandingWhileRunning(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 600, database(t))
			s.must("make", "members.yaml")
			s.members(func(int) string { return "Silver" })
			run := s.command(nil, "make", "members.yaml")
			var said bytes.Buffer
			run.Stdout, run.Stderr = &said, &said
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < 600; i += 60 {
				s.must("void", fmt.Sprintf("M%05d", i))
			}
			if err := run.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			s.must("make", "members.yaml") // one that became void behind the run's end is pressed by its own command, or by this
			files := s.files()
			for i := range 600 {
				pass := string(mustUnpack(t, files[fmt.Sprintf("M%05d.pkpass", i)])["pass.json"])
				if strings.Contains(pass, `"voided":true`) != (i%60 == 0) || !strings.Contains(pass, "Silver") {
					t.Fatalf("M%05d: %s", i, pass)
				}
			}
			s.clean("at the end")
		})
	}
}
