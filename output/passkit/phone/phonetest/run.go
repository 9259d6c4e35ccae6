package phonetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"golang.org/x/text/language"

	"passmill/output/passkit/phone"
)

// Run simulates. From time to time and in the end it lets everything come to rest,
// and returns a [*Failure] if the web service has broken a promise; another error if
// the world itself failed. The same options and the same world go the same way.
func Run(ctx context.Context, w World, o Options) (Counts, error) {
	s := &simulation{World: w, o: o, rng: rand.New(rand.NewPCG(o.Seed, 1)), byToken: map[string][]int{}, lostInRow: map[Push]int{}}
	s.net = &network{rng: s.rng, handler: w.Handler, lossy: true, counts: &s.counts, kinds: map[string]int{}}
	s.counts.Kinds = s.net.kinds
	if err := s.begin(); err != nil {
		return s.counts, err
	}
	for s.counts.Steps = 1; s.counts.Steps <= o.Steps; s.counts.Steps++ {
		if err := s.step(ctx); err != nil {
			return s.counts, err
		}
		if s.counts.Steps%o.Period == 0 || s.counts.Steps == o.Steps {
			if err := s.rest(ctx); err != nil {
				return s.counts, err
			}
		}
	}
	return s.counts, nil
}

// A simulation is one at work.
type simulation struct {
	World
	o      Options
	rng    *rand.Rand
	net    *network
	counts Counts

	devices   []*device
	busy      []int            // devices with something to do; each once
	byToken   map[string][]int // devices by push token: two may share one
	flying    []Push           // that were sent and have not arrived
	lostInRow map[Push]int
	first     [][]byte // the file of each pass as it was at the beginning
	backedUp  int      // the step of the last backup; 0 if there is none
	restored  []int    // the steps at which it was restored
}

// A device is a phone, and what it is up to.
type device struct {
	*phone.Phone
	index  int
	deaf   bool // it registers, and never listens
	busy   bool // it stands in simulation.busy
	pushed map[string]bool
	since  map[*phone.Pass]int // the step of the last registration
}

// passesOfDevice is how many passes a phone begins with, at most.
const passesOfDevice = 3

// begin hands passes to the phones.
func (s *simulation) begin() error {
	for pass := range s.Passes {
		file, err := s.File(pass)
		if err != nil {
			return err
		}
		s.first = append(s.first, file)
	}
	client := &http.Client{Transport: s.net}
	for i := range s.o.Devices {
		d := &device{index: i, deaf: s.chance(50), pushed: map[string]bool{}, since: map[*phone.Pass]int{}}
		d.Phone = &phone.Phone{
			State: phone.State{Library: s.hex(16), PushToken: s.hex(32)}, HTTP: client, Judge: s.Judge, Tries: 1,
			DatesOnly: i%2 == 0, Locale: phone.Locale{Language: language.English}, Now: func() time.Time { return time.Unix(0, 0) },
		}
		if i > 0 && s.chance(20) {
			d.PushToken = s.devices[i-1].PushToken // one phone under two identifiers
		}
		s.devices = append(s.devices, d)
		s.byToken[d.PushToken] = append(s.byToken[d.PushToken], i)
		for range 1 + s.rng.IntN(passesOfDevice) {
			if err := s.add(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// add lets a phone take in a pass: as it is now, or as it lay in a mail since the
// beginning.
func (s *simulation) add(d *device) error {
	pass := s.rng.IntN(s.Passes)
	file := s.first[pass]
	if s.chance(500) {
		var err error
		if file, err = s.File(pass); err != nil {
			return err
		}
	}
	held, err := d.Put(file)
	if err != nil {
		return fmt.Errorf("the world's own pass: %w", err)
	}
	held.Registered = false
	s.wake(d)
	return nil
}

// step does one thing, whatever it is.
func (s *simulation) step(ctx context.Context) error {
	switch n := s.rng.IntN(10_000); {
	case n < 2500:
		s.counts.Writes++
		return s.Write(s.rng.IntN(s.o.Writers))
	case n < 3000:
		return s.push()
	case n < 4000:
		s.arrive()
	case n < 4300:
		return s.whim(ctx)
	case n < 4320:
		s.jump()
	case n < 4320+cmp.Or(s.o.Accidents, 10):
		return s.accident()
	default:
		return s.work(ctx)
	}
	return nil
}

// work lets a phone that has something to do make one exchange.
func (s *simulation) work(ctx context.Context) error {
	if len(s.busy) == 0 {
		return nil
	}
	at := s.rng.IntN(len(s.busy))
	d := s.devices[s.busy[at]]
	more, err := s.exchange(ctx, d)
	if !more {
		s.busy[at] = s.busy[len(s.busy)-1]
		s.busy = s.busy[:len(s.busy)-1]
		d.busy = false
	}
	return err
}

// exchange makes the next exchange of a phone; it reports whether there is another
// one to make, perhaps.
func (s *simulation) exchange(ctx context.Context, d *device) (bool, error) {
	for _, p := range d.Passes {
		if !p.Registered {
			err := d.Register(ctx, p)
			d.since[p] = s.counts.Steps
			return true, s.answer(d, err)
		}
	}
	if d.deaf {
		return false, nil
	}
	for _, f := range d.Feeds {
		if d.pushed[f.TypeID] {
			err := d.List(ctx, f)
			if err == nil {
				delete(d.pushed, f.TypeID)
			}
			return true, s.answer(d, err)
		}
	}
	clear(d.pushed) // of types that it has no pass of
	for _, p := range d.Passes {
		if p.Wanted {
			_, err := d.Fetch(ctx, p)
			return true, s.answer(d, err)
		}
	}
	return d.Complain(ctx), nil
}

// answer fails if a service answered as no sound one does.
func (s *simulation) answer(d *device, err error) error {
	if err == nil || phone.Passing(err) {
		return nil
	}
	return s.fail(Answer, "phone %d: %v", d.index, err)
}

func (s *simulation) fail(kind Kind, format string, args ...any) error {
	return &Failure{kind, s.o.Seed, fmt.Sprintf(format, args...)}
}

// wake notes that a phone has something to do.
func (s *simulation) wake(d *device) {
	if !d.busy {
		d.busy = true
		s.busy = append(s.busy, d.index)
	}
}

// chance comes true n times in a thousand.
func (s *simulation) chance(n int) bool { return s.rng.IntN(1000) < n }

func (s *simulation) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 2*n)
	for i := range b {
		b[i] = digits[s.rng.IntN(len(digits))]
	}
	return string(b)
}
