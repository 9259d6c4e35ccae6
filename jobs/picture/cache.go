package picture

import (
	"context"
	"sync"

	"passmill/jobs"
)

// A Cache keeps the prepared images that were used last, since rows share some:
// a shop's logo, a product's photo. It is safe for concurrent use.
type Cache struct {
	// Load reads an image that is not in the cache.
	Load func(ctx context.Context, id jobs.Hash) (*jobs.Image, error)

	mu     sync.Mutex // guards recent
	recent *recent[jobs.Hash, *jobs.Image]
}

// NewCache returns a cache of so many bytes.
func NewCache(most int, load func(ctx context.Context, id jobs.Hash) (*jobs.Image, error)) *Cache {
	return &Cache{Load: load, recent: newRecent[jobs.Hash, *jobs.Image](most)}
}

// Image returns an image, which nobody changes.
func (c *Cache) Image(ctx context.Context, id jobs.Hash) (*jobs.Image, error) {
	c.mu.Lock()
	m, ok := c.recent.get(id)
	c.mu.Unlock()
	if ok {
		return m, nil
	}
	m, err := c.Load(ctx, id) // two at once may load the same, which does no harm
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.put(id, m, m.Size())
	return m, nil
}
