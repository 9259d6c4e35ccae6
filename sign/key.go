package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

// exportHint says how a .p12 gets its key: the commonest mistake with Keychain.
const exportHint = "in Keychain Access choose My Certificates, open the triangle before the certificate, " +
	"select the certificate and its key together, and export both as .p12"

// parseKey reads a private key in PKCS #8, PKCS #1 or SEC 1 form.
func parseKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return signer(key)
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return signer(key)
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return signer(key)
	}
	return nil, errors.New("damaged private key, or one of an unknown kind")
}

// signer admits the kinds of keys that sign passes.
func signer(key any) (crypto.Signer, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		// Precomputed values make a signature 1.4 times as fast.
		key.Precompute()
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("a key of type %T cannot sign passes: RSA and EC keys can", key)
}

// fits reports whether a certificate is about a key.
func fits(cert *x509.Certificate, key crypto.Signer) bool {
	public, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(key.Public())
}

// pair returns the certificate to sign with and its key. Files list certificates
// in any order, so the one that the key fits is taken; if none is, the first.
func (p *parts) pair() (*x509.Certificate, crypto.Signer, error) {
	switch {
	case len(p.keys) == 0:
		return nil, nil, fmt.Errorf("%s: %w: %s, or name the key's file as key", p.keyFile, ErrNoKey, exportHint)
	case len(p.keys) > 1:
		return nil, nil, fmt.Errorf("%s holds %d private keys: export the one certificate with its key", p.keyFile, len(p.keys))
	case len(p.certs) == 0:
		return nil, nil, fmt.Errorf("%s holds no certificate: give the pass type certificate as well as the key", p.name)
	}
	for _, cert := range p.certs {
		if fits(cert, p.keys[0]) {
			return cert, p.keys[0], nil
		}
	}
	c := Contents{name: p.name, certs: p.certs}
	if _, err := c.Leaf(); errors.Is(err, ErrNoLeaf) {
		return nil, nil, err
	}
	return p.certs[0], p.keys[0], nil
}
