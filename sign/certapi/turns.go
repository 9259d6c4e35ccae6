package certapi

import (
	"context"
	"net/http"
	"sync"
)

// turnsWaiting is how many requests of one API key may wait for their turn.
const turnsWaiting = 16

// turns lets one request of each API key at a time open a .p12 file, which costs
// a process and up to seconds: who sends many waits for himself, not others for
// him.
type turns struct {
	mu  sync.Mutex
	who map[string]*turn // by id of the key, while somebody is there; guarded by mu
}

type turn struct {
	busy chan struct{} // of one
	n    int           // who has it or waits; guarded by turns.mu
}

func newTurns() *turns { return &turns{who: map[string]*turn{}} }

// take waits for the turn of a key. done gives it back.
func (t *turns) take(ctx context.Context, key string) (done func(), err error) {
	t.mu.Lock()
	mine := t.who[key]
	if mine == nil {
		mine = &turn{busy: make(chan struct{}, 1)}
		t.who[key] = mine
	}
	if mine.n > turnsWaiting {
		t.mu.Unlock()
		return nil, problem(http.StatusTooManyRequests, "%d requests of this API key wait already: send one at a time", turnsWaiting)
	}
	mine.n++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.n--; mine.n == 0 {
			delete(t.who, key)
		}
	}
	select {
	case mine.busy <- struct{}{}:
		return func() { <-mine.busy; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
