package link

import (
	"container/list"
	"context"
	"fmt"
	"sync"
)

// cacheBytes bounds the passes that are kept: the ones that people fetch right now, so
// that a download that breaks off goes on with the same bytes.
const cacheBytes = 64 << 20

// A cache keeps passes for a while, and has each pressed once, however many ask for it
// at the same time.
type cache struct {
	mu      sync.Mutex // guards all below
	size    int
	newest  *list.List // of *kept
	byKey   map[string]*list.Element
	flights map[string]*flight
}

type kept struct {
	key  string
	pass Pressed
}

// A flight is a pass that is being pressed.
type flight struct {
	done chan struct{}
	pass Pressed
	err  error
}

func newCache() *cache {
	return &cache{newest: list.New(), byKey: map[string]*list.Element{}, flights: map[string]*flight{}}
}

// get returns what press returns, from the cache if it was made before.
func (c *cache) get(ctx context.Context, key string, press func(context.Context) (Pressed, error)) (Pressed, error) {
	c.mu.Lock()
	if e := c.byKey[key]; e != nil {
		c.newest.MoveToFront(e)
		pass := e.Value.(*kept).pass
		c.mu.Unlock()
		return pass, nil
	}
	f := c.flights[key]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		c.flights[key] = f
		go c.fly(context.WithoutCancel(ctx), key, f, press) // whoever asked may go away, others may wait for it
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.pass, f.err
	case <-ctx.Done():
		return Pressed{}, ctx.Err()
	}
}

func (c *cache) fly(ctx context.Context, key string, f *flight, press func(context.Context) (Pressed, error)) {
	ctx, cancel := context.WithTimeout(ctx, maxWait) // one that hangs must not keep its pass from everybody
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			f.err = fmt.Errorf("press a pass: %v", p)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.flights, key)
		if f.err == nil {
			c.keep(&kept{key, f.pass})
		}
		close(f.done)
	}()
	f.pass, f.err = press(ctx)
}

// keep keeps a pass in the place of the ones that were asked for longest ago.
func (c *cache) keep(k *kept) {
	c.byKey[k.key] = c.newest.PushFront(k)
	c.size += len(k.pass.Data)
	for c.size > cacheBytes && c.newest.Len() > 1 {
		old := c.newest.Remove(c.newest.Back()).(*kept)
		delete(c.byKey, old.key)
		c.size -= len(old.pass.Data)
	}
}
