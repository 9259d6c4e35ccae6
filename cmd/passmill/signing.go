package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"passmill/jobs"
	"passmill/sign"
	"passmill/sign/keyring"
)

// An auditedSigner writes down that a run signs before the first signature is
// made.
type auditedSigner struct {
	jobs.Signer
	begin func(context.Context) error // called once
	used  atomic.Bool
}

// newAuditedSigner returns a signer whose first signatures wait for begin.
func newAuditedSigner(s jobs.Signer, begin func(context.Context) error) *auditedSigner {
	a := &auditedSigner{Signer: s}
	var once sync.Mutex
	a.begin = func(ctx context.Context) error {
		once.Lock()
		defer once.Unlock()
		if a.used.Load() {
			return nil
		}
		if err := begin(ctx); err != nil {
			return err
		}
		a.used.Store(true)
		return nil
	}
	return a
}

// Sign implements [jobs.Signer].
func (a *auditedSigner) Sign(ctx context.Context, manifests [][]byte) ([][]byte, error) {
	if !a.used.Load() {
		if err := a.begin(ctx); err != nil {
			return nil, err
		}
	}
	return a.Signer.Sign(ctx, manifests)
}

// begins writes that the run of the maker begins to sign.
func (m *maker) begins(ring *keyring.Ring) func(context.Context) error {
	return func(ctx context.Context) error {
		e := m.signEvent(ring, sign.ActionSignBegin)
		newest, err := m.runs.Runs(ctx, m.work.job.Name, 1)
		if err != nil {
			return err
		}
		if len(newest) == 1 {
			e.Run = newest[0].ID
		}
		return ring.Store.AddEvent(ctx, e)
	}
}

// ends writes what a run came to that has signed something, however it ended.
func (m *maker) ends(ctx context.Context, ring *keyring.Ring, run jobs.Run, failed error) error {
	if m.signer == nil || !m.signer.used.Load() {
		return nil
	}
	e := m.signEvent(ring, sign.ActionSignEnd)
	e.Run = run.ID
	e.Detail = fmt.Sprintf("%d rows: %d made, %d unchanged, %d refused", run.Count.Rows, run.Count.Made, run.Count.Unchanged, run.Count.Refused)
	if failed != nil {
		e.Detail = "did not end" // why may quote a path; the run's own record has the rest
	}
	return ring.Store.AddEvent(context.WithoutCancel(ctx), e)
}

func (m *maker) signEvent(ring *keyring.Ring, action sign.Action) sign.Event {
	e := ring.Event(action)
	e.Certificate, e.Entry, e.Job = m.work.identity.Certificate().ID, m.work.chosen.Entry.ID, m.work.job.Name
	return e
}
