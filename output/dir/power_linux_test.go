package dir_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"passmill/jobs"
)

// A crash loses everything that was not synced: what was written keeps its size
// or not, what was renamed has its old or its new name. So what counts is what is
// there at each sync.
type snapshot struct{ temps, passes map[string]string }

func look(t *testing.T, name string) (s snapshot) {
	s = snapshot{map[string]string{}, map[string]string{}}
	err := filepath.WalkDir(name, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "lock") {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(path, ".passmill") {
			s.temps[path] = string(data)
		} else {
			s.passes[path] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLossOfPower: before the first rename every byte is synced, and when Put
// returns every rename is.
func TestLossOfPower(t *testing.T) {
	name := t.TempDir()
	s := openAt(t, name)
	var synced []snapshot
	s.SetSync(func() error {
		synced = append(synced, look(t, name))
		return nil
	})
	var passes []jobs.Pass
	for i := range 20 {
		passes = append(passes, jobs.Pass{Name: fmt.Sprintf("%d/%d.pkpass", i%3, i), Data: []byte(strings.Repeat("x", 1000+i))})
	}
	if err := s.Put(t.Context(), jobs.Passes(passes...)); err != nil {
		t.Fatal(err)
	}
	if len(synced) != 2 {
		t.Fatalf("%d syncs, want two", len(synced))
	}
	if n := len(synced[0].temps); n != 20 || len(synced[0].passes) != 0 {
		t.Errorf("at the first sync %d passes are written and %d renamed, want 20 and none", n, len(synced[0].passes))
	}
	for path, text := range synced[0].temps {
		if len(text) < 1000 {
			t.Errorf("%s has %d bytes at the first sync", path, len(text))
		}
	}
	if n := len(synced[1].passes); n != 20 || len(synced[1].temps) != 0 {
		t.Errorf("at the last sync %d passes are renamed, want 20", n)
	}
}

// TestFailedSync: nothing is delivered, nothing is left over, and the sink
// refuses to go on, since a second sync may succeed without having written what
// the first one lost.
func TestFailedSync(t *testing.T) {
	name := t.TempDir()
	s := openAt(t, name)
	broken := errors.New("the disk is broken")
	s.SetSync(func() error { return broken })
	for range 2 {
		if err := s.Put(t.Context(), jobs.Passes(jobs.Pass{Name: "a.pkpass", Data: []byte("x")})); !errors.Is(err, broken) {
			t.Fatalf("got error %v, want %v", err, broken)
		}
		s.SetSync(func() error { return nil })
	}
	if left := look(t, name); len(left.passes)+len(left.temps) > 0 {
		t.Errorf("%v lies there", left)
	}
}

// TestSyncsAreShared: writers that wait while a sync runs share the next one.
func TestSyncsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openAt(t, t.TempDir())
		syncs := 0
		s.SetSync(func() error {
			syncs++
			time.Sleep(time.Second)
			return nil
		})
		var writers sync.WaitGroup
		for i := range 8 {
			writers.Go(func() {
				if err := s.Put(t.Context(), jobs.Passes(jobs.Pass{Name: fmt.Sprintf("%d.pkpass", i), Data: []byte("x")})); err != nil {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		if syncs < 3 || syncs > 6 {
			t.Errorf("eight writers needed %d syncs, want them to share a few", syncs)
		}
	})
}
