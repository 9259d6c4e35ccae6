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
	if code, stdout, stderr := w.s.run("make", w.s.path("members.yaml")); code != exitDone {
		t.Fatalf("the last run ended with %d\n%s%s", code, stdout, stderr)
	}
	w.look("at the end")
	if len(w.seen) != w.s.rows {
		t.Fatalf("%d passes of %d rows", len(w.seen), w.s.rows)
	}
	if code, stdout, stderr := w.s.run("fsck", "--root", w.s.path("root.pem"), w.s.path("members.yaml")); code != exitDone {
		t.Fatalf("fsck ended with %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr := w.s.run("make", "--json", w.s.path("members.yaml"))
	if want := fmt.Sprintf(`"made":0,"unchanged":%d,"refused":0`, w.s.rows); code != exitDone || !strings.Contains(stdout, want) {
		t.Fatalf("run again: got %d, %s%s; want %s", code, stdout, stderr, want)
	}
}

// TestKills kills runs of 2,000 rows at random moments. Environment: KILLS, how
// many on each database; SEED, to repeat a campaign.
func TestKills(t *testing.T) {
	kills, seed := campaign(t, "KILLS", 100), uint64(campaign(t, "SEED", int(time.Now().UnixNano()&0xffffff)))
	t.Logf("%d kills on each database, SEED=%d", kills, seed)
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
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
// Environment: FAULTS, up to which time.
func TestFaultPoints(t *testing.T) {
	times := campaign(t, "FAULTS", 2)
	points := append(append(ledger.FaultPoints(), dir.FaultPoints...), "press.sign")
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			for _, point := range points {
				reached := false
				for _, action := range []string{"exit", "error"} {
					for n := 1; n <= times; n++ {
						if !tryFault(t, database(t), point, n, action) {
							break
						}
						reached = true
					}
				}
				if !reached && !conditional[point] {
					t.Errorf("no run reaches the fault point %s", point)
				}
			}
		})
	}
}

// conditional are the points that a run reaches only if something else happened
// before; the tests of their own package reach them.
var conditional = map[string]bool{}

// tryFault makes a small job twice, the second time with changes, with one fault
// in either, and reports whether the point was reached.
func tryFault(t *testing.T, database, point string, n int, action string) (reached bool) {
	t.Helper()
	w := &witness{s: newSandbox(t, 60, database), seen: map[string][]byte{}}
	spec := fmt.Sprintf("FAULT=%s:%d:%s", point, n, action)
	for _, tier := range []string{"Gold", "Basic"} {
		w.s.members(func(i int) string { return tier })
		w.seen = map[string][]byte{} // every row changed
		out, err := w.s.command([]string{spec}, "make", "members.yaml").CombinedOutput()
		if err == nil {
			continue // what a point does not stop must be right all the same
		}
		reached = true
		exit, ok := errors.AsType[*exec.ExitError](err)
		if want := map[string]int{"exit": fault.ExitStatus, "error": exitNotDone}[action]; !ok || exit.ExitCode() != want {
			t.Fatalf("%s: got %v, want exit status %d\n%s", spec, err, want, out)
		}
		if action == "error" && !strings.Contains(string(out), point) {
			t.Errorf("%s: the message does not tell what failed: %s", spec, out)
		}
		if tier == "Gold" {
			w.look(spec)
		}
		if out, err := w.s.command(nil, "make", "members.yaml").CombinedOutput(); err != nil {
			t.Fatalf("%s: the run after it: %v\n%s", spec, err, out)
		}
		if tier == "Gold" {
			w.look(spec + ", after the run that mends it")
		}
	}
	w.seen = map[string][]byte{}
	w.finish()
	return reached
}
