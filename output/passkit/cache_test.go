package passkit_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"passmill/output/passkit"
)

// TestRush: a rush of phones for the same passes makes each once, and the next change
// of a pass once more; who asks for the newer one does not get the older, though that
// is still being made.
func TestRush(t *testing.T) {
	s := open(t, nil)
	serials := []string{"A", "B", "C"}
	s.make("one", serials...)
	gate := make(chan struct{})
	s.maker.set(func(m *maker) { m.gate = gate })
	var first, second sync.WaitGroup
	rush := func(all *sync.WaitGroup, want string) {
		for range 50 {
			for _, serial := range serials {
				all.Go(func() {
					if a := s.fetch(serial); a.code != http.StatusOK || a.body != want {
						t.Errorf("%s: %+v, want %s", serial, a, want)
					}
				})
			}
		}
	}
	rush(&first, "one")
	for s.maker.times("A")+s.maker.times("B")+s.maker.times("C") < min(3, runtime.GOMAXPROCS(0)) {
		runtime.Gosched() // until as many are being made as may be at a time
	}
	for range serials {
		gate <- struct{}{}
	}
	first.Wait()
	for _, serial := range serials {
		if n := s.maker.times(serial); n != 1 {
			t.Errorf("%s was made %d times", serial, n)
		}
	}
	s.make("two", "A")
	serials = []string{"A"}
	rush(&second, "two")
	gate <- struct{}{}
	second.Wait()
	if n := s.maker.times("A"); n != 2 {
		t.Errorf("A was made %d times, of two versions", n)
	}
	if kept, made := s.handler.Statistics().Kept.Load(), s.handler.Statistics().Made.Load(); made != 4 || kept > 196 {
		t.Errorf("made %d, kept %d", made, kept)
	}
}

// TestCertificateChanges: a pass that another certificate signs by now is made anew;
// one that none signs is served while it is kept.
func TestCertificateChanges(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A", "B")
	for i, c := range []struct {
		change func(*maker)
		serial string
		code   int
		made   int
	}{
		{func(*maker) {}, "A", http.StatusOK, 1},
		{func(*maker) {}, "A", http.StatusOK, 1},
		{func(m *maker) { m.signer = "c2" }, "A", http.StatusOK, 2},
		{func(m *maker) { m.signer, m.fails = "", errors.New("expired") }, "A", http.StatusOK, 2},
		{func(*maker) {}, "B", http.StatusServiceUnavailable, 1},
		{func(m *maker) { m.signer, m.fails = "c3", nil }, "B", http.StatusOK, 2},
		{func(*maker) {}, "A", http.StatusOK, 3},
	} {
		s.maker.set(c.change)
		if a := s.fetch(c.serial); a.code != c.code || s.maker.times(c.serial) != c.made {
			t.Errorf("step %d: %+v, made %d times, want %d", i, a, s.maker.times(c.serial), c.made)
		}
	}
	if n := s.handler.Statistics().Failed.Load(); n != 1 {
		t.Errorf("%d failures are counted", n)
	}
}

// TestPanic: a pass whose making panics is an error that says where, costs nobody else
// his pass, and is made when it is asked for again.
func TestPanic(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A", "B")
	s.maker.set(func(m *maker) { m.panics = true })
	for range 2 * runtime.GOMAXPROCS(0) {
		if a := s.fetch("A"); a.code != http.StatusServiceUnavailable {
			t.Errorf("%+v", a)
		}
	}
	if log := s.logged.String(); !strings.Contains(log, "out of range") || !strings.Contains(log, "helper_test.go") {
		t.Errorf("the log does not say where it was: %s", log)
	}
	s.maker.set(func(m *maker) { m.panics = false })
	for _, serial := range []string{"B", "A"} {
		if a := s.fetch(serial); a.code != http.StatusOK {
			t.Errorf("%s: %+v", serial, a)
		}
	}
}

// TestCacheIsBounded: passes are kept up to so many bytes, those that were asked for
// last.
func TestCacheIsBounded(t *testing.T) {
	s := open(t, func(s *passkit.Service) { s.Cache = 10 * 2048 })
	s.maker.size = 1000
	var serials []string
	for i := range 30 {
		serials = append(serials, fmt.Sprint("S", i))
	}
	s.make("one", serials...)
	for _, serial := range serials {
		s.fetch("S0")
		s.fetch(serial)
	}
	for serial, want := range map[string]int{"S0": 1, "S29": 1, "S1": 2} {
		if s.fetch(serial); s.maker.times(serial) != want {
			t.Errorf("%s was made %d times, want %d", serial, s.maker.times(serial), want)
		}
	}
	s.maker.set(func(m *maker) { m.size = 30_000 })
	s.make("two", "S0")
	for range 2 {
		if a := s.fetch("S0"); len(a.body) != 30_000 {
			t.Errorf("one that is too large to keep: %d bytes", len(a.body))
		}
	}
}
