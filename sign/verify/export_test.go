package verify

// Len returns how many chains are remembered.
func (c *Chains) Len() int { return len(c.known) }
