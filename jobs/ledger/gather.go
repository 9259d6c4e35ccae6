package ledger

import (
	"context"
	"sync"
	"time"
)

// gatherMax bounds how many asks are done together, so that what they hold is held
// for a short time.
const gatherMax = 256

// gatherTime is how long the doing may take: it doesn't end when one who asked goes
// away, since others wait for it too.
const gatherTime = patience + 10*time.Second

// A gather does together what many ask for at once: what comes while one group is done
// makes the next ones, in its order. Ten thousand phones that register in a second then
// cost some dozens of transactions. do returns one answer for each ask.
type gather[Q, A any] struct {
	do func(ctx context.Context, asks []Q) ([]A, error)

	mu      sync.Mutex // guards what follows
	waiting []asked[Q, A]
	busy    bool
}

type asked[Q, A any] struct {
	ask    Q
	answer chan outcome[A]
}

type outcome[A any] struct {
	answer A
	err    error
}

// ask returns the answer to one ask, which was begun to be looked for after it was
// called. If ctx ends first, what was asked may be done all the same.
func (g *gather[Q, A]) ask(ctx context.Context, q Q) (A, error) {
	mine := asked[Q, A]{q, make(chan outcome[A], 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, mine)
	if !g.busy {
		g.busy = true
		go g.work(context.WithoutCancel(ctx))
	}
	g.mu.Unlock()
	select {
	case o := <-mine.answer:
		return o.answer, o.err
	case <-ctx.Done():
		var none A
		return none, ctx.Err()
	}
}

// work does groups until nobody waits.
func (g *gather[Q, A]) work(ctx context.Context) {
	for {
		g.mu.Lock()
		group := g.waiting[:min(len(g.waiting), gatherMax)]
		if g.waiting = g.waiting[len(group):]; len(group) == 0 {
			g.busy, g.waiting = false, nil
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		g.serve(ctx, group)
	}
}

func (g *gather[Q, A]) serve(ctx context.Context, group []asked[Q, A]) {
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	asks := make([]Q, len(group))
	for i := range group {
		asks[i] = group[i].ask
	}
	answers, err := g.do(ctx, asks)
	for i := range group {
		o := outcome[A]{err: err}
		if err == nil {
			o.answer = answers[i]
		}
		group[i].answer <- o
	}
}
