package sign

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"passmill/sign/secret"
)

// Contents are the certificates and private keys of a file. Nothing that prints
// them shows a key; only [Contents.MarshalBinary] does, on purpose.
type Contents struct {
	name  string // of the file
	certs []*x509.Certificate
	keys  []crypto.Signer
}

// A Reader takes a file apart. [Read] is one; who reads files of strangers may
// have another that does it in a process of its own.
type Reader func(f File, password secret.Text) (*Contents, error)

// Read takes a file of any kind apart: PKCS #12, PEM or DER. What it asks of the
// machine is bounded, but for key derivations that are hidden inside of an
// encrypted part of a PKCS #12 file.
func Read(f File, password secret.Text) (*Contents, error) {
	if n := len(password.Reveal()); n > maxPassword {
		return nil, fmt.Errorf("password for %s has %d bytes: at most %d are allowed", f.Name, n, maxPassword)
	}
	p, err := read(f, password)
	if err != nil {
		return nil, err
	}
	return &Contents{name: f.Name, certs: p.certs, keys: p.keys}, nil
}

// Name returns the name of the file.
func (c *Contents) Name() string { return c.name }

// Certificates returns the certificates in their order.
func (c *Contents) Certificates() []*x509.Certificate { return c.certs }

// Keys returns the private keys in their order.
func (c *Contents) Keys() []crypto.Signer { return c.keys }

// With returns the contents with the keys of another file in the place of their
// own.
func (c *Contents) With(keys *Contents) *Contents {
	return &Contents{name: c.name, certs: c.certs, keys: keys.keys}
}

// WithKey returns the contents with a key in the place of their own.
func (c *Contents) WithKey(key crypto.Signer) *Contents {
	return &Contents{name: c.name, certs: c.certs, keys: []crypto.Signer{key}}
}

// Leaf returns the certificate that the file is about: the one that its key fits,
// or, without a key, the one that is no authority's. Authorities alone are
// [ErrNoLeaf].
func (c *Contents) Leaf() (*x509.Certificate, error) {
	if len(c.certs) == 0 {
		return nil, fmt.Errorf("%s holds no certificate: give the pass type certificate as well as the key", c.name)
	}
	if len(c.keys) == 1 {
		for _, cert := range c.certs {
			if fits(cert, c.keys[0]) {
				return cert, nil
			}
		}
	}
	var leaf *x509.Certificate
	for _, cert := range c.certs {
		switch {
		case cert.IsCA:
		case leaf != nil && len(c.keys) == 0:
			return nil, fmt.Errorf("%s holds several certificates that are no authority's: give the one pass type certificate", c.name)
		case leaf == nil:
			leaf = cert
		}
	}
	if leaf == nil {
		return nil, fmt.Errorf("%s: %w: it holds %q, which is an authority's certificate: "+
			"download the Pass Type ID certificate itself from Apple's developer portal", c.name, ErrNoLeaf, readable(c.certs[0].Subject))
	}
	return leaf, nil
}

// Join makes an identity of contents that hold a certificate and its key. The
// intermediate is looked for as [Load] says.
func Join(c *Contents, intermediate File) (*Identity, error) {
	p := &parts{name: c.name, keyFile: c.name, certs: c.certs, keys: c.keys}
	return p.identity(intermediate)
}

// identity joins what was read.
func (p *parts) identity(intermediate File) (*Identity, error) {
	cert, key, err := p.pair()
	if err != nil {
		return nil, err
	}
	id := &Identity{name: p.name, cert: cert, key: key}
	if err := id.findIntermediate(intermediate, p.certs); err != nil {
		return nil, err
	}
	id.unfit = id.checkFitness()
	id.stencil = sync.OnceValues(id.newStencil)
	return id, nil
}

// String names the file. It has a value receiver, as the other printers, so that
// a copy does not show a key either.
func (c Contents) String() string { return c.name }

// GoString names the file.
func (c Contents) GoString() string { return fmt.Sprintf("sign.Contents(%q)", c.name) }

// MarshalText implements [encoding.TextMarshaler] with the name of the file.
func (c Contents) MarshalText() ([]byte, error) { return []byte(c.name), nil }

// wire is the form of contents between two processes.
type wire struct {
	Name         string
	Certificates [][]byte // DER
	Keys         [][]byte // PKCS #8
}

// MarshalBinary returns everything, the keys among it in the clear: for a pipe to
// another process, and nothing else.
func (c *Contents) MarshalBinary() ([]byte, error) {
	w := wire{Name: c.name}
	for _, cert := range c.certs {
		w.Certificates = append(w.Certificates, cert.Raw)
	}
	for _, key := range c.keys {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, errors.New("a private key of an unknown kind")
		}
		w.Keys = append(w.Keys, der)
	}
	return json.Marshal(w)
}

// UnmarshalBinary is the other end of [Contents.MarshalBinary].
func (c *Contents) UnmarshalBinary(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return errors.New("contents of a file: damaged on the way")
	}
	*c = Contents{name: w.Name}
	for _, der := range w.Certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("contents of %s: %w", w.Name, err)
		}
		c.certs = append(c.certs, cert)
	}
	for _, der := range w.Keys {
		key, err := parseKey(der)
		if err != nil {
			return fmt.Errorf("contents of %s: %w", w.Name, err)
		}
		c.keys = append(c.keys, key)
	}
	return nil
}
