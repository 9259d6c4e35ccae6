package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"passmill/jobs"
	"passmill/jobs/jobstest"
)

// plain is an archive that holds the contents and the signature as text.
type plain struct{}

func (plain) Manifest(contents [][]byte) []byte { return slices.Concat(contents...) }
func (plain) Pack(dst []byte, _ [][]byte, manifest, signature []byte) []byte {
	return fmt.Appendf(dst, "%s|%s", manifest, signature)
}
func (plain) Same(data []byte, _ [][]byte, manifest []byte) ([]byte, bool) {
	got, signature, ok := strings.Cut(string(data), "|")
	return []byte(signature), ok && got == string(manifest)
}

// pen signs each manifest with a number that is never used again, so that a
// pass that was pressed twice can be told from one that was pressed once.
type pen struct {
	mu   sync.Mutex
	n    int
	fail func() error
}

func (p *pen) Sign(_ context.Context, manifests [][]byte) (signatures [][]byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		if err := p.fail(); err != nil {
			return nil, err
		}
	}
	for range manifests {
		p.n++
		signatures = append(signatures, fmt.Append(nil, p.n))
	}
	return signatures, nil
}

// bench is a job in memory.
type bench struct {
	ledger jobstest.Ledger
	shelf  jobstest.Shelf
	pen    pen
	policy jobs.Policy
	force  bool
	only   []string
	name   string
	folder bool
	told   []string
}

func newBench() *bench { return &bench{policy: jobs.Policy{Share: 1}, name: "{serial}.pkpass"} }

// run makes the passes of rows, each a serial number, a name and a family.
func (b *bench) run(ctx context.Context, rows ...string) (jobs.Run, error) {
	source := jobstest.Rows{Header: []string{"ID", "Name", "Family"}}
	for _, r := range rows {
		source.List = append(source.List, strings.Split(r, ","))
	}
	schema, err := jobs.NewSchema([]jobs.Field{{Name: "ID"}, {Name: "Name"}, {Name: "Family", Optional: true}}, source.Columns(), nil)
	if err != nil {
		return jobs.Run{}, err
	}
	names, err := jobs.ParsePattern(b.name)
	if err != nil {
		return jobs.Run{}, err
	}
	target := jobs.Target{Job: "test", TypeID: "pass.test", Sink: "shelf"}
	b.told = nil
	tell := func(p jobs.Problem) { b.told = append(b.told, p.String()) }
	r := &jobs.Runner{
		Key:  jobs.RunKey{Job: "test", Source: jobs.Hash{byte(len(fmt.Sprint(rows)))}},
		Runs: &b.ledger, Book: &b.ledger, Policy: b.policy, Workers: 3, Now: time.Now, Report: tell,
		Importer: &jobs.Importer{
			Target: target, Source: source, Schema: schema, Serial: 0, Bundle: 2, Names: names, Folder: b.folder,
			Snapshot: &b.ledger, Missing: b.shelf.Missing, Force: b.force, Only: b.only, Report: tell,
		},
		Presser: &jobs.Presser{
			Target: target, Fields: schema.Fields, Archive: plain{}, Signer: &b.pen, Sink: &b.shelf,
			Fill: func(values []jobs.Value, serial string) ([][]byte, error) {
				switch values[1].Text {
				case "unfillable":
					return nil, errors.New("the template does not take it")
				case "huge":
					return [][]byte{make([]byte, 11<<20)}, nil
				}
				return [][]byte{[]byte(serial + ":" + values[1].Text)}, nil
			},
			Trusted: func([]byte) bool { return !b.force },
		},
	}
	return r.Run(ctx)
}

func (b *bench) want(t *testing.T, run jobs.Run, err error, made, unchanged, refused int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	want := jobs.Count{Rows: made + unchanged + refused, Made: made, Unchanged: unchanged, Refused: refused}
	if run.Count != want || run.State != jobs.RunDone {
		t.Errorf("got %+v, %s; want %+v", run.Count, run.State, want)
	}
}

func TestRunAgain(t *testing.T) {
	b := newBench()
	run, err := b.run(t.Context(), "1,Ann,", "2,Bob,", "3,Cy,x")
	b.want(t, run, err, 3, 0, 0)
	run, err = b.run(t.Context(), "1,Ann,", "2,Bob,", "3,Cy,x")
	b.want(t, run, err, 0, 3, 0)
	run, err = b.run(t.Context(), "1,Ann,", "2,Bobby,", "3,Cy,x", "4,Di,")
	b.want(t, run, err, 2, 2, 0)
	if want := map[string]int{"1.pkpass": 1, "2.pkpass": 2, "3.pkpass": 1, "4.pkpass": 1}; !maps.Equal(b.shelf.Puts, want) {
		t.Errorf("passes were put %v times, want %v", b.shelf.Puts, want)
	}
	if err := b.shelf.Remove(t.Context(), "3.pkpass"); err != nil {
		t.Fatal(err)
	}
	run, err = b.run(t.Context(), "1,Ann,", "2,Bobby,", "3,Cy,x", "4,Di,")
	b.want(t, run, err, 1, 3, 0) // a file that went away is made again …
	if got := b.ledger.Passes["3"].Change; got != 3 {
		t.Errorf("… but the pass did not change: got change number %d, want 3", got)
	}
	b.force = true
	run, err = b.run(t.Context(), "1,Ann,")
	b.want(t, run, err, 1, 0, 0)
	if got := b.shelf.Puts["1.pkpass"]; got != 2 {
		t.Errorf("with force the pass was put %d times, want 2", got)
	}
}

func TestDuplicateSerials(t *testing.T) {
	b := newBench()
	run, err := b.run(t.Context(), "a,Ann,", "b,Bob,", "A,Al,", "c,Cy,", "a,Abe,", ",Nobody,")
	b.want(t, run, err, 2, 0, 4)
	want := []string{
		"test.csv, A4: ID: is the serial number of row 2 as well",
		"test.csv, A6: ID: is the serial number of row 2 as well",
		"test.csv, A7: ID: is required and empty",
		"test.csv, A2: ID: is the serial number of row 4 as well",
	}
	for i, w := range want {
		if i >= len(b.told) || !strings.HasPrefix(b.told[i], w) {
			t.Errorf("report %d of %q, want %q", i, b.told, w)
		}
	}
	run, err = b.run(t.Context(), "b,Bob,", "c,Cy,", "b,Bob,")
	b.want(t, run, err, 0, 1, 2) // also where the first of them is unchanged …
	run, err = b.run(t.Context(), "b,Bob,", "c,Cy,", "B,Bob,")
	b.want(t, run, err, 0, 1, 2) // … and where the second is written otherwise
}

func TestDuplicatesFarApart(t *testing.T) {
	b := newBench()
	var rows []string
	for i := range 3000 {
		rows = append(rows, fmt.Sprintf("%d,N,", i%2990))
	}
	run, err := b.run(t.Context(), rows...)
	b.want(t, run, err, 2980, 0, 20)
	run, err = b.run(t.Context(), rows...)
	b.want(t, run, err, 0, 2980, 20)
}

func TestPolicyStops(t *testing.T) {
	b := newBench()
	b.policy = jobs.Policy{Share: 0.2}
	run, err := b.run(t.Context(), "1,Ann,", "2,,", "3,,", "4,Di,")
	if !errors.Is(err, jobs.ErrTooManyRefused) || run.State != jobs.RunStopped || len(b.shelf.Puts) != 0 {
		t.Errorf("got %v, %s and passes %v; want a stop before the first pass", err, run.State, b.shelf.Puts)
	}
}

// TestThreshold: when the number of rows crosses the threshold for folders, what
// is there stays where it is, and only new passes go the new way.
func TestThreshold(t *testing.T) {
	b := newBench()
	run, err := b.run(t.Context(), "1,Ann,")
	b.want(t, run, err, 1, 0, 0)
	b.folder = true
	run, err = b.run(t.Context(), "1,Ann,", "2,Bob,")
	b.want(t, run, err, 1, 1, 0)
	run, err = b.run(t.Context(), "1,Anna,", "2,Bob,")
	b.want(t, run, err, 1, 1, 0)
	if b.shelf.Puts["1.pkpass"] != 2 || b.shelf.Puts["2.pkpass"] != 0 {
		t.Errorf("passes were put %v times", b.shelf.Puts)
	}
}

func TestLongSerial(t *testing.T) {
	b := newBench()
	run, err := b.run(t.Context(), strings.Repeat("x", 501)+",Ann,", "2,Bob,")
	b.want(t, run, err, 1, 0, 1)
}

func TestOnly(t *testing.T) {
	b := newBench()
	b.only = []string{"2"}
	run, err := b.run(t.Context(), "1,Ann,", "2,Bob,", "3,Cy,")
	b.want(t, run, err, 1, 0, 0)
}

func TestAnotherJobsPass(t *testing.T) {
	b := newBench()
	run, err := b.run(t.Context(), "1,Ann,")
	b.want(t, run, err, 1, 0, 0)
	b.ledger.Passes["1"].Job = "other"
	run, err = b.run(t.Context(), "1,Ann,")
	b.want(t, run, err, 0, 0, 1)
	if !strings.Contains(b.told[0], `job "other" has already made a pass`) {
		t.Errorf("got %q", b.told)
	}
}

// TestRowsThatCannotBePressed: they are refused by name, the others are made, and
// the next run tries them again.
func TestRowsThatCannotBePressed(t *testing.T) {
	b := newBench()
	run, err := b.run(t.Context(), "1,Ann,", "2,unfillable,", "3,huge,", "4,Di,")
	b.want(t, run, err, 2, 0, 2)
	slices.Sort(b.told)
	want := []string{"row 3: the template does not take it", "row 4: its pass has 11 MiB, but at most 10 are allowed"}
	for i, w := range want {
		if len(b.told) != len(want) || !strings.HasPrefix(b.told[i], w) {
			t.Errorf("told %q, want %q", b.told, want)
		}
	}
	run, err = b.run(t.Context(), "1,Ann,", "2,Bob,", "3,huge,", "4,Di,")
	b.want(t, run, err, 1, 2, 1)
}

// TestRunLeavesNothing: whoever stops a run finds no goroutine left over, and no
// row recorded as failed. synctest fails the test if one is left.
func TestRunLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		ctx, cancel := context.WithCancel(t.Context())
		signed := 0
		b.pen.fail = func() error {
			if signed++; signed == 3 {
				cancel()
			}
			return nil
		}
		var rows []string
		for i := range 500 {
			rows = append(rows, fmt.Sprintf("%d,N,", i))
		}
		run, err := b.run(ctx, rows...)
		if !errors.Is(err, context.Canceled) || run.Count.Refused != 0 || run.Count.Made == len(rows) {
			t.Errorf("got %+v, %v", run, err)
		}
		b.pen.fail = nil
		run, err = b.run(t.Context(), rows...)
		b.want(t, run, err, len(rows), 0, 0)
	})
}

// TestInterrupted makes ledger, sink and signer fail at random, and runs the job
// again until it is done: every pass is then pressed exactly once, also where
// the sink had it and the ledger could not be told.
func TestInterrupted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBench()
		var mu sync.Mutex // rapid itself may be asked by one goroutine only
		dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		fail := func(where string) func() error {
			return func() error {
				mu.Lock()
				defer mu.Unlock()
				if dice.IntN(10) == 0 {
					return errors.New(where + " failed")
				}
				return nil
			}
		}
		b.shelf.Fail, b.pen.fail = fail("sink"), fail("signer")
		b.ledger.Fail = func(operation string) error { return fail(operation)() }
		var rows []string
		for i := range rapid.IntRange(1, 200).Draw(t, "rows") {
			rows = append(rows, fmt.Sprintf("%d,N,", i))
		}
		var run jobs.Run
		err := errors.New("not yet")
		for i := 0; err != nil; i++ {
			if i == 50 {
				b.shelf.Fail, b.pen.fail, b.ledger.Fail = nil, nil, nil
			}
			run, err = b.run(context.Background(), rows...)
		}
		if run.Count.Made+run.Count.Unchanged != len(rows) || run.Count.Refused != 0 {
			t.Errorf("got %+v of %d rows", run.Count, len(rows))
		}
		for name, n := range b.shelf.Puts {
			if n != 1 {
				t.Errorf("%s was put %d times", name, n)
			}
		}
		if len(b.shelf.Puts) != len(rows) {
			t.Errorf("%d passes of %d rows", len(b.shelf.Puts), len(rows))
		}
	})
}
