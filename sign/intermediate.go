package sign

import (
	"bytes"
	"crypto/x509"
	_ "embed" // for the intermediate certificate
	"encoding/pem"
	"fmt"
	"sync"

	"passmill/sign/secret"
)

//go:embed apple/AppleWWDRCAG4.pem
var wwdrG4 []byte

const authorityPage = "https://www.apple.com/certificateauthority/"

// embedded returns the intermediate certificates that this package carries.
var embedded = sync.OnceValue(func() []*x509.Certificate {
	block, _ := pem.Decode(wwdrG4)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic("sign: the embedded intermediate certificate: " + err.Error())
	}
	return []*x509.Certificate{cert}
})

// findIntermediate sets the intermediate certificate: the given one if there is
// one, else that which the certificate names by its authority key identifier.
// Names are no help: Apple's intermediates G1 to G6 share theirs.
func (id *Identity) findIntermediate(given File, found []*x509.Certificate) error {
	if len(given.Data) > 0 {
		if IsP12(given.Data) { // which costs too much to open for what has no secret
			return fmt.Errorf("%s is a .p12 file: give the intermediate as PEM or DER, as %s has it", given.Name, authorityPage)
		}
		p, err := read(given, secret.Text{})
		if err != nil {
			return err
		}
		if len(p.certs) == 0 {
			return fmt.Errorf("%s holds no certificate: download the intermediate from %s", given.Name, authorityPage)
		}
		id.given = given.Name
		// A file may hold a whole chain; the first is named if none fits.
		if id.intermediate = issuer(id.cert, p.certs); id.intermediate == nil {
			id.intermediate = p.certs[0]
		}
		return nil
	}
	if id.intermediate = issuer(id.cert, found); id.intermediate == nil {
		id.intermediate = issuer(id.cert, embedded())
	}
	return nil
}

// issuer returns the certificate whose key issued cert, or nil.
func issuer(cert *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	for _, c := range among {
		if c != cert && len(c.SubjectKeyId) > 0 && bytes.Equal(c.SubjectKeyId, cert.AuthorityKeyId) {
			return c
		}
	}
	return nil
}
