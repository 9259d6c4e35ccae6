package sign

import "crypto/x509"

// Issuer returns a pool that holds the intermediate certificate alone: what it
// takes to recognise the passes that this certificate, or the one before it, has
// signed. It is empty if there is no intermediate.
func (id *Identity) Issuer() *x509.CertPool {
	pool := x509.NewCertPool()
	if id.intermediate != nil {
		pool.AddCert(id.intermediate)
	}
	return pool
}
