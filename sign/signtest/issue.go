package signtest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// What pass certificates of Apple carry.
var (
	oidPassUsage  = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 4, 14}
	oidMarker     = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 1, 16}
	oidPushMarker = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 3, 2}
)

// Options says what certificate to issue. The zero value gives a good one, of
// type "pass.com.example.pretend" and team "PRETEND123", with a new RSA key,
// valid from an hour before the authority's time for 395 days, as Apple's are.
type Options struct {
	TypeID, TeamID, Organization string
	NotBefore, NotAfter          time.Time
	Key                          crypto.Signer // used instead of a new key, which takes a while
	EC                           bool          // the new key is an EC key on P-256
	NFC                          bool
	Push                         bool // a push certificate for device management; TypeID is its topic

	// The wrong kinds.
	NoTypeID          bool   // no UID in the subject
	NoTeamID          bool   // no OU in the subject
	NoMarker          bool   // no marker extension
	Marker            string // the marker holds this instead of the pass type
	NoUsage           bool   // the extended key usage is clientAuth alone
	OtherIntermediate bool   // issued by an intermediate that Issued does not include
	Forged            bool   // says that the intermediate issued it, but it is signed by another key
	OtherKey          bool   // Issued has another key than the certificate

	// Certificates of other kinds, with NoMarker and NoUsage.
	CommonName string                   // instead of that of a pass certificate
	Markers    *[]asn1.ObjectIdentifier // extensions with the value NULL, instead of the push marker
}

// Issue makes a certificate.
func (a *Authority) Issue(o Options) (*Issued, error) {
	o = a.defaults(o)
	key, err := o.key()
	if err != nil {
		return nil, fmt.Errorf("key of a pretend certificate: %w", err)
	}
	parent, signer := a.intermediate, a.key
	if o.Push {
		b, err := a.integration()
		if err != nil {
			return nil, err
		}
		parent, signer = b.intermediate, b.key
	}
	if o.OtherIntermediate || o.Forged {
		b, err := a.other()
		if err != nil {
			return nil, err
		}
		signer = b.key
		if o.OtherIntermediate {
			parent = b.intermediate
		}
	}
	cert, err := create(o.template(), o.subject(), forger(parent, signer), key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("pretend certificate: %w", err)
	}
	if o.OtherKey {
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, err
		}
	}
	return &Issued{Certificate: cert, Key: key, intermediate: a.intermediate}, nil
}

// forger returns parent with the signer's key in the place of its own, since
// crypto/x509 issues nothing for a parent whose key is another.
func forger(parent *x509.Certificate, signer crypto.Signer) *x509.Certificate {
	p := *parent
	p.PublicKey = signer.Public()
	return &p
}

func (a *Authority) defaults(o Options) Options {
	if o.Push {
		return a.pushDefaults(o)
	}
	o.TypeID = cmp.Or(o.TypeID, "pass.com.example.pretend")
	o.TeamID = cmp.Or(o.TeamID, "PRETEND123")
	o.Organization = cmp.Or(o.Organization, "Pretend Organization")
	if o.NotBefore.IsZero() {
		o.NotBefore = a.now.Add(-time.Hour)
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = o.NotBefore.Add(395 * day)
	}
	return o
}

func (o Options) key() (crypto.Signer, error) {
	switch {
	case o.Key != nil:
		return o.Key, nil
	case o.EC:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// subject has the order of genuine certificates: UID, CN, OU, O, C.
func (o Options) subject() rdn {
	name := "Pass Type ID: " + o.TypeID
	if o.NFC {
		name = "Pass Type ID with NFC: " + o.TypeID
	}
	s := rdn{{oidUserID, o.TypeID}, {oidCommonName, name}, {oidUnit, o.TeamID}, {oidOrganization, o.Organization}, {oidCountry, "US"}}
	if o.CommonName != "" {
		s[1].value = o.CommonName
	}
	if o.NoTypeID {
		s[0].value = ""
	}
	if o.NoTeamID {
		s[2].value = ""
	}
	return s
}

func (o Options) template() *x509.Certificate {
	t := &x509.Certificate{
		NotBefore:             o.NotBefore,
		NotAfter:              o.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		ExtraExtensions:       []pkix.Extension{{Id: oidPushMarker, Value: null}},
	}
	if o.Markers != nil {
		t.ExtraExtensions = nil
		for _, marker := range *o.Markers {
			t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: marker, Value: null})
		}
	}
	if !o.NoUsage {
		t.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidPassUsage}
	}
	if !o.NoMarker {
		name := cmp.Or(o.Marker, o.TypeID)
		value := append([]byte{asn1.TagUTF8String, byte(len(name))}, name...) // shorter than 128 bytes
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: oidMarker, Value: value})
	}
	return t
}
