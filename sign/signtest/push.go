package signtest

import (
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"strings"
	"time"
)

// PushTopic is the topic of a pretend push certificate that names no other.
const PushTopic = "com.apple.mgmt.External.0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

// pushDefaults completes the options of a push certificate for device management:
// Apple's are valid for a year, and name neither a team nor an organization.
func (a *Authority) pushDefaults(o Options) Options {
	o.TypeID = cmp.Or(o.TypeID, PushTopic)
	o.CommonName = cmp.Or(o.CommonName, "APSP:"+o.TypeID[strings.LastIndexByte(o.TypeID, '.')+1:])
	if o.NotBefore.IsZero() {
		o.NotBefore = a.now.Add(-time.Hour)
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = o.NotBefore.Add(365 * day)
	}
	o.NoMarker, o.NoUsage = true, true
	return o
}

// IssueFor makes a certificate for the key of a signing request, as a portal does: it
// takes nothing else out of it.
func (a *Authority) IssueFor(der []byte, o Options) (*x509.Certificate, error) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, err
	}
	o.Key = stranger{public: csr.PublicKey}
	issued, err := a.Issue(o)
	if err != nil {
		return nil, err
	}
	return issued.Certificate, nil
}

// A stranger has a key of which nobody here knows more than the public half.
type stranger struct{ public crypto.PublicKey }

func (s stranger) Public() crypto.PublicKey { return s.public }

func (stranger) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("a stranger's key signs nothing")
}
