package apns

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How long the pool waits before it connects again after two connections in a row
// that came to nothing; after one it does not, since that may be chance.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// A link is a connection to the server. A new one carries one push until that is
// answered: by then the server has said how many it takes at a time, and whether it
// takes us at all.
type link struct {
	*http.ClientConn
	proven   bool      // a push was answered; guarded by the pool's mu, as all below
	probing  bool      // the first push is under way
	retired  bool      // takes no more
	answered time.Time // when the last answer came
}

// A pool keeps a few connections open and says on which there is a free stream.
type pool struct {
	dial  func(context.Context) (*http.ClientConn, error)
	limit int
	now   func() time.Time

	changed chan struct{} // a connection may have become free or broken
	done    chan struct{} // closed when nobody listens to that any more

	mu       sync.Mutex
	links    []*link         // guarded by mu, as all below
	next     int             // the link to try first
	dialling int             // connections that are being made
	waiting  []chan struct{} // who waits for a stream, in order
	failures int             // connections in a row that came to nothing
	failed   error           // why the last did
	again    time.Time       // when to connect again
	closed   bool
}

// An unreachable error says that no connection can be made for the time being.
type unreachable struct {
	error
	until time.Time
}

func (u unreachable) Unwrap() error { return u.error }

func newPool(limit int, now func() time.Time, dial func(context.Context) (*http.ClientConn, error)) *pool {
	p := &pool{dial: dial, limit: limit, now: now, changed: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for range p.changed {
			p.mu.Lock()
			p.wakeOne()
			p.mu.Unlock()
		}
	}()
	return p
}

// acquire reserves a stream on a connection, if possible not on the one that is to be
// avoided. It waits while all streams are taken.
func (p *pool) acquire(ctx context.Context, avoid *link) (*link, error) {
	for {
		p.mu.Lock()
		l, err := p.reserve(avoid)
		if l != nil || err != nil {
			p.wakeOne() // there may be room for another
			p.mu.Unlock()
			return l, err
		}
		if p.mayDial() {
			p.dialling++
			p.mu.Unlock()
			if err := p.connect(ctx); err != nil {
				return nil, err
			}
			continue
		}
		wake := make(chan struct{})
		p.waiting = append(p.waiting, wake)
		p.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			p.leave(wake)
			return nil, fmt.Errorf("wait for a free stream: %w", ctx.Err())
		}
	}
}

// reserve returns a link with a stream reserved; nil if there is none to be had now.
func (p *pool) reserve(avoid *link) (*link, error) {
	p.links = slices.DeleteFunc(p.links, p.broken)
	if p.closed {
		return nil, unreachable{http.ErrServerClosed, p.now()}
	}
	for pass := range 2 {
		for i := range p.links {
			l := p.links[(p.next+i)%len(p.links)]
			if l.retired || l == avoid && pass == 0 || !l.proven && l.probing || l.Reserve() != nil {
				continue
			}
			l.probing = true
			p.next = (p.next + i + 1) % len(p.links)
			return l, nil
		}
		if avoid == nil || p.mayDial() {
			break
		}
	}
	if len(p.links)+p.dialling == 0 && p.now().Before(p.again) {
		return nil, unreachable{p.failed, p.again}
	}
	return nil, nil
}

// broken closes a link that takes no more and reports it.
func (p *pool) broken(l *link) bool {
	err := l.Err()
	if err == nil {
		return l.retired && l.InFlight() == 0 && l.Close() == nil
	}
	if !l.proven && !l.probing {
		p.setback(err)
	}
	_ = l.Close() // it is broken already
	return true
}

// mayDial reports whether another connection is to be made.
func (p *pool) mayDial() bool {
	open := p.dialling
	for _, l := range p.links {
		if !l.retired {
			open++
		}
	}
	return open < p.limit && !p.now().Before(p.again) && !p.closed
}

// connect makes a connection.
func (p *pool) connect(ctx context.Context) error {
	c, err := p.dial(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.wakeAll()
	p.dialling--
	switch {
	case err != nil && ctx.Err() != nil:
		return err // it was we who gave up
	case err != nil:
		p.setback(err)
		return unreachable{err, p.again}
	case p.closed:
		return c.Close()
	}
	p.links = append(p.links, &link{ClientConn: c, answered: p.now()})
	c.SetStateHook(func(*http.ClientConn) { // also called while p.mu is held
		select {
		case p.changed <- struct{}{}:
		default:
		}
	})
	return nil
}

// setback puts off the next connection.
func (p *pool) setback(err error) {
	p.failed = err
	if p.failures > 0 {
		p.again = p.now().Add(min(firstPause<<min(p.failures-1, 6), lastPause))
	}
	p.failures++
}

// answer notes that a link has brought an answer.
func (p *pool) answer(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.proven, l.answered = true, p.now()
	p.failures = 0
	p.wakeOne()
}

// fail notes that a push on a link, begun at a time, had no answer. If no other had
// one since, it is the link that is dead, and not the stream.
func (p *pool) fail(l *link, began time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !l.proven {
		l.retired = true
		p.setback(err)
	} else if l.answered.Before(began) {
		l.retired = true
	}
	p.wakeAll()
}

// release notes that it was we who gave up on a push.
func (p *pool) release(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.probing = false
	p.wakeOne()
}

// close closes all connections.
func (p *pool) close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	for _, l := range p.links {
		l.SetStateHook(nil)
		_ = l.Close() // nothing is lost: pushes are hints
	}
	p.links = nil
	p.wakeAll()
	p.mu.Unlock()
	close(p.changed)
	<-p.done
}
