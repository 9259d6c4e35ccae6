package apns

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"passmill/jobs"
)

// A flow is a sender at work: pushes go in, workers send them, and what became of
// them is written down in batches.
type flow struct {
	s       *Sender
	limiter *rate.Limiter
	begun   func() bool // reports whether what has not begun is still to begin
	pushes  chan jobs.Push
	results chan jobs.PushResult
	workers sync.WaitGroup
	written chan struct{}
}

// flow sets workers to work: they begin nothing after ctx has ended, and end what they
// have begun, unless work ends.
func (s *Sender) flow(ctx, work context.Context) *flow {
	f := &flow{
		s: s, limiter: s.limiter(), begun: func() bool { return ctx.Err() == nil },
		pushes: make(chan jobs.Push, batchOf(s.Pace)), results: make(chan jobs.PushResult, batch), written: make(chan struct{}),
	}
	for range inFlight {
		f.workers.Go(func() {
			for p := range f.pushes {
				f.results <- f.push(ctx, work, p)
			}
		})
	}
	go func() {
		defer close(f.written)
		f.write(work)
	}()
	return f
}

// give takes pushes in; it waits while there is no room.
func (f *flow) give(list []jobs.Push, quiet map[string]jobs.Quiet) {
	now := f.s.now()
	for _, p := range list {
		switch until := hush(p, quiet, now); {
		case !f.begun():
			f.results <- back(p, p.Due)
		case !until.IsZero():
			f.results <- back(p, until)
		default:
			f.pushes <- p
		}
	}
}

// end waits until everything is done and written down.
func (f *flow) end() {
	close(f.pushes)
	f.workers.Wait()
	close(f.results)
	<-f.written
}

// back gives a push back, to be due at a time.
func back(p jobs.Push, due time.Time) jobs.PushResult {
	return jobs.PushResult{Push: p, Outcome: jobs.PushBack, Due: due}
}

// push pushes one.
func (f *flow) push(ctx, work context.Context, p jobs.Push) jobs.PushResult {
	if f.limiter.Wait(ctx) != nil {
		return back(p, p.Due)
	}
	l := f.s.lane(p.TypeID)
	t, free, err := l.enter(work, f.s.now())
	switch {
	case err != nil && work.Err() == nil:
		return f.s.judge(work, l, t, p, halted(ReasonCertificate, err))
	case !free:
		return back(p, p.Due)
	}
	a := t.pusher.Send(t.ctx, p.Token)
	if f.s.Heard != nil && a.Reason != ReasonStopped {
		f.s.Heard(p, a)
	}
	return f.s.judge(work, l, t, p, a)
}

// judge says what an answer means for a push and for its lane.
func (s *Sender) judge(ctx context.Context, l *lane, t trip, p jobs.Push, a Answer) jobs.PushResult {
	now := s.now()
	r := jobs.PushResult{Push: p, At: now, Answer: a.Reason, Since: a.Since, Due: retry(p, a, now)}
	switch {
	case a.Reason == ReasonStopped:
		l.back(t)
		return back(p, p.Due)
	case a.Verdict == Halted:
		s.halt(ctx, l, t, a)
		return back(p, p.Due)
	case a.Verdict == Later && a.All:
		if first, _ := l.close(t, now.Add(a.After), ""); first {
			s.log().WarnContext(ctx, "pushes wait", "type", l.typeID, "reason", a.Reason, "err", a.Err, "for", a.After)
		}
		return back(p, p.Due)
	case a.Verdict == Gone && a.Status != statusGone && a.Status != 0:
		keep, all := l.doubt(p.Setbacks)
		if all {
			s.halt(ctx, l, t, halted(a.Reason, errAllBad))
			return back(p, p.Due)
		}
		r.Outcome = jobs.PushGone
		if keep {
			r.Outcome = jobs.PushLate
		}
	case a.Verdict == Gone:
		r.Outcome = jobs.PushGone
	case a.Verdict == OK:
		r.Outcome, r.Due = jobs.PushSent, repeat(p, now)
	default:
		r.Outcome = jobs.PushLate
	}
	l.open(t, a.Verdict)
	return r
}

const statusGone = 410

// errAllBad is why a lane is halted on which nothing but bad tokens were met.
var errAllBad = errors.New("every push token is called bad, and no push was taken: the server or the certificate is not that of these passes")

// halt stops the pushes of a type, and tells so once.
func (s *Sender) halt(ctx context.Context, l *lane, t trip, a Answer) {
	until := s.now().Add(haltPause)
	first, again := l.close(t, until, a.Reason)
	if !first {
		return
	}
	s.log().ErrorContext(ctx, "pushes have stopped", "type", l.typeID, "reason", a.Reason, "err", a.Err, "until", until)
	if s.Alarm != nil {
		s.Alarm(ctx, Alarm{TypeID: l.typeID, Reason: a.Reason, Err: a.Err, Until: until, Again: again})
	}
}

// write writes results down, a batch at a time.
func (f *flow) write(ctx context.Context) {
	var list []jobs.PushResult
	var full <-chan time.Time
	flush := func() {
		if len(list) == 0 {
			return
		}
		// Also when all is to end at once: what is not written is pushed again.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
		defer cancel()
		if err := f.s.Outbox.SettlePushes(ctx, list); err != nil {
			f.s.log().ErrorContext(ctx, "answers to pushes are lost, they will be pushed again", "answers", len(list), "err", err)
		}
		list, full = list[:0], nil
	}
	defer flush()
	for {
		select {
		case r, ok := <-f.results:
			if !ok {
				return
			}
			if list = append(list, r); len(list) == 1 {
				full = time.After(settled)
			}
			if len(list) >= batch {
				flush()
			}
		case <-full:
			flush()
		}
	}
}
