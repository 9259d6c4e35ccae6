package phonetest_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"passmill/output/passkit/phone/phonetest"
)

// A size is that of a world, and how much happens in it.
type size struct{ devices, writers, passes, period, accidents int }

// large is the world that no update may be lost in. In a small one that comes to rest
// often, what goes wrong is seen sooner.
var (
	large = size{devices: 1000, writers: 8, passes: 700, period: 10_000}
	small = size{devices: 40, writers: 8, passes: 25, period: 400}
)

// TestNoLostUpdate simulates passmill's web service, and the memory's own. PASSMILL_SIMULATION_STEPS
// says for how long, PASSMILL_SIMULATION_SEED which way; seeds that once failed lie in
// testdata/seeds and are always tried.
func TestNoLostUpdate(t *testing.T) {
	steps := number(t, "PASSMILL_SIMULATION_STEPS", 10_000)
	for _, seed := range kept(t, memorySeeds) {
		for name, s := range map[string]size{"large": large, "small": small} {
			for _, ours := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s %d ours %v", name, seed, ours), func(t *testing.T) {
					counts, err := s.simulate(t, seed, steps, "", ours)
					t.Logf("%+v", counts)
					if err != nil {
						t.Error(err)
						keep(t, memorySeeds, seed)
					}
				})
			}
		}
	}
}

// TestFaultsAreFound simulates web services that are wrong as others are: the
// simulation has to notice each.
func TestFaultsAreFound(t *testing.T) {
	for _, fault := range phonetest.Faults {
		t.Run(string(fault), func(t *testing.T) { found(t, fault, false) })
	}
}

// TestFaultsOfStoresAreFound puts a store that is wrong behind passmill's web service.
func TestFaultsOfStoresAreFound(t *testing.T) {
	for _, fault := range []phonetest.Fault{
		phonetest.NewestOnly, phonetest.OldToken, phonetest.WholeSeconds, phonetest.EarlyNumbers, phonetest.SameSecond, phonetest.NoEpoch,
		phonetest.PushedOnce, phonetest.Unlisted,
	} {
		t.Run(string(fault), func(t *testing.T) { found(t, fault, true) })
	}
}

func found(t *testing.T, fault phonetest.Fault, ours bool) {
	t.Helper()
	rough := small
	rough.accidents = 100 // or what a restore breaks would take long to be seen
	counts, err := rough.simulate(t, 1, 200_000, fault, ours)
	failure, ok := errors.AsType[*phonetest.Failure](err)
	if !ok {
		t.Fatalf("nobody noticed: %v", err)
	}
	t.Logf("after %d steps: %s", counts.Steps, failure.Kind)
}

func (s size) simulate(t *testing.T, seed uint64, steps int, fault phonetest.Fault, ours bool) (phonetest.Counts, error) {
	m := phonetest.NewMemory(seed, s.passes, s.writers, fault)
	var handler http.Handler
	if ours {
		handler = m.Service()
	}
	return phonetest.Run(t.Context(), m.World(handler), phonetest.Options{
		Seed: seed, Steps: steps, Period: s.period, Devices: s.devices, Writers: s.writers, Accidents: s.accidents,
	})
}

func number(t *testing.T, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// Folder and files of seeds that failed once.
const (
	seedFolder  = "testdata/seeds"
	memorySeeds = "memory"
	ledgerSeeds = "ledger"
)

// kept returns the seeds that failed once, and the one of this time.
func kept(t *testing.T, file string) (seeds []uint64) {
	seeds = []uint64{uint64(number(t, "PASSMILL_SIMULATION_SEED", 1))}
	text, err := os.ReadFile(filepath.Join(seedFolder, file))
	if errors.Is(err, os.ErrNotExist) {
		return seeds
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(text)) {
		seed, err := strconv.ParseUint(line, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, seed)
	}
	return seeds
}

// keep writes a seed down, to be tried from now on.
func keep(t *testing.T, file string, seed uint64) {
	if slices.Contains(kept(t, file)[1:], seed) {
		return
	}
	if err := os.MkdirAll(seedFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(seedFolder, file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, seed)
}
