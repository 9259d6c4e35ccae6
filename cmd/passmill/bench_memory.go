package main

import (
	"context"
	"io/fs"
	"iter"
	"sync"
	"time"

	"passmill/jobs"
)

// discard is a sink that keeps nothing.
type discard struct{}

func (discard) Put(_ context.Context, passes iter.Seq[jobs.Pass]) error {
	for range passes {
		continue // packed all the same
	}
	return nil
}

func (discard) Get(context.Context, string) ([]byte, error) { return nil, fs.ErrNotExist }

// A memoryBook is what a run needs of a ledger, without one.
type memoryBook struct {
	mu   sync.Mutex
	rows []jobs.Staged // guarded by mu
}

func (b *memoryBook) Known(context.Context, string, string, []string) (map[string]jobs.Known, error) {
	return nil, nil
}

func (b *memoryBook) Stage(_ context.Context, _ int64, batch jobs.Batch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range batch.Staged {
		s.ID = int64(len(b.rows) + 1)
		b.rows = append(b.rows, s)
	}
	return nil
}

func (b *memoryBook) Withdraw(context.Context, int64, []int, []int64) error { return nil }

func (b *memoryBook) Begin(context.Context, jobs.RunKey, time.Time) (jobs.Run, error) {
	return jobs.Run{State: jobs.RunPressing, Count: jobs.Count{Rows: len(b.rows)}}, nil
}

func (b *memoryBook) Imported(context.Context, int64) (jobs.Count, error) {
	return jobs.Count{Rows: len(b.rows)}, nil
}

func (b *memoryBook) Finish(context.Context, int64, jobs.RunState, time.Time) (jobs.Run, error) {
	return jobs.Run{State: jobs.RunDone}, nil
}

func (b *memoryBook) Waiting(_ context.Context, _, after int64, limit int) ([]jobs.Staged, error) {
	return b.rows[after:min(int(after)+limit, len(b.rows))], nil
}

func (b *memoryBook) Commit(context.Context, int64, string, []jobs.Made, []jobs.Failed) error {
	return nil
}
