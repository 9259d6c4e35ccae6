package phone

import (
	"context"
	"errors"
	"time"
)

// Apple says that a device tries again for a while and then gives up, and not how
// long. This one waits a second, then twice as long each time.
const (
	DefaultTries = 5
	firstPause   = time.Second
)

// An Event is something that a person who holds the phone, or its owner's server,
// would see.
type Event struct {
	Kind     Kind
	Pass     *Pass    // nil if the event is about no single pass
	Messages []string // of Changed: what the lock screen says
	Texts    []string // of Refused: why, in the words of the phone's log
	Err      error    // of Failed and Again
}

// A Kind is what has happened.
type Kind string

// The kinds of events.
const (
	Added        Kind = "added"        // a pass was taken in
	Registered   Kind = "registered"   // the web service knows that the phone has the pass
	Unregistered Kind = "unregistered" // and that it has it no longer
	Unchanged    Kind = "unchanged"    // it was asked for, and is the newest version
	Changed      Kind = "changed"      // a newer version took its place
	Refused      Kind = "refused"      // a newer version is bad: the old one stays
	Again        Kind = "again"        // an exchange failed and is tried again
	Failed       Kind = "failed"       // the phone has given up until the next occasion
)

func (p *Phone) tell(e Event) {
	if p.Tell != nil {
		p.Tell(e)
	}
}

// Add takes a pass in and registers for it. A pass that can't be registered is
// kept: it is shown, and hears of no changes until [Phone.Resume] has registered it.
func (p *Phone) Add(ctx context.Context, data []byte) (*Pass, error) {
	pass, err := p.Put(data)
	if err != nil {
		return nil, err
	}
	pass.Registered = false // a pass that is added again is registered again
	p.tell(Event{Kind: Added, Pass: pass})
	return pass, p.register(ctx, pass)
}

func (p *Phone) register(ctx context.Context, pass *Pass) error {
	if pass.Contents.card().Service == "" {
		return nil
	}
	err := p.again(ctx, pass, func() error { return p.Register(ctx, pass) })
	if err == nil {
		p.tell(Event{Kind: Registered, Pass: pass})
	}
	return err
}

// Resume does what was left undone: it registers the passes that are not, and
// fetches those that are wanted.
func (p *Phone) Resume(ctx context.Context) error {
	var errs []error
	for _, pass := range p.Passes {
		if !pass.Registered {
			errs = append(errs, p.register(ctx, pass))
		}
	}
	return errors.Join(append(errs, p.fetchWanted(ctx))...)
}

// Sync does what a push for a pass type makes a phone do: it lists what changed and
// fetches it. All pass types are meant if typeID is empty, as when the phone is
// switched on.
func (p *Phone) Sync(ctx context.Context, typeID string) error {
	var errs []error
	for _, f := range p.Feeds {
		if typeID == "" || f.TypeID == typeID {
			errs = append(errs, p.again(ctx, nil, func() error { return p.List(ctx, f) }))
		}
	}
	return errors.Join(append(errs, p.fetchWanted(ctx))...)
}

func (p *Phone) fetchWanted(ctx context.Context) error {
	var errs []error
	for _, pass := range p.Passes {
		if pass.Wanted {
			errs = append(errs, p.fetch(ctx, pass))
		}
	}
	p.Complain(ctx)
	return errors.Join(errs...)
}

// Refresh asks for each pass, as when a person pulls it down.
func (p *Phone) Refresh(ctx context.Context) error {
	var errs []error
	for _, pass := range p.Passes {
		if pass.Contents.card().Service != "" {
			errs = append(errs, p.fetch(ctx, pass))
		}
	}
	p.Complain(ctx)
	return errors.Join(errs...)
}

func (p *Phone) fetch(ctx context.Context, pass *Pass) error {
	var u Update
	err := p.again(ctx, pass, func() (err error) {
		u, err = p.Fetch(ctx, pass)
		return err
	})
	switch {
	case err != nil:
		return err
	case u.Changed:
		p.tell(Event{Kind: Changed, Pass: pass, Messages: u.Messages})
	case len(u.Refused) > 0:
		p.tell(Event{Kind: Refused, Pass: pass, Texts: u.Refused})
	default:
		p.tell(Event{Kind: Unchanged, Pass: pass})
	}
	return nil
}

// Remove unregisters a pass and throws it away. It is gone from the phone even if
// the web service could not be told, as on a device.
func (p *Phone) Remove(ctx context.Context, pass *Pass) error {
	err := p.again(ctx, pass, func() error { return p.Unregister(ctx, pass) })
	if err == nil && pass.Contents.card().Service != "" {
		p.tell(Event{Kind: Unregistered, Pass: pass})
	}
	p.Complain(ctx)
	p.forget(pass)
	return err
}

// again tries an exchange until it succeeds, has no prospect, or was tried often
// enough.
func (p *Phone) again(ctx context.Context, pass *Pass, exchange func() error) error {
	tries := p.Tries
	if tries == 0 {
		tries = DefaultTries
	}
	for pause := firstPause; ; pause *= 2 {
		err := exchange()
		tries--
		if err == nil || ctx.Err() != nil || !Passing(err) || tries <= 0 {
			if err != nil && ctx.Err() == nil {
				p.tell(Event{Kind: Failed, Pass: pass, Err: err})
			}
			return err
		}
		p.tell(Event{Kind: Again, Pass: pass, Err: err})
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
