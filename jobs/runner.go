package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// ErrTooManyRefused means that the job's policy stopped a run before the first
// pass was pressed.
var ErrTooManyRefused = errors.New("more rows are refused than onError allows")

// A chunk has so many rows: a transaction and a sync for some hundred cost little
// for each, and those for fewer would cost more than their signatures.
const (
	minChunkRows = 32
	maxChunkRows = 256
)

// Runs is what a [Runner] needs of the ledger to begin and end runs. Every
// method is safe to repeat.
type Runs interface {
	// Begin resumes the job's newest run if it was interrupted and has the
	// same key, and otherwise opens a new one.
	Begin(ctx context.Context, key RunKey, now time.Time) (Run, error)
	// Imported closes the import of a run and adds it up.
	Imported(ctx context.Context, run int64) (Count, error)
	// Finish closes a run.
	Finish(ctx context.Context, run int64, state RunState, now time.Time) (Run, error)
}

// A Runner makes the passes of a job: it imports, presses and keeps the books. A job
// without a sink is only planned.
type Runner struct {
	Key      RunKey
	Runs     Runs
	Book     Book
	Importer *Importer
	Presser  *Presser // or nil, and then Planner
	Planner  *Planner // nil if passes are pressed
	Bundler  *Bundler // nil if the job makes no bundles
	Policy   Policy
	// Settle is called when all rows are pressed, before bundles are made and the run
	// ends; it is safe to repeat. It may be nil.
	Settle  func(ctx context.Context, run Run) error
	Workers int // how many chunks are signed at once; 0 means one for each core
	Now     func() time.Time

	// Report gets the problems of rows that could not be pressed.
	Report func(Problem)
	// Resumed is called before an interrupted run is gone on with. It may be
	// nil.
	Resumed func(Run)
	// Progress is called now and then, never twice at once.
	Progress func(Progress)
}

// Progress says how far a run has come.
type Progress struct {
	Pressing bool // false: still importing
	Count    Count
	Waiting  int // rows still to be pressed
}

// Run executes the job. If it is interrupted, by the end of ctx or by a failure
// of ledger, sink or signer, the run stays open and the next Run goes on with it.
func (r *Runner) Run(ctx context.Context) (Run, error) {
	run, err := r.Runs.Begin(ctx, r.Key, r.Now())
	if err != nil {
		return Run{}, fmt.Errorf("begin a run: %w", err)
	}
	if run.State == RunPressing && r.Resumed != nil {
		r.Resumed(run)
	}
	if run.State == RunImporting {
		if _, err := r.Importer.Import(ctx, run.ID); err != nil {
			return run, err
		}
		if run.Count, err = r.Runs.Imported(ctx, run.ID); err != nil {
			return run, fmt.Errorf("close the import: %w", err)
		}
	}
	if run.Count.Made == 0 && r.Policy.Stops(run.Count) { // later it is too late to make nothing
		return r.stop(ctx, run)
	}
	if err := r.press(ctx, &run); err != nil {
		return run, err
	}
	if r.Settle != nil {
		if err := r.Settle(ctx, run); err != nil {
			return run, err
		}
	}
	if r.Bundler != nil {
		if err := r.Bundler.Make(ctx); err != nil {
			return run, err
		}
	}
	return r.Runs.Finish(ctx, run.ID, RunDone, r.Now())
}

func (r *Runner) stop(ctx context.Context, run Run) (Run, error) {
	refused := run.Count.Refused
	run, err := r.Runs.Finish(ctx, run.ID, RunStopped, r.Now())
	if err != nil {
		return run, err
	}
	return run, fmt.Errorf("%w: %d of %d", ErrTooManyRefused, refused, run.Count.Rows)
}

// press presses what the import staged, chunk by chunk.
func (r *Runner) press(ctx context.Context, run *Run) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	waiting := run.Count.Rows - run.Count.Made - run.Count.Unchanged - run.Count.Refused
	r.progress(*run, waiting)

	var (
		workers sync.WaitGroup
		mu      sync.Mutex // guards run and waiting
	)
	signers := r.Workers
	if signers < 1 {
		signers = runtime.GOMAXPROCS(0)
	}
	if r.Presser != nil {
		r.Presser.Slots = make(chan struct{}, signers)
	}
	chunks := make(chan Chunk)
	go func() {
		defer close(chunks)
		if err := r.feed(ctx, run.ID, r.chunkSizes(waiting, signers), chunks); err != nil {
			cancel(err)
		}
	}()
	for range 2*signers + 1 { // half of them wait for the disk
		workers.Go(func() {
			for c := range chunks {
				made, failed, err := r.pressChunk(ctx, c)
				if err != nil {
					cancel(err)
					continue // until the feeder has seen it
				}
				mu.Lock()
				run.Count.Made += len(made)
				run.Count.Refused += len(failed)
				waiting -= len(made) + len(failed)
				r.progress(*run, waiting)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

func (r *Runner) progress(run Run, waiting int) {
	if r.Progress != nil {
		r.Progress(Progress{Pressing: true, Count: run.Count, Waiting: waiting})
	}
}

// chunkSizes returns what gives the size of the next chunk, when so many rows have
// been handed out.
func (r *Runner) chunkSizes(waiting, signers int) func(handed int) int {
	if r.Presser == nil {
		return func(int) int { return maxPlannedRows }
	}
	// Chunks get smaller towards the end, so that no worker sits idle while another
	// presses a long one.
	return func(handed int) int { return min(max((waiting-handed)/(4*signers), minChunkRows), maxChunkRows) }
}

// feed reads the staged rows page by page, by key, so that no cursor is open
// while passes are signed.
func (r *Runner) feed(ctx context.Context, run int64, size func(handed int) int, chunks chan<- Chunk) error {
	after, handed := int64(0), 0
	for {
		rows, err := r.Book.Waiting(ctx, run, after, size(handed))
		if err != nil {
			return fmt.Errorf("read staged rows: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		after = rows[len(rows)-1].ID
		handed += len(rows)
		select {
		case chunks <- Chunk{Run: run, Rows: rows}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pressChunk presses a chunk and records it. Once the passes lie in the sink,
// they are recorded even if ctx ends in between.
func (r *Runner) pressChunk(ctx context.Context, c Chunk) ([]Made, []Failed, error) {
	made, failed, err := r.makeChunk(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := r.Book.Commit(settled, c.Run, r.sink(), made, failed); err != nil {
		return nil, nil, fmt.Errorf("record pressed passes: %w", err)
	}
	for _, f := range failed {
		if r.Report != nil {
			r.Report(f.Problem)
		}
	}
	return made, failed, nil
}

// sink returns what the ledger calls the sink; empty for none.
func (r *Runner) sink() string {
	if r.Presser == nil {
		return ""
	}
	return r.Presser.Target.Sink
}

func (r *Runner) makeChunk(ctx context.Context, c Chunk) ([]Made, []Failed, error) {
	if r.Presser == nil {
		made, err := r.Planner.PlanChunk(ctx, c)
		return made, nil, err
	}
	return r.Presser.PressChunk(ctx, c)
}
