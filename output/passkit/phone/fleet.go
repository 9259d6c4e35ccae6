package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// A Fleet is many phones that try a server at once: some are deaf, some get a new
// push token, some throw their pass away, some are two devices with one token. It
// is used once.
type Fleet struct {
	Size    int
	Files   [][]byte // passes, handed out in turn
	Judge   Judge
	HTTP    *http.Client // to the web service
	Push    *http.Client // to the push server
	Server  string       // address of the push server
	Workers int          // phones that are at work at a time
	Seed    uint64       // which phones are special
	Deaf    float64      // share of the phones that never list or fetch
	Special float64      // share of those that renew their token, as of those that leave, and of twins

	// For is how long changes are waited for after all have registered; Quiet ends
	// that earlier, when no push has come for so long after the first.
	For, Quiet time.Duration

	// Tell is called with each stage of the trial and what came of it; nil tells
	// nobody.
	Tell func(stage string, r Result)

	phones  []*member
	byToken map[string][]*member // guarded by mu, as all below
	mu      sync.Mutex
	queue   chan *member
	pushes  int
	last    time.Time // when the last push came
	left    int       // members in the queue or at work
	idle    *sync.Cond
}

// A member is one phone of a fleet.
type member struct {
	*Phone
	deaf, renews, leaves bool
	tokens               string // the push token it is known by in Fleet.byToken

	topics map[string]bool // that were pushed; guarded by Fleet.mu, as the three below
	gone   bool            // its token is dead
	leave  bool            // it is to throw its pass away
	queued bool            // it is in the queue, or a worker has it
	err    error           // of its registration
}

// A Result is what came of a trial so far.
type Result struct {
	Registered, Failed           int      // phones, and those that gave up
	Deaf, Renewed, Left, Twins   int      // phones
	Pushes                       int      // that were heard
	Living, Behind               int      // phones that should hold the newest version, and those that do not
	Lines                        []string // about the first of those that failed or are behind
	Registering, Waiting, Taking time.Duration
}

// maxLines bounds what a result says of single phones.
const maxLines = 20

func (r *Result) say(format string, args ...any) {
	if len(r.Lines) < maxLines {
		r.Lines = append(r.Lines, fmt.Sprintf(format, args...))
	}
}

// Run registers the phones, lets them hear of changes, and compares what they hold
// with what the server has. When ctx ends while it waits for changes, it compares at
// once.
func (f *Fleet) Run(ctx context.Context) (r Result, err error) {
	if err := f.prepare(); err != nil {
		return r, err
	}
	work := context.WithoutCancel(ctx)
	listening, stop := context.WithCancel(work)
	var all sync.WaitGroup
	defer func() {
		stop()
		all.Wait()
	}()
	ready := make(chan error, 1)
	all.Go(func() { f.listen(listening, ready) })
	if err := <-ready; err != nil {
		return r, err
	}
	start := time.Now()
	f.each(func(m *member) { m.err = f.join(work, m) })
	r.Registering = time.Since(start)
	f.count(&r)
	f.tell("registered", r)
	for range f.Workers {
		all.Go(func() { f.work(listening) })
	}
	for _, m := range f.phones {
		f.special(m)
	}
	f.settle()
	f.count(&r)
	f.tell("special", r)
	start = time.Now()
	f.wait(ctx)
	f.settle()
	r.Waiting = time.Since(start)
	f.count(&r)
	f.tell("waited", r)
	start = time.Now()
	err = f.compare(work, &r)
	r.Taking = time.Since(start)
	return r, err
}

func (f *Fleet) tell(stage string, r Result) {
	if f.Tell != nil {
		f.Tell(stage, r)
	}
}

// prepare makes the phones, each with a pass.
func (f *Fleet) prepare() error {
	if len(f.Files) == 0 {
		return errors.New("a fleet needs passes")
	}
	rng := rand.New(rand.NewPCG(f.Seed, 1))
	f.byToken, f.queue = map[string][]*member{}, make(chan *member, f.Size)
	f.idle = sync.NewCond(&f.mu)
	for i := range f.Size {
		m := &member{topics: map[string]bool{}, Phone: &Phone{State: NewState(), HTTP: f.HTTP, Judge: f.Judge, Now: time.Now}}
		switch at := rng.Float64(); {
		case at < f.Deaf:
			m.deaf = true
		case at < f.Deaf+f.Special:
			m.renews = true
		case at < f.Deaf+2*f.Special:
			m.leaves = true
		case at < f.Deaf+3*f.Special && i > 0:
			m.PushToken = f.phones[i-1].PushToken
		}
		pass, err := m.Put(f.Files[i%len(f.Files)])
		if err != nil {
			return fmt.Errorf("pass %d of those that were given: %w", i%len(f.Files)+1, err)
		}
		if pass.Contents.card().Service == "" {
			return fmt.Errorf("pass %s has no webServiceURL: its job must say updates: true", pass.Serial)
		}
		f.phones = append(f.phones, m)
		f.know(m)
	}
	return nil
}

// know notes to whom a push token belongs now. f.mu is held, or nobody else is there.
func (f *Fleet) know(m *member) {
	if old := f.byToken[m.tokens]; m.tokens != "" {
		var rest []*member
		for _, other := range old {
			if other != m {
				rest = append(rest, other)
			}
		}
		f.byToken[m.tokens] = rest
	}
	m.tokens = m.PushToken
	f.byToken[m.PushToken] = append(f.byToken[m.PushToken], m)
}

// each does something with all phones, as many at a time as there are workers.
func (f *Fleet) each(do func(*member)) {
	next := make(chan *member)
	var workers sync.WaitGroup
	for range f.Workers {
		workers.Go(func() {
			for m := range next {
				do(m)
			}
		})
	}
	for _, m := range f.phones {
		next <- m
	}
	close(next)
	workers.Wait()
}

// join registers a phone.
func (f *Fleet) join(ctx context.Context, m *member) error {
	return m.register(ctx, m.Passes[0])
}

// special lets a phone do what only some do.
func (f *Fleet) special(m *member) {
	if m.renews || m.leaves {
		f.enqueue(m, func() { m.gone, m.leave = m.renews, m.leaves })
	}
}
