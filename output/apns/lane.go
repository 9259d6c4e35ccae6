package apns

import (
	"context"
	"sync"
	"time"
)

// A lane is the way of the pushes of one pass type. It may be closed for a while: then
// one push goes ahead to see whether it is open again.
type lane struct {
	typeID string
	load   func(context.Context, string) (Pusher, error)

	mu      sync.Mutex
	pusher  Pusher
	ctx     context.Context //nolint:containedctx // of the pushes under way: it ends when the lane is closed
	stop    context.CancelFunc
	until   time.Time // closed until then; zero if it is open; guarded by mu, as all here
	with    string    // the name of the pusher for whom it was closed
	reason  string    // why it was halted; "" if it only rests
	turn    int       // how often it was closed
	probing bool      // a push has gone ahead
	proven  bool      // Apple has taken a push of this pusher
	bad     int       // tokens that were called bad before that
}

// A trip is a push on its way along a lane.
type trip struct {
	ctx    context.Context //nolint:containedctx // it ends when the lane is closed
	pusher Pusher
	turn   int // of the lane, when the push set out
}

// enter sets a push on its way. It is not to go if the lane is closed.
func (l *lane) enter(ctx context.Context, now time.Time) (t trip, free bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.turn = l.turn
	if l.closed(now) || l.probing {
		return t, false, nil
	}
	p, err := l.load(ctx, l.typeID)
	if err != nil {
		return t, false, err
	}
	if l.pusher == nil || l.pusher.Name() != p.Name() {
		l.proven, l.bad = false, 0
	}
	l.pusher = p
	l.probing = !l.until.IsZero()
	if l.ctx == nil || l.ctx.Err() != nil {
		l.ctx, l.stop = context.WithCancel(ctx)
	}
	t.ctx, t.pusher = l.ctx, p
	return t, true, nil
}

// closed reports whether nothing may enter. l.mu is held.
func (l *lane) closed(now time.Time) bool { return now.Before(l.until) }

// look reports whether the lane is closed, and opens it if what it was closed for was
// replaced.
func (l *lane) look(ctx context.Context, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed(now) && l.reason != "" {
		if p, err := l.load(ctx, l.typeID); err == nil && p.Name() != l.with {
			l.until = now
		}
	}
	return l.closed(now) || l.probing
}

// open notes an answer that shows that the lane is open, unless it was closed since
// the push set out.
func (l *lane) open(t trip, v Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.turn != l.turn {
		return
	}
	l.until, l.reason, l.probing = time.Time{}, "", false
	if v == OK {
		l.proven, l.bad = true, 0
	}
}

// back notes that a push came back without an answer.
func (l *lane) back(t trip) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.turn == l.turn {
		l.probing = false
	}
}

// close closes the lane until a time, and ends what is under way on it. A reason
// halts it; "" lets it rest. It reports whether it is this push that closed it, and
// whether it was halted for that reason before, when it was tried last.
func (l *lane) close(t trip, until time.Time, reason string) (first, again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.turn != l.turn {
		return false, false
	}
	again = reason != "" && l.reason == reason
	l.until, l.reason, l.probing, l.with = until, reason, false, ""
	l.turn++
	if t.pusher != nil { // nil if none could be had: whichever comes opens the lane
		l.with = t.pusher.Name()
	}
	if l.stop != nil {
		l.stop()
	}
	return true, again
}

// doubt reports whether a token that was called bad is to be kept for now, and
// whether so many were that it is not the tokens.
func (l *lane) doubt(setbacks int) (keep, all bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.proven {
		return false, false
	}
	l.bad++
	all = l.bad >= doubtfulTokens
	return all || setbacks < doubtfulTries, all
}
