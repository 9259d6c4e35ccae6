// Package signtest is a pretend Apple: an authority whose certificates have the
// shape of the genuine ones, so that passes can be made and verified without an
// Apple account. Phones refuse these passes, as they should.
//
// It also issues every wrong kind of certificate, for tests. It knows the
// encodings of genuine certificates (subject order, string types, markers) and
// nothing of passes.
package signtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"
)

const day = 24 * time.Hour

// oidIntermediate marks an intermediate certificate of Apple's developer
// relations.
var oidIntermediate = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 2, 1}

var null = []byte{asn1.TagNull, 0}

// An Authority issues pretend pass certificates. It is safe for concurrent use.
type Authority struct {
	now          time.Time
	root         *x509.Certificate
	rootKey      crypto.Signer
	intermediate *x509.Certificate
	key          crypto.Signer

	integration func() (*Authority, error) // with the same root, and Apple's intermediate for pushes

	other func() (*Authority, error) // with the same root and another intermediate, made when asked for
}

// NewAuthority makes an authority whose root is valid for 20 years around now
// and whose intermediate for ten. Two RSA keys are made, which takes a while.
func NewAuthority(now time.Time) (*Authority, error) {
	a := &Authority{now: now.UTC().Truncate(time.Second)}
	if err := a.makeRoot(); err != nil {
		return nil, fmt.Errorf("pretend root certificate: %w", err)
	}
	if err := a.makeIntermediate(relations("G4")); err != nil {
		return nil, fmt.Errorf("pretend intermediate certificate: %w", err)
	}
	a.other = sync.OnceValues(func() (*Authority, error) {
		b := &Authority{now: a.now, root: a.root, rootKey: a.rootKey}
		return b, b.makeIntermediate(relations("G3"))
	})
	a.integration = sync.OnceValues(func() (*Authority, error) {
		b := &Authority{now: a.now, root: a.root, rootKey: a.rootKey}
		return b, b.makeIntermediate(rdn{{oidCommonName, "Pretend Application Integration 2 Certification Authority"},
			{oidUnit, "Pretend Certification Authority"}, {oidOrganization, "Pretend Inc."}, {oidCountry, "US"}})
	})
	return a, nil
}

// Shared returns one authority for all tests of a process, made at first use,
// so that they need not wait for keys. It panics if that fails.
var Shared = sync.OnceValue(func() *Authority {
	a, err := NewAuthority(time.Now())
	if err != nil {
		panic("signtest: " + err.Error())
	}
	return a
})

// Root returns the root certificate.
func (a *Authority) Root() *x509.Certificate { return a.root }

// RootPEM returns the root certificate in PEM form.
func (a *Authority) RootPEM() []byte { return certificatePEM(a.root) }

// IntermediatePEM returns the intermediate certificate in PEM form.
func (a *Authority) IntermediatePEM() []byte { return certificatePEM(a.intermediate) }

func (a *Authority) makeRoot() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	a.rootKey = key
	subject := rdn{{oidCountry, "US"}, {oidOrganization, "Pretend Inc."}, {oidUnit, "Pretend Certification Authority"}, {oidCommonName, "Pretend Root CA"}}
	t := &x509.Certificate{
		NotBefore:             a.now.Add(-10 * 365 * day),
		NotAfter:              a.now.Add(10 * 365 * day),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	a.root, err = create(t, subject, nil, key.Public(), key)
	return err
}

// relations is the subject of an intermediate of Apple's developer relations.
func relations(generation string) rdn {
	return rdn{{oidCommonName, "Pretend Worldwide Developer Relations Certification Authority"},
		{oidUnit, generation}, {oidOrganization, "Pretend Inc."}, {oidCountry, "US"}}
}

func (a *Authority) makeIntermediate(subject rdn) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	a.key = key
	t := &x509.Certificate{
		NotBefore:             a.now.Add(-5 * 365 * day),
		NotAfter:              a.now.Add(5 * 365 * day),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		ExtraExtensions:       []pkix.Extension{{Id: oidIntermediate, Value: null}},
	}
	a.intermediate, err = create(t, subject, a.root, key.Public(), a.rootKey)
	return err
}

// create issues a certificate. Without a parent it is self-signed.
func create(t *x509.Certificate, subject rdn, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	raw, err := subject.marshal()
	if err != nil {
		return nil, err
	}
	t.RawSubject = raw
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	if t.SubjectKeyId, err = keyID(public); err != nil {
		return nil, err
	}
	if parent == nil {
		parent = t
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// keyID is the first method of RFC 5280, section 4.2.1.2.
func keyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes) // as the RFC says
	return sum[:], nil
}

func certificatePEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
