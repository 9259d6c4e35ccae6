package mail

import (
	"context"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"passmill/jobs"
)

// maxHeld is how many deliveries are kept back for the sake of their domains.
const maxHeld = 1000

// A dispatch hands deliveries to workers, at the pace that was agreed.
type dispatch struct {
	*sending
	mailing int64
	pace    *rate.Limiter // nil: no limit
	domains map[string]*rate.Limiter
	ready   []jobs.Delivery            // claimed, and not looked at yet
	held    map[string][]jobs.Delivery // by domain: claimed, and too early for it
	count   int                        // of those held
}

func newDispatch(s *sending, mailing int64) *dispatch {
	d := &dispatch{sending: s, mailing: mailing, domains: map[string]*rate.Limiter{}, held: map[string][]jobs.Delivery{}}
	if s.Pace > 0 {
		d.pace = limiter(s.Pace)
	}
	return d
}

// limiter allows so many a second, of which none, or a second's, come at once.
func limiter(perSecond float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))
}

// left returns what was claimed and not handed out.
func (d *dispatch) left() []jobs.Delivery {
	all := d.ready
	for _, list := range d.held {
		all = append(all, list...)
	}
	return all
}

func (d *dispatch) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if now := d.now(); d.Window.Opens(now).After(now) { // what is held back waits for the next one
			return nil
		}
		next, wait, err := d.next(ctx)
		switch {
		case err != nil:
			return err
		case next != nil:
			if !d.hand(ctx, *next) {
				return ctx.Err()
			}
		case wait < 0:
			return nil
		default:
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
	}
	return ctx.Err()
}

// hand gives a delivery to a worker.
func (d *dispatch) hand(ctx context.Context, next jobs.Delivery) bool {
	if d.pace != nil && d.pace.Wait(ctx) != nil {
		d.ready = append(d.ready, next)
		return false
	}
	select {
	case d.work <- next:
		return true
	case <-ctx.Done():
		d.ready = append(d.ready, next)
		return false
	}
}

// next returns a delivery that may be sent now; or how long to wait for one, less
// than 0 if none is due.
func (d *dispatch) next(ctx context.Context) (*jobs.Delivery, time.Duration, error) {
	wait := time.Duration(-1)
	for name, list := range d.held {
		pause := d.early(name)
		if pause == 0 {
			first := list[0]
			d.count--
			if d.held[name] = list[1:]; len(list) == 1 {
				delete(d.held, name)
			}
			return &first, 0, nil
		}
		if wait < 0 || pause < wait {
			wait = pause
		}
	}
	for {
		if len(d.ready) == 0 {
			if err := d.claim(ctx); err != nil || len(d.ready) == 0 {
				return nil, wait, err
			}
		}
		first := d.ready[0]
		d.ready = d.ready[1:]
		name := domainOf(first.Recipient)
		pause := time.Duration(0)
		if len(d.held[name]) == 0 {
			pause = d.early(name)
		}
		if len(d.held[name]) == 0 && pause == 0 {
			return &first, 0, nil
		}
		d.held[name] = append(d.held[name], first)
		d.count++
		if pause > 0 && (wait < 0 || pause < wait) {
			wait = pause
		}
	}
}

func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// early takes the turn of a domain, or returns how long it is until its next.
func (d *dispatch) early(name string) time.Duration {
	if d.PerDomain <= 0 {
		return 0
	}
	l := d.domains[name]
	if l == nil {
		l = limiter(d.PerDomain)
		d.domains[name] = l
	}
	r := l.Reserve()
	if wait := r.Delay(); wait > 0 {
		r.Cancel()
		return wait
	}
	return 0
}

// claim takes what is due.
func (d *dispatch) claim(ctx context.Context) (err error) {
	if d.count >= maxHeld {
		return nil
	}
	except := make([]string, 0, len(d.held))
	for name := range d.held {
		except = append(except, name)
	}
	d.ready, err = d.Outbox.Claim(ctx, d.mailing, 4*max(1, d.Connections), except)
	return err
}
