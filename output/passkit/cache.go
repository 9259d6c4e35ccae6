package passkit

import (
	"container/list"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"passmill/jobs"
)

// makeTime is how long the making of a pass may take.
const makeTime = 40 * time.Second

// Statistics count how passes that were fetched came to be there.
type Statistics struct {
	Kept   atomic.Int64 // in memory
	Made   atomic.Int64 // by the [Maker]
	Failed atomic.Int64 // not made
}

// A cache keeps passes up to a number of bytes, those that were asked for last. A pass
// that many ask for at once is made once, and no more are made at a time than there are
// processors, so that registrations have one too.
type cache struct {
	max   int64
	maker Maker
	turns chan struct{}
	stats Statistics

	mu      sync.Mutex // guards what follows
	size    int64
	byName  map[name]*list.Element // of *kept
	recent  *list.List             // those asked for last in front
	flights map[flightKey]*flight
}

type name struct{ typeID, serial string }

// A kept pass is good as long as its version is the newest, and the same signs.
type kept struct {
	name
	signer string
	pass   Pass
}

// A flightKey names the making of a pass. Who asks for a newer version must not get
// what was begun before.
type flightKey struct {
	name
	epoch  string
	change int64
	signer string
}

// A flight is a pass that is being made.
type flight struct {
	done chan struct{}
	pass Pass
	err  error
}

func newCache(max int64, maker Maker) *cache {
	return &cache{
		max: max, maker: maker, turns: make(chan struct{}, runtime.GOMAXPROCS(0)),
		byName: map[name]*list.Element{}, recent: list.New(), flights: map[flightKey]*flight{},
	}
}

// get returns a pass in a version that was the newest a moment ago, or a newer one.
func (c *cache) get(ctx context.Context, v jobs.PassVersion, typeID, serial string) (Pass, error) {
	signer, err := c.maker.Signer(ctx, v, typeID)
	if err != nil {
		signer = "" // what was made before is good still; making tells what is wrong
	}
	key := flightKey{name{typeID, serial}, v.Epoch, v.Change, signer}
	c.mu.Lock()
	if p, ok := c.find(key); ok {
		c.mu.Unlock()
		c.stats.Kept.Add(1)
		return p, nil
	}
	f := c.flights[key]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		c.flights[key] = f
		go c.fly(context.WithoutCancel(ctx), f, key, v)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.pass, f.err
	case <-ctx.Done():
		return Pass{}, ctx.Err()
	}
}

// find returns a pass that is kept. The caller holds mu.
func (c *cache) find(key flightKey) (Pass, bool) {
	e := c.byName[key.name]
	if e == nil {
		return Pass{}, false
	}
	k := e.Value.(*kept)
	if k.pass.Version.Epoch != key.epoch || k.pass.Version.Change < key.change || key.signer != "" && k.signer != key.signer {
		return Pass{}, false
	}
	c.recent.MoveToFront(e)
	return k.pass, true
}

// fly makes a pass for all who wait for it.
func (c *cache) fly(ctx context.Context, f *flight, key flightKey, v jobs.PassVersion) {
	ctx, cancel := context.WithTimeout(ctx, makeTime)
	defer cancel()
	select {
	case c.turns <- struct{}{}:
		f.pass, f.err = c.make(ctx, key, v)
		<-c.turns
	case <-ctx.Done():
		f.err = ctx.Err()
	}
	if f.err == nil {
		c.stats.Made.Add(1)
	} else {
		c.stats.Failed.Add(1)
	}
	c.mu.Lock()
	if f.err == nil {
		c.keep(&kept{key.name, key.signer, f.pass})
	}
	delete(c.flights, key)
	c.mu.Unlock()
	close(f.done)
}

// make makes a pass. One whose making panics is an error, as in a handler of net/http:
// it must not end the server, which phones would ask for it again.
func (c *cache) make(ctx context.Context, key flightKey, v jobs.PassVersion) (p Pass, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("make a pass: panic: %v\n%s", r, debug.Stack())
		}
	}()
	return c.maker.Make(ctx, v, key.typeID, key.serial)
}

// overhead is what a kept pass costs besides its bytes.
const overhead = 512

// keep keeps a pass in the place of its older versions, and drops those that nobody
// asked for the longest. The caller holds mu.
func (c *cache) keep(k *kept) {
	if e := c.byName[k.name]; e != nil {
		if old := e.Value.(*kept).pass.Version; old.Epoch == k.pass.Version.Epoch && old.Change > k.pass.Version.Change {
			return
		}
		c.drop(e)
	}
	c.byName[k.name] = c.recent.PushFront(k)
	c.size += int64(len(k.pass.Data)) + overhead
	for c.size > c.max && c.recent.Len() > 0 {
		c.drop(c.recent.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	k := c.recent.Remove(e).(*kept)
	delete(c.byName, k.name)
	c.size -= int64(len(k.pass.Data)) + overhead
}
