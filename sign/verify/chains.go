package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// maxChains bounds what is remembered.
const maxChains = 64

// Chains remembers what was found out about certificates, so that the second
// pass of a certificate costs one signature check. The zero value is ready. It
// holds a bounded number and is safe for concurrent use.
type Chains struct {
	mu    sync.Mutex
	known map[chainKey]*chain // guarded by mu
}

// A chainKey is all that a chain depends on.
type chainKey struct {
	certificates [sha256.Size]byte
	signer       [sha256.Size]byte
	roots        *x509.CertPool
}

// find returns the chain of a signature, from memory if it can.
func (c *Chains) find(sd *signedData, roots *x509.CertPool) (*chain, error) {
	if c == nil {
		return newChain(sd, roots)
	}
	key := chainKey{sha256.Sum256(sd.Certificates.Bytes), sha256.Sum256(sd.Signers[0].ID.FullBytes), roots}
	c.mu.Lock()
	found := c.known[key]
	c.mu.Unlock()
	if found != nil {
		return found, nil
	}
	made, err := newChain(sd, roots)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxChains {
		c.known = map[chainKey]*chain{} // a run has few certificates; strangers' files may have many
	}
	c.known[key] = made
	return made, nil
}
