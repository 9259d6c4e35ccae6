package verify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed" // for Apple's root
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Marks of pass certificates, from Apple's Security source.
var (
	oidUserID    = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	oidTeam      = asn1.ObjectIdentifier{2, 5, 4, 11}
	oidPassUsage = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 4, 14}
	oidMarker    = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 1, 16}
)

//go:embed apple/AppleRootCA.pem
var appleRootPEM []byte

var appleRoot = sync.OnceValue(func() *x509.Certificate {
	block, _ := pem.Decode(appleRootPEM)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic("verify: Apple's root certificate: " + err.Error())
	}
	return cert
})

// maxCertificates bounds what a signature carries; genuine ones carry two.
const maxCertificates = 10

// A chain is what is known of the certificates of a signature, whatever the
// time. It does not change.
type chain struct {
	leaf  *x509.Certificate   // that signed; nil if it is not there
	above []*x509.Certificate // its issuers up to the root, as far as they are known

	id             string // of the leaf: hexadecimal SHA-256
	subject        string
	typeID, teamID string // of the subject
	marker         string // of the marker extension
	marked, usage  bool

	code, message string // what is wrong with the chain; "" if nothing
}

func newChain(sd *signedData, roots *x509.CertPool) (*chain, error) {
	certs, err := certificates(sd.Certificates.Bytes)
	if err != nil {
		return nil, err
	}
	leaf, err := signerOf(&sd.Signers[0], certs)
	if err != nil || leaf == nil {
		return &chain{}, err
	}
	c := &chain{leaf: leaf, id: fmt.Sprintf("%x", sha256.Sum256(leaf.Raw)), subject: readable(leaf.Subject), typeID: subjectValue(leaf.Subject, oidUserID), teamID: subjectValue(leaf.Subject, oidTeam)}
	c.usage = slices.ContainsFunc(leaf.UnknownExtKeyUsage, oidPassUsage.Equal)
	for _, ext := range leaf.Extensions {
		if ext.Id.Equal(oidMarker) {
			c.marked = true
			if whole(ext.Value, &c.marker) != nil {
				c.marker = "" // nothing that could be compared
			}
		}
	}
	c.climb(certs, roots)
	return c, nil
}

// certificates parses the certificates of a signature.
func certificates(der []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for len(der) > 0 {
		var raw asn1.RawValue
		rest, err := asn1.Unmarshal(der, &raw)
		if err != nil {
			return nil, err
		}
		cert, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil {
			return nil, err
		}
		if certs = append(certs, cert); len(certs) > maxCertificates {
			return nil, fmt.Errorf("more than %d certificates", maxCertificates)
		}
		der = rest
	}
	return certs, nil
}

// signerOf returns the certificate that a signer names, nil if it is not there.
func signerOf(s *signerInfo, certs []*x509.Certificate) (*x509.Certificate, error) {
	var match func(*x509.Certificate) bool
	if s.ID.Class == asn1.ClassContextSpecific && s.ID.Tag == 0 {
		match = func(c *x509.Certificate) bool {
			return len(c.SubjectKeyId) > 0 && bytes.Equal(c.SubjectKeyId, s.ID.Bytes)
		}
	} else {
		var id issuerAndSerial
		if err := whole(s.ID.FullBytes, &id); err != nil {
			return nil, err
		}
		match = func(c *x509.Certificate) bool {
			return id.Serial != nil && c.SerialNumber.Cmp(id.Serial) == 0 && bytes.Equal(c.RawIssuer, id.Issuer.FullBytes)
		}
	}
	if i := slices.IndexFunc(certs, match); i >= 0 {
		return certs[i], nil
	}
	return nil, nil
}

// climb follows the issuers from the leaf to a root.
func (c *chain) climb(certs []*x509.Certificate, roots *x509.CertPool) {
	others := authorities(certs, c.leaf)
	for at := c.leaf; len(c.above) < maxCertificates; {
		root, err := anchor(at, roots)
		if err == nil {
			c.above = append(c.above, root)
			return
		}
		next := issuerOf(at, others)
		if next == nil || next == at || slices.Contains(c.above, next) {
			c.fail(at, others, err)
			return
		}
		c.above = append(c.above, next)
		at = next
	}
	c.code, c.message = "untrusted", "the chain of certificates does not end"
}

// authorities returns all certificates but one.
func authorities(certs []*x509.Certificate, leaf *x509.Certificate) []*x509.Certificate {
	var others []*x509.Certificate
	for _, cert := range certs {
		if cert != leaf {
			others = append(others, cert)
		}
	}
	return others
}

// fail says why the chain ends at a certificate.
func (c *chain) fail(at *x509.Certificate, others []*x509.Certificate, err error) {
	switch {
	case at != c.leaf:
		c.code, c.message = "untrusted", fmt.Sprintf("the chain of certificates ends at %q: %v", readable(at.Subject), err)
	case len(others) == 0:
		c.code, c.message = "no-intermediate", fmt.Sprintf("the intermediate certificate %q (key id %x) is not in the signature", at.Issuer, at.AuthorityKeyId)
	case slices.ContainsFunc(others, func(o *x509.Certificate) bool { return names(at, o) }):
		c.code, c.message = "untrusted", fmt.Sprintf("the certificate %q was not signed by the intermediate that it names", readable(at.Subject))
	default:
		c.code, c.message = "wrong-intermediate", fmt.Sprintf("the signature holds the intermediate %q (key id %x), but its certificate was issued with the key id %x",
			others[0].Subject, others[0].SubjectKeyId, at.AuthorityKeyId)
	}
}

// issuerOf returns the authority that issued a certificate, nil if it is not
// there.
func issuerOf(cert *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	for _, c := range among {
		if names(cert, c) && issued(c, cert) == nil {
			return c
		}
	}
	return nil
}

// names reports whether a certificate says that another issued it.
func names(cert, issuer *x509.Certificate) bool {
	return bytes.Equal(cert.RawIssuer, issuer.RawSubject) &&
		(len(cert.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 || bytes.Equal(cert.AuthorityKeyId, issuer.SubjectKeyId))
}

// issued returns nil if an authority signed a certificate, and may.
func issued(authority, cert *x509.Certificate) error {
	if !authority.IsCA || authority.KeyUsage != 0 && authority.KeyUsage&x509.KeyUsageCertSign == 0 {
		return fmt.Errorf("%q may not issue certificates", authority.Subject)
	}
	return authority.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
}

// anchor returns the root that issued a certificate. Apple's root is dealt with
// here, since crypto/x509 refuses SHA-1, with which Apple signed certificates
// until 2022; other roots have no such past.
func anchor(cert *x509.Certificate, roots *x509.CertPool) (*x509.Certificate, error) {
	root := appleRoot()
	if names(cert, root) && (roots == nil || holds(roots, root)) {
		return root, issued(root, cert)
	}
	if roots == nil {
		return nil, errors.New("it is not issued by Apple's root")
	}
	chains, err := cert.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: x509.NewCertPool(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		CurrentTime:   cert.NotBefore.Add(time.Second), // the time of signing is checked for each pass
	})
	if err != nil {
		return nil, err
	}
	return chains[0][len(chains[0])-1], nil
}

// holds reports whether a pool holds a root.
func holds(roots *x509.CertPool, root *x509.Certificate) bool {
	_, err := root.Verify(x509.VerifyOptions{
		Roots:       roots,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		CurrentTime: root.NotBefore.Add(time.Second),
	})
	return err == nil
}

// subjectValue returns the first value of a kind in a name.
func subjectValue(name pkix.Name, kind asn1.ObjectIdentifier) string {
	for _, n := range name.Names {
		if n.Type.Equal(kind) {
			value, _ := n.Value.(string)
			return value
		}
	}
	return ""
}

// readable writes a name in its own order: crypto/x509 writes the user id of a
// pass certificate in hexadecimal.
func readable(name pkix.Name) string {
	labels := map[string]string{oidUserID.String(): "UID", oidTeam.String(): "OU", "2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.6": "C"}
	var text strings.Builder
	for i, n := range name.Names {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%s=%v", cmp.Or(labels[n.Type.String()], n.Type.String()), n.Value)
	}
	return text.String()
}
