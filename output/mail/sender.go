package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"passmill/jobs"
)

// An Outbox holds the deliveries of mailings, written down before they are tried.
type Outbox interface {
	// Claim takes up to n deliveries that are due, none of them to the domains
	// in except, and marks them as trying. None means that none is due, or that
	// the mailing is not open. No other process claims from the mailing.
	Claim(ctx context.Context, mailing int64, n int, except []string) ([]jobs.Delivery, error)
	// Record writes changes down, all or none. That a delivery is in doubt is
	// only written if it may be sent; the ids of the others come back.
	Record(ctx context.Context, changes []jobs.DeliveryChange) (stopped []string, err error)
	// NextDue returns when the next delivery is due; zero if none waits.
	NextDue(ctx context.Context, mailing int64) (time.Time, error)
}

// How often a delivery is tried that the server does not take, and does not refuse
// for good.
const (
	firstPause = time.Minute
	lastPause  = 4 * time.Hour
	patience   = 5 * 24 * time.Hour
)

// maxTroubles is how often in a row a server may be of no use, or a mail not be
// written, before a sender stops.
const maxTroubles = 10

// A Sender sends the deliveries of mailings.
type Sender struct {
	Server      *Server
	Outbox      Outbox
	Compose     func(ctx context.Context, d jobs.Delivery) (Message, error)
	Connections int           // how many mails are sent at once; 0 means one
	Pace        float64       // mails a second; 0 means no limit
	PerDomain   float64       // mails a second to one domain of recipients; likewise
	Window      Window        // when mails are sent
	Pause       time.Duration // after the server was of no use, doubled each time; 0 means a second

	// Now tells the time by which deliveries are due; nil means time.Now.
	Now func() time.Time
	// Told is called when it is known what became of a delivery; once for each
	// try, and never twice at once. It may be nil.
	Told func(d jobs.Delivery, c jobs.DeliveryChange)
}

// Run sends what is due of a mailing, and returns when nothing is, outside of the
// window, or when ctx ends; what has been begun is brought to its end. If the server
// is of no use time and again, that is the error, and nothing is lost by it.
func (s *Sender) Run(ctx context.Context, mailing int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &sending{Sender: s, cancel: cancel, work: make(chan jobs.Delivery)}
	r.journal = newJournal(context.WithoutCancel(ctx), s.Outbox, func(err error) { cancel(err) })
	var workers sync.WaitGroup
	for range max(1, s.Connections) {
		workers.Go(func() { r.worker(ctx) })
	}
	d := newDispatch(r, mailing)
	err := d.run(ctx)
	close(r.work)
	workers.Wait()
	for _, left := range d.left() {
		r.journal.settle(jobs.DeliveryChange{ID: left.ID, State: jobs.DeliveryWaiting})
	}
	r.journal.close()
	if why := context.Cause(ctx); why != nil && !errors.Is(why, context.Canceled) {
		return why
	}
	return err
}

func (s *Sender) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// A sending is a sender at work.
type sending struct {
	*Sender
	journal *journal
	cancel  context.CancelCauseFunc
	work    chan jobs.Delivery

	mu       sync.Mutex // guards troubles, and calls of Told
	troubles int
}

// worker sends over a line of its own.
func (r *sending) worker(ctx context.Context) {
	line := r.Server.Line()
	defer line.Close()
	for d := range r.work {
		if ctx.Err() != nil {
			r.journal.settle(jobs.DeliveryChange{ID: d.ID, State: jobs.DeliveryWaiting})
			continue
		}
		change, pause := r.send(ctx, line, d)
		r.journal.settle(change)
		r.tell(d, change)
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
}

func (r *sending) tell(d jobs.Delivery, c jobs.DeliveryChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Told != nil {
		r.Told(d, c)
	}
}

// send tries one delivery. pause is how long the worker had better wait.
func (r *sending) send(ctx context.Context, line *Line, d jobs.Delivery) (c jobs.DeliveryChange, pause time.Duration) {
	c.ID = d.ID
	m, err := r.Compose(ctx, d)
	if err != nil {
		if ctx.Err() != nil {
			c.State = jobs.DeliveryWaiting
			return c, 0
		}
		err = fmt.Errorf("write the mail: %w", err)
		c.Tried, c.Answer = true, reason(err)
		c.State, c.Next = again(d, r.now())
		return c, r.trouble(ctx, err)
	}
	outcome, err := line.Send(ctx, m, func() error { return r.journal.doubt(d.ID) })
	c.Code, c.Answer = Answer(err)
	switch {
	case outcome == Sent:
		c.State, c.Tried = jobs.DeliverySent, true
	case outcome == InDoubt:
		c.State, c.Tried, c.Answer = jobs.DeliveryInDoubt, true, "the connection broke before the server's answer"
	case outcome == Refused:
		c.State, c.Tried, c.Answer = jobs.DeliveryRefused, true, cmp.Or(c.Answer, reason(err))
		c.Never = Forever(c.Code, c.Answer)
	case errors.Is(err, jobs.ErrStopped): // it is written down already
		c.State = jobs.DeliveryWaiting
		return c, 0
	case ctx.Err() != nil:
		c.State = jobs.DeliveryWaiting
		return c, 0
	case Troubled(err):
		c.State = jobs.DeliveryWaiting
		return c, r.trouble(ctx, err)
	default:
		c.Tried, c.Answer = true, cmp.Or(c.Answer, reason(err))
		c.State, c.Next = again(d, r.now())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.troubles = 0
	return c, 0
}

// reason returns an error as one line of bounded length.
func reason(err error) string {
	if err == nil {
		return ""
	}
	text := []rune(strings.ReplaceAll(err.Error(), "\n", " "))
	return string(text[:min(len(text), maxAnswer)])
}

// again returns when a delivery is tried again that failed now, if it is.
func again(d jobs.Delivery, now time.Time) (jobs.DeliveryState, time.Time) {
	first := d.First
	if first.IsZero() {
		first = now
	}
	next := now.Add(min(firstPause<<min(d.Tries, 20), lastPause))
	if next.Sub(first) > patience {
		return jobs.DeliveryGivenUp, next
	}
	return jobs.DeliveryWaiting, next
}

// trouble counts that nothing could be sent, for no reason of the delivery's, and
// stops everything when it is too often in a row.
func (r *sending) trouble(ctx context.Context, err error) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.troubles++
	if r.troubles >= maxTroubles && ctx.Err() == nil {
		r.cancel(fmt.Errorf("stopped after %d failures in a row; what is left waits: %w", r.troubles, err))
	}
	return min(cmp.Or(r.Pause, time.Second)<<min(r.troubles-1, 6), time.Minute)
}
