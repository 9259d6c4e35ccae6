package sign

import (
	"bytes"
	"crypto/x509"
)

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

// ForeignIntermediate returns the intermediate certificate in DER, for who keeps
// it; nil if there is none, or if this package carries it.
func (id *Identity) ForeignIntermediate() []byte {
	if id.intermediate == nil || issuer(id.cert, embedded()) != nil {
		return nil
	}
	return id.intermediate.Raw
}

// IntermediateOf returns the intermediate certificate of one that is kept: the
// given one in DER, or the one that this package carries.
func IntermediateOf(c Certificate, der []byte) (Certificate, bool) {
	if len(der) > 0 {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return Certificate{}, false
		}
		return RecordOf(cert), true
	}
	leaf, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return Certificate{}, false
	}
	cert := issuer(leaf, embedded())
	if cert == nil || bytes.Equal(cert.Raw, leaf.Raw) {
		return Certificate{}, false
	}
	return RecordOf(cert), true
}
