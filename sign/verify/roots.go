package verify

import "crypto/x509"

// AppleRoots returns a new pool that holds Apple's root, so that a caller can add
// others to it.
func AppleRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(appleRoot())
	return pool
}
