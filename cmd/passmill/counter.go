package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"passmill/jobs"
)

// counterPause is how often what was counted is written down: a server that is killed
// loses no more of it.
const counterPause = time.Second

// A stepCounter counts what happens to passes outside of the ledger's transactions: links
// that are opened, passes that are downloaded. It is safe for concurrent use.
type stepCounter struct {
	keep func(context.Context, []jobs.FunnelCount) error
	now  func() time.Time
	log  *slog.Logger

	mu     sync.Mutex // guards counts
	counts map[jobs.FunnelCount]int
}

// Count counts a step of a pass of a job.
func (t *stepCounter) Count(job string, step jobs.FunnelStep) {
	key := jobs.FunnelCount{Job: job, Step: step, Day: t.now().UTC().Format(time.DateOnly)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[jobs.FunnelCount]int{}
	}
	t.counts[key]++
}

// LinkOpened implements [link.Events].
func (t *stepCounter) LinkOpened(_ context.Context, job string) { t.Count(job, jobs.FunnelOpened) }

// PassDownloaded implements [link.Events].
func (t *stepCounter) PassDownloaded(_ context.Context, job string) {
	t.Count(job, jobs.FunnelDownloaded)
}

// PassFetched implements [passkit.Events].
func (t *stepCounter) PassFetched(_ context.Context, job string) { t.Count(job, jobs.FunnelUpdated) }

// run writes down what was counted, every second until ctx ends, and then once more.
func (t *stepCounter) run(ctx, work context.Context) {
	pause := time.NewTicker(counterPause)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			t.flush(work)
			return
		case <-pause.C:
			t.flush(work)
		}
	}
}

// flush writes down what was counted. What could not be written is counted on.
func (t *stepCounter) flush(ctx context.Context) {
	t.mu.Lock()
	counts := t.counts
	t.counts = nil
	t.mu.Unlock()
	if len(counts) == 0 {
		return
	}
	list := make([]jobs.FunnelCount, 0, len(counts))
	for key, n := range counts {
		key.Count = n
		list = append(list, key)
	}
	if err := t.keep(ctx, list); err != nil {
		t.log.ErrorContext(ctx, "counts of what became of passes", "err", err)
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.counts == nil {
			t.counts = counts
			return
		}
		for key, n := range counts {
			t.counts[key] += n
		}
	}
}
