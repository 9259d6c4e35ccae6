package phonetest_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"passmill/output/passkit/phone/phonetest"
)

// A size is that of a world, and how much happens in it.
type size struct{ devices, writers, passes, period int }

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
	steps := number(t, "PASSMILL_SIMULATION_STEPS", 20_000)
	seeds := []uint64{uint64(number(t, "PASSMILL_SIMULATION_SEED", 1))}
	for _, seed := range append(kept(t), seeds...) {
		for name, s := range map[string]size{"large": large, "small": small} {
			for _, ours := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s %d ours %v", name, seed, ours), func(t *testing.T) {
					counts, err := s.simulate(t, seed, steps, "", ours)
					t.Logf("%+v", counts)
					if err != nil {
						t.Error(err)
						keep(t, seed)
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
		t.Run(string(fault), func(t *testing.T) {
			counts, err := small.simulate(t, 1, 200_000, fault, false)
			failure, ok := errors.AsType[*phonetest.Failure](err)
			if !ok {
				t.Fatalf("nobody noticed: %v", err)
			}
			t.Logf("after %d steps: %v", counts.Steps, failure)
		})
	}
}

func (s size) simulate(t *testing.T, seed uint64, steps int, fault phonetest.Fault, ours bool) (phonetest.Counts, error) {
	m := phonetest.NewMemory(seed, s.passes, s.writers, fault)
	var handler http.Handler
	if ours {
		handler = m.Service()
	}
	return phonetest.Run(t.Context(), m.World(handler), phonetest.Options{
		Seed: seed, Steps: steps, Period: s.period, Devices: s.devices, Writers: s.writers,
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

const seedFile = "memory"

// kept returns the seeds that failed once.
func kept(t *testing.T) (seeds []uint64) {
	text, err := os.ReadFile(filepath.Join("testdata", "seeds", seedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
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
func keep(t *testing.T, seed uint64) {
	f, err := os.OpenFile(filepath.Join("testdata", "seeds", seedFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Log(err)
		return
	}
	defer f.Close()
	fmt.Fprintln(f, seed)
}
