//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"passmill/jobs/fault"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/output/dir"
	"passmill/sign/verify"
)

// Books are the databases that every test of this file runs on.
var books = map[string]func(t *testing.T) string{
	"sqlite":   func(*testing.T) string { return "" },
	"postgres": func(t *testing.T) string { return pgtest.Start(t) },
}

// campaign returns a number from the environment: a test's own is enough for
// each day, a campaign takes more.
func campaign(t *testing.T, name string, everyday int) int {
	text := os.Getenv(name)
	if text == "" {
		return everyday
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%q is not a number", name, text)
	}
	return n
}

// A witness remembers every pass that was ever visible, and sees to it that none
// is less than whole, changes or goes away.
type witness struct {
	s    *sandbox
	seen map[string][]byte
}

func (w *witness) look(moment string) {
	w.s.t.Helper()
	now := w.s.files()
	for name, before := range w.seen {
		if data, there := now[name]; !there {
			w.s.t.Fatalf("%s: %s went away", moment, name)
		} else if !bytes.Equal(data, before) {
			w.s.t.Fatalf("%s: %s was made twice", moment, name)
		}
	}
	for name, data := range now {
		if w.seen[name] != nil || strings.HasSuffix(name, ".pkpasses") {
			continue // bundles are made again while their members change
		}
		if r := verify.Pass(data, roots()); r.Refused() {
			w.s.t.Fatalf("%s: %s is visible and not whole: %v", moment, name, r.Findings)
		}
		w.seen[name] = data
	}
}

// finish runs the job to its end and proves that everything is there, once.
func (w *witness) finish() {
	t := w.s.t
	t.Helper()
	if code, stdout, stderr := w.s.process("make", "members.yaml"); code != exitDone {
		t.Fatalf("the last run ended with %d\n%s%s", code, stdout, stderr)
	}
	w.look("at the end")
	if len(w.seen) != w.s.rows {
		t.Fatalf("%d passes of %d rows", len(w.seen), w.s.rows)
	}
	if code, stdout, stderr := w.s.process("fsck", "--root", "root.pem", "members.yaml"); code != exitDone {
		t.Fatalf("fsck ended with %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr := w.s.process("make", "--json", "members.yaml")
	if want := fmt.Sprintf(`"made":0,"unchanged":%d,"refused":0`, w.s.rows); code != exitDone || !strings.Contains(stdout, want) {
		t.Fatalf("run again: got %d, %s%s; want %s", code, stdout, stderr, want)
	}
}

// TestKills kills runs of 2,000 rows at random moments. Environment: KILLS, how
// many on each database; SEED, to repeat a campaign. `make kills` takes a thousand.
func TestKills(t *testing.T) {
	kills, seed := campaign(t, "KILLS", 40), uint64(campaign(t, "SEED", int(time.Now().UnixNano()&0xffffff)))
	t.Logf("%d kills on each database, SEED=%d", kills, seed)
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			done, runs := 0, 0
			for done < kills {
				w := &witness{s: newSandbox(t, 2000, database(t)), seen: map[string][]byte{}}
				done += w.kill(random, kills-done)
				runs++
				w.finish()
			}
			t.Logf("%d kills in %d runs: nothing lost, nothing made twice, nothing half visible", done, runs)
		})
	}
}

// kill starts the job and kills it, again and again, until it ends by itself or
// has been killed often enough.
func (w *witness) kill(random *rand.Rand, most int) (kills int) {
	t := w.s.t
	for kills < most {
		cmd := w.s.command(nil, "make", "members.yaml")
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(random.IntN(700))*time.Millisecond, func() {
			cmd.Process.Kill() //nolint:errcheck // it may have ended
		})
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			return kills
		}
		if cmd.ProcessState.Exited() {
			t.Fatalf("after %d kills the run failed by itself: %v\n%s", kills, err, output.String())
		}
		kills++
		w.look(fmt.Sprintf("after %d kills", kills))
	}
	return kills
}

// TestFaultPoints ends the process, and lets the operation fail, at each named
// point, at its first, second … time, until it is not reached any more.
// Environment: FAULTS, up to which time. The ledger's own tests walk its points
// on PostgreSQL as well; here a campaign does.
func TestFaultPoints(t *testing.T) {
	times := campaign(t, "FAULTS", 1)
	for name, database := range books {
		points := append(dir.FaultPoints, "press.sign", "sign")
		if name == "sqlite" || times > 1 {
			points = append(points, ledger.FaultPoints()...)
		}
		for _, point := range points {
			for _, action := range []string{"exit", "error"} {
				t.Run(strings.Join([]string{name, action, point}, "/"), func(t *testing.T) {
					t.Parallel()
					n := 1
					for n <= times && newStory(t, database(t)).fault(point, n, action) {
						n++
					}
					if n == 1 {
						t.Errorf("no run reaches the fault point %s", point)
					}
				})
			}
		}
	}
}

// A story is a job over several nights: rows come, change, bring other images,
// move to another bundle and have the same serial number, and twice the process is killed in the
// middle of its import: it finds the same rows the next time, and other rows.
type story struct {
	*sandbox
	spec    string
	reached bool
}

func newStory(t *testing.T, database string) *story {
	s := &story{sandbox: newSandbox(t, 40, database)}
	s.ownImages("logo")
	return s
}

// fault plays the story with one fault in each night, and reports whether the
// point was reached. After each fault the same command goes on, and in the end
// everything is there.
func (s *story) fault(point string, n int, action string) (reached bool) {
	s.t.Helper()
	s.spec = fmt.Sprintf("%s:%d:%s", point, n, action)
	s.tell("first", "Gold", 12, "")
	s.night()
	w := &witness{s: s.sandbox, seen: map[string][]byte{}}
	w.look(s.spec)
	s.night() // nothing changed
	w.look(s.spec + ", run again")
	s.keep() // the job goes into the ledger, and out of it
	s.tell("second", "Basic", 12, "ledger.stage.committed:1:exit")
	s.night() // the same rows as when it was killed
	s.tell("third", "Basic", 12, "ledger.stage.committed:1:exit")
	s.tell("fourth", "Silver", 3, "")
	s.night() // other rows than when it was killed
	if code, stdout, stderr := s.process("fsck", "--root", "root.pem", "members.yaml"); code != exitDone {
		s.t.Fatalf("%s: fsck ended with %d\n%s%s", s.spec, code, stdout, stderr)
	}
	if passes := len(s.files()); passes < s.rows {
		s.t.Fatalf("%s: %d files of %d rows", s.spec, passes, s.rows)
	}
	return s.reached
}

// tell writes the next night's rows, so many to a family, with one duplicate;
// with interruption, a run is killed there and not gone on with.
func (s *story) tell(remark, tier string, family int, interruption string) {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("MemberID,FirstName,LastName,Tier,FamilyID,Own\n")
	for i := range s.rows {
		fmt.Fprintf(&b, "M%05d,Ada,%s,%s,F%d,%d.png\n", i, remark, tier, i/family, i%3)
	}
	b.WriteString("twin,A,A,Gold,,\ntwin,B,B,Gold,,0.png\n")
	for i := range 3 {
		s.photo(fmt.Sprint(i, ".png"), 40, 20, i+3*len(remark))
	}
	s.write("members.csv", b.String())
	if interruption == "" {
		return
	}
	if out, err := s.command([]string{"FAULT=" + interruption}, "make", "members.yaml").CombinedOutput(); err == nil {
		s.t.Fatalf("%s was not reached\n%s", interruption, out)
	}
}

// keep takes the job into the ledger and out of it, with the fault and, if that was
// reached, without it.
func (s *story) keep() {
	s.t.Helper()
	for _, args := range [][]string{{"job", "add", "members.yaml"}, {"job", "remove", "members"}} {
		if out, err := s.command([]string{"FAULT=" + s.spec}, args...).CombinedOutput(); err == nil {
			continue
		} else if s.reached = true; !strings.HasSuffix(s.spec, ":exit") && !strings.Contains(string(out), strings.Split(s.spec, ":")[0]) {
			s.t.Errorf("%s: the message does not tell what failed: %s", s.spec, out)
		}
		out, err := s.command(nil, args...).CombinedOutput()
		if err != nil && !strings.Contains(string(out), `the ledger holds no job "members"`) { // the first has removed it
			s.t.Fatalf("%s: %v again: %v\n%s", s.spec, args, err, out)
		}
	}
}

// night runs the job with the fault, and again without it if that was reached.
func (s *story) night() {
	s.t.Helper()
	out, err := s.command([]string{"FAULT=" + s.spec}, "make", "members.yaml").CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if ok && exit.ExitCode() == exitPartly {
		return // the duplicates are refused; what the fault did not stop must be right all the same
	}
	s.reached = true
	want := exitNotDone
	if strings.HasSuffix(s.spec, ":exit") {
		want = fault.ExitStatus
	} else if !strings.Contains(string(out), strings.Split(s.spec, ":")[0]) {
		s.t.Errorf("%s: the message does not tell what failed: %s", s.spec, out)
	}
	if !ok || exit.ExitCode() != want {
		s.t.Fatalf("%s: got %v, want exit status %d\n%s", s.spec, err, want, out)
	}
	if code, stdout, stderr := s.process("make", "members.yaml"); code != exitPartly {
		s.t.Fatalf("%s: the run after it ended with %d\n%s%s", s.spec, code, stdout, stderr)
	}
}
