package verify

import (
	"maps"
	"slices"
)

// Codes returns every code, so that a test can ask for an example of each.
func Codes() []string { return slices.Sorted(maps.Keys(rules)) }

// Len returns how many chains are remembered.
func (c *Chains) Len() int { return len(c.known) }
