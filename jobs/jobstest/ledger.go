package jobstest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"passmill/jobs"
)

// A Ledger is a ledger in memory, for tests of what stands on one. It is slow,
// obvious and safe for concurrent use, and implements [jobs.Runs],
// [jobs.Snapshot] and [jobs.Book]. Its members may be read and changed while no
// run is at work.
type Ledger struct {
	Passes   map[string]*Pass // by serial number
	Rows     []Row
	Problems []jobs.Problem
	Run      jobs.Run
	Seen     []int64

	// Fail is asked before each operation, and its error is returned.
	Fail func(operation string) error

	mu      sync.Mutex
	batches map[int]bool
	change  int64
}

// A Pass is what a [Ledger] knows of a pass.
type Pass struct {
	jobs.Known
	Change int64
}

// A Row is a staged row of a [Ledger] and its state: waiting, made or failed.
type Row struct {
	jobs.Staged
	State string
}

func (l *Ledger) begin(operation string) (unlock func(), err error) {
	l.mu.Lock()
	if l.Passes == nil {
		l.Passes, l.batches = map[string]*Pass{}, map[int]bool{}
	}
	if l.Fail != nil {
		err = l.Fail(operation)
	}
	return l.mu.Unlock, err
}

// Begin implements [jobs.Runs].
func (l *Ledger) Begin(_ context.Context, key jobs.RunKey, now time.Time) (jobs.Run, error) {
	unlock, err := l.begin("begin")
	defer unlock()
	if err != nil {
		return jobs.Run{}, err
	}
	if l.Run.State == jobs.RunPressing && l.Run.Key == key {
		return l.Run, nil
	}
	l.Rows, l.Problems, l.Seen, l.batches = nil, nil, nil, map[int]bool{}
	l.Run = jobs.Run{ID: l.Run.ID + 1, Key: key, State: jobs.RunImporting, Started: now}
	return l.Run, nil
}

// Imported implements [jobs.Runs].
func (l *Ledger) Imported(context.Context, int64) (jobs.Count, error) {
	unlock, err := l.begin("imported")
	defer unlock()
	if err != nil {
		return jobs.Count{}, err
	}
	l.Run.State = jobs.RunPressing
	return l.Run.Count, nil
}

// Finish implements [jobs.Runs].
func (l *Ledger) Finish(_ context.Context, _ int64, state jobs.RunState, now time.Time) (jobs.Run, error) {
	unlock, err := l.begin("finish")
	defer unlock()
	if err == nil {
		l.Run.State, l.Run.Finished = state, now
	}
	return l.Run, err
}

// Known implements [jobs.Snapshot].
func (l *Ledger) Known(_ context.Context, _, _ string, serials []string) (map[string]jobs.Known, error) {
	unlock, err := l.begin("known")
	defer unlock()
	known := map[string]jobs.Known{}
	for _, s := range serials {
		if p := l.Passes[s]; p != nil {
			known[s] = p.Known
		}
	}
	return known, err
}

// Stage implements [jobs.Snapshot].
func (l *Ledger) Stage(_ context.Context, _ int64, b jobs.Batch) error {
	unlock, err := l.begin("stage")
	defer unlock()
	if err != nil || l.batches[b.Number] {
		return err
	}
	l.batches[b.Number] = true
	for _, s := range b.Staged {
		s.ID = int64(len(l.Rows) + 1)
		l.Rows = append(l.Rows, Row{s, "waiting"})
	}
	l.Seen = append(l.Seen, b.Seen...)
	l.Problems = append(l.Problems, b.Problems...)
	l.Run.Count.Rows += len(b.Staged) + len(b.Seen) + b.Refused
	l.Run.Count.Unchanged += len(b.Seen)
	l.Run.Count.Refused += b.Refused
	l.Run.Count.Held += b.Held
	return nil
}

// Withdraw implements [jobs.Snapshot].
func (l *Ledger) Withdraw(_ context.Context, _ int64, rows []int, seen []int64) error {
	unlock, err := l.begin("withdraw")
	defer unlock()
	if err != nil {
		return err
	}
	before := len(l.Rows) + len(l.Seen)
	l.Rows = slices.DeleteFunc(l.Rows, func(r Row) bool { return slices.Contains(rows, r.Row) })
	unchanged := len(l.Seen)
	l.Seen = slices.DeleteFunc(l.Seen, func(id int64) bool { return slices.Contains(seen, id) })
	l.Run.Count.Unchanged -= unchanged - len(l.Seen)
	l.Run.Count.Rows -= before - len(l.Rows) - len(l.Seen)
	return nil
}

// Waiting implements [jobs.Book].
func (l *Ledger) Waiting(_ context.Context, _, after int64, limit int) (rows []jobs.Staged, err error) {
	unlock, err := l.begin("waiting")
	defer unlock()
	slices.SortFunc(l.Rows, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range l.Rows {
		if r.State == "waiting" && r.ID > after && len(rows) < limit {
			rows = append(rows, r.Staged)
		}
	}
	return rows, err
}

// Commit implements [jobs.Book].
func (l *Ledger) Commit(_ context.Context, _ int64, _ string, made []jobs.Made, failed []jobs.Failed) error {
	unlock, err := l.begin("commit")
	defer unlock()
	if err != nil {
		return err
	}
	for _, m := range made {
		if !l.settle(m.Staged.ID, "made") {
			continue
		}
		l.Run.Count.Made++
		p := l.Passes[m.Staged.Serial]
		if p == nil {
			p = &Pass{Known: jobs.Known{PassID: int64(len(l.Passes) + 1)}}
			l.Passes[m.Staged.Serial] = p
		}
		if p.Fingerprint != m.Staged.Fingerprint {
			l.change++
			p.Change = l.change
		}
		p.Job, p.Fingerprint, p.Bundle, p.Name = l.Run.Key.Job, m.Staged.Fingerprint, m.Staged.Bundle, m.Staged.Name
		p.Missing = false
	}
	for _, f := range failed {
		if l.settle(f.Staged.ID, "failed") {
			l.Run.Count.Refused++
			l.Problems = append(l.Problems, f.Problem)
		}
	}
	return nil
}

func (l *Ledger) settle(id int64, state string) bool {
	i := slices.IndexFunc(l.Rows, func(r Row) bool { return r.ID == id })
	if i < 0 || l.Rows[i].State != "waiting" {
		return false
	}
	l.Rows[i].State = state
	return true
}
