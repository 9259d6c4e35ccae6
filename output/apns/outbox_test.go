package apns_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"passmill/jobs"
	"passmill/output/apns"
)

// A subscription is what an outbox in memory holds of a device.
type subscription struct {
	jobs.Push
	due    time.Time
	pushed int64
	answer string
	sent   []time.Time
}

// An outbox is one in memory, which keeps to the contract.
type outbox struct {
	mu   sync.Mutex
	list []*subscription
}

// fill makes an outbox of n devices, all of them due.
func fill(n int, due time.Time) *outbox {
	o := &outbox{}
	for i := range n {
		o.list = append(o.list, &subscription{
			Push: jobs.Push{Device: int64(i), TypeID: topic, Token: token(i), TokenAt: due, Wanted: 1, Jobs: []string{"members"}}, due: due,
		})
	}
	return o
}

func (o *outbox) ClaimPushes(_ context.Context, c jobs.PushClaim) (list []jobs.Push, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.list {
		switch {
		case s.due.IsZero() || s.due.After(c.Now) || slices.Contains(c.Except, s.TypeID) || len(list) == c.Limit:
		case s.Token == "" || s.Told >= s.Wanted:
			s.due = time.Time{}
		default:
			p := s.Push
			p.Due, p.Claim = s.due, c.Until
			if s.due = c.Until; !c.Jobs {
				p.Jobs = nil
			}
			list = append(list, p)
		}
	}
	return list, nil
}

func (o *outbox) SettlePushes(_ context.Context, results []jobs.PushResult) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range results {
		s := o.list[r.Device]
		since := r.Since
		if since.IsZero() {
			since = r.TokenAt
		}
		if r.Outcome == jobs.PushGone && s.Token == r.Token && !s.TokenAt.After(since) {
			s.Token, s.due, s.answer = "", time.Time{}, r.Answer
			continue
		}
		if !s.due.Equal(r.Claim) {
			continue
		}
		s.due = r.Due
		switch r.Outcome {
		case jobs.PushBack:
		case jobs.PushSent:
			s.Tries, s.Setbacks, s.pushed, s.answer = s.Tries+1, 0, r.Wanted, ""
			s.sent = append(s.sent, r.At)
		default:
			s.Setbacks, s.answer = s.Setbacks+1, r.Answer
		}
	}
	return nil
}

func (o *outbox) NextPush(context.Context) (next time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.list {
		if !s.due.IsZero() && (next.IsZero() || s.due.Before(next)) {
			next = s.due
		}
	}
	return next, nil
}

// count counts the devices for which what is true.
func (o *outbox) count(what func(*subscription) bool) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.list {
		if what(s) {
			n++
		}
	}
	return n
}

// sent returns when a device was pushed.
func (o *outbox) sent(device int) []time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.list[device].sent)
}

// A line is what pushes, in memory.
type line struct {
	mu    sync.Mutex
	name  string
	reply func(token string, n int) apns.Answer // to the n-th push
	sent  []string
	at    []time.Time
}

func (l *line) Send(ctx context.Context, token string) apns.Answer {
	select {
	case <-time.After(20 * time.Millisecond):
	case <-ctx.Done():
		return apns.Answer{Verdict: apns.Later, Reason: apns.ReasonStopped, Err: ctx.Err()}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent, l.at = append(l.sent, token), append(l.at, time.Now())
	return l.reply(token, len(l.sent))
}

func (l *line) Name() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cmp.Or(l.name, "one")
}

// set changes what the line answers, and its name.
func (l *line) set(name string, reply func(string, int) apns.Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.name, l.reply = name, reply
}

func (l *line) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sent)
}

func always(a apns.Answer) func(string, int) apns.Answer {
	return func(string, int) apns.Answer { return a }
}

var ok = apns.Answer{Verdict: apns.OK, Status: 200}
