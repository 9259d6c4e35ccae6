package apns

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"passmill/jobs"
)

// Bounds of the sender.
const (
	batch     = 500                    // pushes that are claimed and settled at a time
	lease     = 2 * time.Minute        // for which they are claimed
	pollPause = time.Second            // between looks for what is due
	idlePause = 10 * time.Second       // if nothing of what is due may be sent
	failPause = 5 * time.Second        // after the outbox has failed
	settled   = 200 * time.Millisecond // after which answers are written down, if there are few
	inFlight  = 256                    // pushes at a time
	writeTime = time.Minute            // for writing answers down, also at the end: more than the outbox tries again for
)

// A Sender pushes what is due in an outbox. Set it up before [Sender.Run] and leave it
// alone then. Pushes are hints, sent at least once: if the process dies, those under
// way are sent again when its claim has ended.
type Sender struct {
	Outbox Outbox

	// Pusher returns what pushes to the devices of a pass type. It is asked for
	// every push, and returns another one when the certificate was replaced.
	Pusher func(ctx context.Context, typeID string) (Pusher, error)

	// Quiet returns the quiet hours of the jobs that have any. It is asked often.
	// nil means that no job has.
	Quiet func(ctx context.Context) map[string]jobs.Quiet

	Pace  float64                            // pushes a second, at least 1; 0 means as many as there are
	Alarm func(ctx context.Context, a Alarm) // hears when pushes of a type stop; nil for nobody
	Heard func(p jobs.Push, a Answer)        // hears of every answer; nil for nobody
	Now   func() time.Time                   // nil means time.Now
	Log   *slog.Logger                       // nil means silence

	mu    sync.Mutex
	lanes map[string]*lane // by pass type; guarded by mu
}

// Run pushes until ctx ends. Then it gives back what it has claimed and not begun, and
// waits for what it has begun, unless work ends before.
func (s *Sender) Run(ctx, work context.Context) {
	f := s.flow(ctx, work)
	for pause := pollPause; ctx.Err() == nil; {
		n, asked, err := s.round(ctx, f)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log().ErrorContext(ctx, "pushes can't be looked for", "err", err)
			pause = failPause
		case n == batchOf(s.Pace):
			continue
		case asked && n == 0: // what is due is halted: to look for more is costly
			pause = min(2*pause, idlePause)
		default:
			pause = pollPause
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	f.end()
}

// round claims what is due, as far as there is room, and gives it to the flow. asked
// is whether anything was due.
func (s *Sender) round(ctx context.Context, f *flow) (n int, asked bool, err error) {
	now := s.now()
	next, err := s.Outbox.NextPush(ctx)
	if err != nil || next.IsZero() || next.After(now) {
		return 0, false, err
	}
	var quiet map[string]jobs.Quiet
	if s.Quiet != nil {
		quiet = s.Quiet(ctx)
	}
	list, err := s.Outbox.ClaimPushes(ctx, jobs.PushClaim{
		Now: now, Until: now.Add(lease), Limit: batchOf(s.Pace), Except: s.closed(ctx, now), Jobs: len(quiet) > 0,
	})
	if err != nil {
		return 0, true, err
	}
	f.give(list, quiet)
	return len(list), true, nil
}

// batchOf is how many pushes are claimed at a time: what is sent in two seconds, so
// that no claim ends while its pushes wait for their turn.
func batchOf(pace float64) int {
	if pace == 0 {
		return batch
	}
	return max(1, min(batch, int(2*pace)))
}

// Push pushes what next returns, until that is an empty list, and says how many came
// to which verdict; what was not tried counts for none. next gets the last push
// before. quiet says which jobs have quiet hours that are to be kept.
func (s *Sender) Push(ctx context.Context, quiet map[string]jobs.Quiet, next func(last jobs.Push) ([]jobs.Push, error)) (map[Verdict]int, error) {
	var mu sync.Mutex
	counts := map[Verdict]int{}
	heard := s.Heard
	s.Heard = func(p jobs.Push, a Answer) {
		mu.Lock()
		defer mu.Unlock()
		counts[a.Verdict]++
		if heard != nil {
			heard(p, a)
		}
	}
	defer func() { s.Heard = heard }()
	f := s.flow(ctx, ctx)
	var last jobs.Push
	for ctx.Err() == nil {
		list, err := next(last)
		if err != nil || len(list) == 0 {
			f.end()
			return counts, err
		}
		last = list[len(list)-1]
		f.give(list, quiet)
	}
	f.end()
	return counts, ctx.Err()
}

// lane returns that of a pass type.
func (s *Sender) lane(typeID string) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[typeID]
	if l == nil {
		l = &lane{typeID: typeID, load: s.Pusher}
		if s.lanes == nil {
			s.lanes = map[string]*lane{}
		}
		s.lanes[typeID] = l
	}
	return l
}

// closed returns the pass types that are not to be pushed now.
func (s *Sender) closed(ctx context.Context, now time.Time) (types []string) {
	s.mu.Lock()
	lanes := make([]*lane, 0, len(s.lanes))
	for _, l := range s.lanes {
		lanes = append(lanes, l)
	}
	s.mu.Unlock()
	for _, l := range lanes {
		if l.look(ctx, now) {
			types = append(types, l.typeID)
		}
	}
	slices.Sort(types)
	return types
}

// Halted returns the pass types whose pushes have stopped, with the reasons.
func (s *Sender) Halted() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	halted := map[string]string{}
	for _, l := range s.lanes {
		l.mu.Lock()
		if l.reason != "" {
			halted[l.typeID] = l.reason
		}
		l.mu.Unlock()
	}
	return halted
}

func (s *Sender) limiter() *rate.Limiter {
	if s.Pace == 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(s.Pace), max(1, int(s.Pace/10)))
}

func (s *Sender) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Sender) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}
