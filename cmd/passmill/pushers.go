package main

import (
	"context"
	"sync"
	"time"

	"passmill/jobs"
	"passmill/output/apns"
)

// pushers hold what pushes for each pass type: with the certificate that signs its
// passes now, or with the team's key. They are safe for concurrent use.
type pushers struct {
	demand  *onDemand
	options apns.Options

	mu    sync.Mutex
	types map[string]*typePusher // guarded by mu
	quiet map[string]jobs.Quiet  // of jobs that have quiet hours; guarded by mu
	heed  time.Time              // when those were looked at; guarded by mu
}

// A typePusher is what pushes for a pass type, or why nothing does.
type typePusher struct {
	client *apns.Client
	err    error
	at     time.Time // when it was looked at
}

func newPushers(demand *onDemand, o apns.Options) *pushers {
	return &pushers{demand: demand, options: o, types: map[string]*typePusher{}}
}

// pusher returns what pushes for a pass type. A certificate that was replaced is
// noticed within a minute, and its connections are closed.
func (p *pushers) pusher(ctx context.Context, typeID string) (apns.Pusher, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	t := p.types[typeID]
	if t == nil || now.Sub(t.at) >= recipeTime {
		client, err := p.client(ctx, typeID)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case t != nil && t.client != nil && client != nil && t.client.Name() == client.Name():
			client.Close()
			client = t.client // whose connections are open
		case t != nil && t.client != nil:
			t.client.Close()
		}
		t = &typePusher{client, err, now}
		p.types[typeID] = t
	}
	if t.err != nil {
		return nil, t.err
	}
	return t.client, nil
}

func (p *pushers) client(ctx context.Context, typeID string) (*apns.Client, error) {
	o := p.options
	o.Topic = typeID
	if o.Tokens == nil {
		id, err := p.demand.identity(ctx, typeID)
		if err != nil {
			return nil, err
		}
		o.Certificate = id.TLS()
	}
	return apns.New(o)
}

// hours returns the quiet hours of jobs, as they were run last.
func (p *pushers) hours(ctx context.Context) map[string]jobs.Quiet {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.heed) < recipeTime {
		return p.quiet
	}
	list, err := p.demand.db.Recipes(ctx)
	if err != nil {
		return p.quiet // the claim that follows fails likewise, and says so
	}
	p.quiet, p.heed = map[string]jobs.Quiet{}, time.Now()
	for _, r := range list {
		job, err := jobs.ParseJob(r.Definition, r.Job)
		if err != nil {
			continue // of a newer program, say
		}
		if q, err := job.Pushes.Parse(); err == nil && job.Pushes != (jobs.PushesSpec{}) {
			p.quiet[r.Job] = q
		}
	}
	return p.quiet
}

// close closes all connections.
func (p *pushers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.types {
		if t.client != nil {
			t.client.Close()
		}
	}
}
