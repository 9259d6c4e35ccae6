package phonetest

import (
	"context"
	"errors"
	"time"

	"passmill/output/passkit/phone"
)

// restHours is how long everything has to come to rest: a server pushes again after
// an hour and after a day.
const restHours = 60

// rest ends the accidents and the writers, lets pushes and phones go on until
// nothing happens any more, and looks at what the phones hold.
func (s *simulation) rest(ctx context.Context) error {
	if err := s.Finish(); err != nil {
		return err
	}
	s.net.lossy = false
	defer func() { s.net.lossy = true }()
	before := s.counts.Exchanges
	for range restHours {
		if err := s.settle(ctx); err != nil {
			return err
		}
		s.Jump(time.Hour)
	}
	s.counts.Resting += s.counts.Exchanges - before
	s.counts.Rests++
	if err := s.compare(); err != nil {
		return err
	}
	return s.still(ctx)
}

// settle lets pushes and phones go on until there is nothing to do. Each phone has
// a bounded number of exchanges for that.
func (s *simulation) settle(ctx context.Context) error {
	const exchangesOfPass = 12
	bound := s.counts.Exchanges + exchangesOfPass*passesOfDevice*len(s.devices)
	for {
		if err := s.push(); err != nil {
			return err
		}
		for _, p := range s.flying {
			s.deliver(p)
		}
		s.flying = s.flying[:0]
		if len(s.busy) == 0 {
			return nil
		}
		for len(s.busy) > 0 {
			if err := s.work(ctx); err != nil {
				return err
			}
		}
		if s.counts.Exchanges > bound {
			return s.fail(Forever, "phones still make exchanges, and nothing has changed: %v", s.net.kinds)
		}
	}
}

// compare looks at what each living phone holds.
func (s *simulation) compare() error {
	newest := make(map[[2]string]string)
	for pass := range s.Passes {
		file, err := s.File(pass)
		if err != nil {
			return err
		}
		c := s.Judge(file)
		card := c.Card()
		newest[[2]string{card.TypeID, card.Serial}] = c.Hash
	}
	var errs []error
	s.counts.Living = 0
	for _, d := range s.devices {
		if d.deaf {
			continue
		}
		s.counts.Living++
		for _, p := range d.Passes {
			if p.Contents.Hash != newest[[2]string{p.TypeID, p.Serial}] {
				errs = append(errs, s.behind(d, p, newest[[2]string{p.TypeID, p.Serial}]))
			}
		}
	}
	if len(errs) > 0 {
		return errors.Join(s.fail(Behind, "%d passes of %d phones, after %d steps", len(errs), s.counts.Living, s.counts.Steps), errs[0])
	}
	return nil
}

// behind says all that there is to know of a phone that is behind.
func (s *simulation) behind(d *device, p *phone.Pass, newest string) error {
	var tags []string
	for _, f := range d.Feeds {
		tags = append(tags, f.TypeID+" "+f.Tag)
	}
	return s.fail(Behind, "phone %d holds %s, of %q, ETag %q, dates only %v, and not %s\nits tags are %q, its push token %s; registered at step %d, restored at %v",
		d.index, p.Contents.Hash, p.Modified, p.ETag, d.DatesOnly, newest, tags, d.PushToken, d.since[p], s.restored)
}

// still wakes all phones and lets all people pull down, twice: the second time
// nothing may be named or fetched.
func (s *simulation) still(ctx context.Context) error {
	for round := range 2 {
		listed, fetched := s.net.kinds["list OK"], s.net.kinds["fetch OK"]
		for _, d := range s.devices {
			if d.deaf {
				continue
			}
			for _, f := range d.Feeds {
				d.pushed[f.TypeID] = true
			}
			s.wake(d)
		}
		if err := s.settle(ctx); err != nil {
			return err
		}
		if n := s.net.kinds["list OK"] - listed; n > 0 && round > 0 {
			return s.fail(Forever, "%d lists named passes that have not changed since the phones asked last", n)
		}
		if err := s.pullDown(ctx); err != nil {
			return err
		}
		if n := s.net.kinds["fetch OK"] - fetched; n > 0 && round > 0 {
			return s.fail(Forever, "%d passes were sent whole to phones that hold them", n)
		}
	}
	return nil
}

func (s *simulation) pullDown(ctx context.Context) error {
	for _, d := range s.devices {
		for _, p := range d.Passes {
			if d.deaf {
				continue
			}
			if _, err := d.Fetch(ctx, p); err != nil {
				return s.answer(d, err)
			}
		}
	}
	return nil
}
