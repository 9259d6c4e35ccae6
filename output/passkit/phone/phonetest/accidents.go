package phonetest

import (
	"context"
	"slices"
	"time"
)

// push sends what is due. The network of pushes loses some, but no more than two
// in a row for a phone: a server that tries three times reaches it.
func (s *simulation) push() error {
	due, err := s.Push()
	for _, p := range due {
		s.counts.Pushes++
		if s.net.lossy && s.lostInRow[p] < 2 && s.chance(lostPushes) {
			s.counts.LostPushes++
			s.lostInRow[p]++
			continue
		}
		delete(s.lostInRow, p)
		s.flying = append(s.flying, p)
	}
	return err
}

// arrive lets some pushes arrive, of whichever age.
func (s *simulation) arrive() {
	for range min(len(s.flying), 1+s.rng.IntN(6)) {
		at := s.rng.IntN(len(s.flying))
		p := s.flying[at]
		s.flying[at] = s.flying[len(s.flying)-1]
		s.flying = s.flying[:len(s.flying)-1]
		s.deliver(p)
	}
}

func (s *simulation) deliver(p Push) {
	for _, i := range s.byToken[p.Token] {
		d := s.devices[i]
		d.pushed[p.TypeID] = true
		s.wake(d)
	}
}

// whim lets a person, or the system, do something to a phone.
func (s *simulation) whim(ctx context.Context) error {
	d := s.devices[s.rng.IntN(len(s.devices))]
	if len(d.Passes) == 0 || s.chance(150) {
		return s.add(d)
	}
	p := d.Passes[s.rng.IntN(len(d.Passes))]
	switch n := s.rng.IntN(100); {
	case n < 10:
		s.renew(d)
	case n < 25:
		_ = d.Remove(ctx, p) // the phone forgets it, whatever the server says
		delete(d.since, p)
	case p.Registered && !d.deaf:
		_, err := d.Fetch(ctx, p)
		return s.answer(d, err)
	}
	return nil
}

// renew gives a phone a new push token; the old one is dead.
func (s *simulation) renew(d *device) {
	old := d.PushToken
	s.byToken[old] = slices.DeleteFunc(s.byToken[old], func(i int) bool { return i == d.index })
	d.Renew(s.hex(32))
	s.byToken[d.PushToken] = append(s.byToken[d.PushToken], d.index)
	s.wake(d)
}

// jump sets the server's clock: a little forwards mostly, and hours back or forth
// now and then.
func (s *simulation) jump() {
	s.counts.Jumps++
	if s.chance(700) {
		s.Jump(time.Duration(s.rng.IntN(2000)) * time.Millisecond)
		return
	}
	s.Jump(time.Duration(s.rng.IntN(14_400)-7200) * time.Second)
}

// accident restarts the server, keeps a backup or goes back to it.
func (s *simulation) accident() error {
	switch n := s.rng.IntN(20); {
	case n < 10 && s.Restart != nil:
		s.counts.Restarts++
		return s.Restart()
	case n >= 10 && n < 18 && s.Backup != nil:
		s.backedUp = s.counts.Steps
		return s.Backup()
	case n >= 18 && s.Restore != nil && s.backedUp > 0:
		return s.goBack()
	}
	return nil
}

// goBack restores the backup. Registrations since then are gone, which nobody tells
// the phones: their owners switch updates off and on again.
func (s *simulation) goBack() error {
	s.counts.Restores++
	s.restored = append(s.restored, s.counts.Steps)
	if err := s.Restore(); err != nil {
		return err
	}
	for _, d := range s.devices {
		for _, p := range d.Passes {
			if d.since[p] >= s.backedUp {
				p.Registered = false
				s.wake(d)
			}
		}
	}
	return nil
}
