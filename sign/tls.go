package sign

import (
	"crypto"
	"crypto/tls"
)

// TLS returns what proves the identity to a server, as to Apple's for pushes. The key
// signs, and is not to be seen in it.
func (id *Identity) TLS() *tls.Certificate {
	c := &tls.Certificate{Certificate: [][]byte{id.cert.Raw}, PrivateKey: handle{id.key}, Leaf: id.cert}
	if id.intermediate != nil {
		c.Certificate = append(c.Certificate, id.intermediate.Raw)
	}
	return c
}

// A handle signs with a key, and shows no more of it.
type handle struct{ crypto.Signer }

// String implements [fmt.Stringer].
func (handle) String() string { return "[redacted]" }

// GoString implements [fmt.GoStringer].
func (handle) GoString() string { return "[redacted]" }
