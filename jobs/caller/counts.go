package caller

import (
	"net/netip"
	"sync"
	"time"
)

// kept is how many addresses are remembered.
const kept = 10_000

// Counts counts by address what callers do, so many times in a period. It is safe for
// concurrent use.
type Counts struct {
	allowed int
	period  time.Duration
	now     func() time.Time

	mu sync.Mutex
	by map[netip.Prefix]count // guarded by mu
}

// A count is what an address did since some time.
type count struct {
	since time.Time
	n     int
}

// NewCounts returns counts that allow so much in each period.
func NewCounts(allowed int, period time.Duration, now func() time.Time) *Counts {
	return &Counts{allowed: allowed, period: period, now: now, by: map[netip.Prefix]count{}}
}

// Wait returns how long an address has to wait; 0 if not at all.
func (c *Counts) Wait(from netip.Addr) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.by[Network(from)]
	if seen.n < c.allowed {
		return 0
	}
	return max(0, c.period-c.now().Sub(seen.since))
}

// Add counts once more.
func (c *Counts) Add(from netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, who := c.now(), Network(from)
	seen := c.by[who]
	if now.Sub(seen.since) >= c.period {
		seen = count{since: now}
	}
	seen.n++
	if len(c.by) >= kept {
		c.forget(now)
	}
	c.by[who] = seen
}

// forget drops the addresses whose time is over, or all if there are none: then a
// whole network attacks, and counting single addresses is of no use.
func (c *Counts) forget(now time.Time) {
	for who, seen := range c.by {
		if now.Sub(seen.since) >= c.period {
			delete(c.by, who)
		}
	}
	if len(c.by) >= kept {
		clear(c.by)
	}
}
