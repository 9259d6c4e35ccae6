package ledger_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign"
)

// A model says in maps what the ledger says in tables.
type model struct {
	db      *ledger.DB
	runs    int
	run     int64
	waiting []jobs.Staged
	counter int64
	passes  map[string]modelPass
	left    map[string]bool
}

type modelPass struct {
	jobs.Staged
	name   string // "" if another pass was written over it
	doubt  bool   // a run that was given up may have written over it, or it changed since
	void   bool
	change int64
}

// next ends the run and begins one with some rows, of which each has its name
// from its place or from its serial.
func (m *model) next(t *rapid.T) {
	if len(m.waiting) > 0 {
		t.Skip("rows still wait")
	}
	if m.run != 0 {
		if _, err := m.db.Finish(t.Context(), m.run, jobs.RunDone, now); err != nil {
			t.Fatal(err)
		}
	}
	m.runs++
	run, err := m.db.Begin(t.Context(), key(fmt.Sprint(m.runs)), now)
	if err != nil {
		t.Fatal(err)
	}
	serials := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C", "D", "E"}), 0, 5, rapid.ID).Draw(t, "serials")
	byPlace := rapid.Bool().Draw(t, "named by place")
	var list []jobs.Staged
	for i, serial := range serials {
		s := row(i+1, serial, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "text"))
		if byPlace {
			s.Name = fmt.Sprint(i + 1)
		}
		list = append(list, s)
	}
	if err := m.db.Stage(t.Context(), run.ID, jobs.Batch{Number: 1, Staged: list}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.db.Imported(t.Context(), run.ID); err != nil {
		t.Fatal(err)
	}
	m.run = run.ID
	m.waiting, err = m.db.Waiting(t.Context(), m.run, 0, 10)
	if err != nil || len(m.waiting) != len(list) {
		t.Fatalf("%d rows wait, %v; want %d", len(m.waiting), err, len(list))
	}
}

// commit commits some of the waiting rows, now and then twice.
func (m *model) commit(t *rapid.T) {
	if len(m.waiting) == 0 {
		t.Skip("no rows wait")
	}
	n := rapid.IntRange(1, len(m.waiting)).Draw(t, "rows")
	chunk := m.waiting[:n]
	m.waiting = m.waiting[n:]
	for range rapid.IntRange(1, 2).Draw(t, "times") {
		if err := m.db.Commit(t.Context(), m.run, sink, pressed(chunk), nil); err != nil {
			t.Fatal(err)
		}
	}
	names := map[string]string{}
	for _, s := range chunk {
		names[s.Name] = s.Serial
	}
	for _, s := range chunk {
		old := m.passes[s.Serial]
		if old.name != "" && names[old.name] == "" {
			m.left[old.name] = true
		}
		if old.change == 0 || old.Fingerprint != s.Fingerprint {
			m.counter++
			old.change = m.counter
		}
		// It was pressed as a valid one.
		m.passes[s.Serial] = modelPass{Staged: s, change: old.change, void: old.void, doubt: old.void}
	}
	for serial, p := range m.passes {
		if owner, ok := names[p.name]; ok && owner != serial {
			p.name = ""
			m.passes[serial] = p
		}
	}
	for _, s := range chunk {
		p := m.passes[s.Serial]
		p.name = s.Name
		m.passes[s.Serial] = p
		delete(m.left, s.Name)
	}
}

// giveUp stops the run. What its waiting rows were to be called is in doubt.
func (m *model) giveUp(t *rapid.T) {
	if len(m.waiting) == 0 {
		t.Skip("no rows wait")
	}
	if _, err := m.db.Finish(t.Context(), m.run, jobs.RunStopped, now); err != nil {
		t.Fatal(err)
	}
	for _, s := range m.waiting {
		claimed := false
		for serial, p := range m.passes {
			if p.name == s.Name {
				claimed, p.doubt = true, true
				m.passes[serial] = p
			}
		}
		if !claimed {
			m.left[s.Name] = true
		}
	}
	m.run, m.waiting = 0, nil
}

// stand makes some passes void, or valid again: each changes, and its file is old.
func (m *model) stand(t *rapid.T) {
	serials := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C", "D", "E"}), 1, 3, rapid.ID).Draw(t, "serials")
	void := rapid.Bool().Draw(t, "void")
	s := jobs.Standing{State: jobs.StandingValid}
	if void {
		s.State = jobs.StandingVoided
	}
	found, err := m.db.PassesBySerial(t.Context(), serials, "", typeID) // numbers come in the order of ids
	if err != nil {
		t.Fatal(err)
	}
	var list []int64
	for _, p := range found {
		list = append(list, p.ID)
		m.counter++
		is := m.passes[p.Serial]
		is.change, is.void, is.doubt = m.counter, void, is.name != ""
		m.passes[p.Serial] = is
	}
	if err := m.db.SetStanding(t.Context(), list, s, sign.Event{At: now, Action: sign.ActionPassVoid}); err != nil {
		t.Fatal(err)
	}
}

// freshen presses the files again that are old.
func (m *model) freshen(t *rapid.T) {
	page, err := m.db.Stale(t.Context(), "members", sink, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var files []ledger.FreshFile
	for _, f := range page {
		p, there := m.passes[f.Serial]
		if !there || !p.doubt || p.name != f.Name {
			t.Fatalf("%s is to be pressed as %s, and is %+v", f.Serial, f.Name, p)
		}
		p.doubt = false
		m.passes[f.Serial] = p
		files = append(files, ledger.FreshFile{StaleFile: f, Change: p.change, Made: pressed([]jobs.Staged{p.Staged})[0]})
	}
	if err := m.db.Freshened(t.Context(), "members", sink, files); err != nil {
		t.Fatal(err)
	}
	for serial, p := range m.passes {
		if p.doubt && p.name != "" {
			t.Fatalf("%s is old and was not to be pressed", serial)
		}
	}
}

func (m *model) remove(t *rapid.T) {
	if len(m.left) == 0 {
		t.Skip("no leftovers")
	}
	name := slices.Sorted(maps.Keys(m.left))[0]
	delete(m.left, name)
	if err := m.db.LeftoverGone(t.Context(), sink, []string{name}); err != nil {
		t.Fatal(err)
	}
}

func (m *model) check(t *rapid.T, dsn string, changes func() map[string]int64) {
	known, err := m.db.Known(t.Context(), typeID, sink, []string{"A", "B", "C", "D", "E"})
	if err != nil {
		t.Fatal(err)
	}
	type view struct {
		Print  jobs.Hash
		Name   string
		Change int64
	}
	want, got, change := map[string]view{}, map[string]view{}, changes()
	for serial, p := range m.passes {
		if p.doubt {
			p.name = ""
		}
		want[serial] = view{p.Fingerprint, p.name, p.change}
	}
	for serial, k := range known {
		got[serial] = view{k.Fingerprint, k.Name, change[serial]}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("passes (-model +ledger):\n%s", diff)
	}
	left, err := m.db.Leftovers(t.Context(), sink)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(m.left)), left); diff != "" {
		t.Fatalf("leftovers (-model +ledger):\n%s", diff)
	}
	if m.run == 0 {
		return
	}
	waiting, err := m.db.Waiting(t.Context(), m.run, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(waiting) != len(m.waiting) {
		t.Fatalf("%d rows wait, want %d", len(waiting), len(m.waiting))
	}
}

// TestModel compares the ledger with a model of it in maps.
func TestModel(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		reader := raw(t, dsn)
		changes := func() map[string]int64 {
			found := map[string]int64{}
			list, err := reader.Query(`SELECT serial, change_number FROM passes`)
			must(t, err)
			defer list.Close()
			for list.Next() {
				var serial string
				var n int64
				must(t, list.Scan(&serial, &n))
				found[serial] = n
			}
			must(t, list.Err())
			return found
		}
		// What one check left in the ledger, the next begins with.
		m := &model{db: db, passes: map[string]modelPass{}, left: map[string]bool{}}
		rapid.Check(t, func(t *rapid.T) {
			t.Repeat(map[string]func(*rapid.T){
				"next":    m.next,
				"commit":  m.commit,
				"giveUp":  m.giveUp,
				"remove":  m.remove,
				"stand":   m.stand,
				"freshen": m.freshen,
				"":        func(t *rapid.T) { m.check(t, dsn, changes) },
			})
		})
	})
}
