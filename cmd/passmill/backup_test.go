//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"passmill/sign/signtest"
)

// TestBackups makes backups at random moments of a run, brings each of them back
// beside the passes of the whole run, and lets the job run again: it completes, and
// fsck finds nothing. BACKUPS=50 makes fifty on each database.
func TestBackups(t *testing.T) {
	want := 3
	if n, err := strconv.Atoi(os.Getenv("BACKUPS")); err == nil {
		want = n
	}
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registeredIn(t, database(t), 700, signtest.Options{})
			random := rand.New(rand.NewPCG(7, uint64(want)))
			during, tiers := 0, []string{"Silver", "Gold"}
			for n := 0; n < want; {
				// Each campaign is one run with new rows, and as many backups as it has time for.
				tiers[0], tiers[1] = tiers[1], tiers[0]
				s.members(func(int) string { return tiers[0] })
				first := n
				cmd := s.command(nil, "make", "members.yaml")
				var output bytes.Buffer
				cmd.Stdout, cmd.Stderr = &output, &output
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- cmd.Wait() }()
				for running := true; running && n < want; {
					time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond) // another process, at a random moment
					if out, err := s.command(nil, "backup", fmt.Sprintf("backup-%d", n)).CombinedOutput(); err != nil || !strings.Contains(string(out), "1 private key in it: sealed") {
						t.Fatalf("backup: %v\n%s", err, out)
					}
					n++
					select {
					case err := <-ended:
						ended <- err
						running = false
					default:
						during++
					}
				}
				if err := <-ended; err != nil {
					t.Fatalf("%v\n%s", err, output.String())
				}
				for i := first; i < n; i++ {
					s.restored(fmt.Sprintf("backup-%d", i))
				}
			}
			if during == 0 {
				t.Error("no backup was made during a run: the test shows nothing")
			}
			t.Logf("%d backups, %d of them while the run went on", want, during)
		})
	}
}

// restored brings a backup back, runs the job again and wants everything to be
// right.
func (s *sandbox) restored(backup string) {
	s.t.Helper()
	if out, err := s.command(nil, "restore", "--force", backup).CombinedOutput(); err != nil {
		s.t.Fatalf("restore %s: %v\n%s", backup, err, out)
	}
	out, err := s.command(nil, "make", "members.yaml").CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("%d rows:", s.rows)) {
		s.t.Errorf("run after %s: %v\n%s", backup, err, out)
	}
	if out, err := s.command(nil, "fsck", "--root", "root.pem", "members.yaml").CombinedOutput(); err != nil {
		s.t.Errorf("fsck after %s: %v\n%s", backup, err, out)
	}
	if again, err := s.command(nil, "make", "members.yaml").CombinedOutput(); err != nil || !strings.Contains(string(again), fmt.Sprintf("0 made, %d unchanged", s.rows)) {
		s.t.Errorf("once more after %s: %v\n%s", backup, err, again)
	}
}
