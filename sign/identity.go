package sign

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Names of things in Apple's certificates, from Apple's Certification Practice
// Statement for WWDR and from SecPolicyCreatePassbookCardSigner in Apple's
// Security source.
var (
	oidUserID    = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}  // in the subject: the pass type identifier
	oidTeam      = asn1.ObjectIdentifier{2, 5, 4, 11}                      // OU, in the subject
	oidPassUsage = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 4, 14}    // extended key usage
	oidMarker    = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 1, 16} // extension: the pass type identifier again
	oidNFCMarker = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 1, 26} // extension, seen on NFC certificates
	nfcPrefix    = "Pass Type ID with NFC: "                               // of the common name
)

// An Identity is a pass type certificate with its private key and Apple's
// intermediate certificate: what it takes to sign passes. [Load] makes one.
// Nothing that prints it shows the key. It never changes and is safe for
// concurrent use.
type Identity struct {
	name         string // of the file, for messages
	cert         *x509.Certificate
	key          crypto.Signer
	intermediate *x509.Certificate        // nil if none was found
	given        string                   // file name of the intermediate that the user gave; "" if it was found
	unfit        error                    // all that is wrong whatever the time
	stencil      func() (*stencil, error) // made at the first call
}

// A Certificate is what is publicly known of an [Identity]: a plain record, for
// books and lists.
type Certificate struct {
	ID        string // hexadecimal SHA-256 sum of DER
	TypeID    string // pass type identifier; empty if the certificate names none
	TeamID    string // team identifier; empty if the certificate names none
	Subject   string // "UID=pass.com.example, CN=…, OU=TEAM, …"
	NFC       bool   // may sign passes for NFC
	NotBefore time.Time
	NotAfter  time.Time
	DER       []byte
}

// Certificate returns the record of the certificate.
func (id *Identity) Certificate() Certificate { return RecordOf(id.cert) }

// RecordOf returns the record of any certificate.
func RecordOf(cert *x509.Certificate) Certificate {
	sum := sha256.Sum256(cert.Raw)
	return Certificate{
		ID:        hex.EncodeToString(sum[:]),
		TypeID:    subjectValue(cert.Subject, oidUserID),
		TeamID:    subjectValue(cert.Subject, oidTeam),
		Subject:   readable(cert.Subject),
		NFC:       isNFC(cert),
		NotBefore: cert.NotBefore,
		NotAfter:  cert.NotAfter,
		DER:       cert.Raw,
	}
}

// TypeID returns the pass type identifier that the certificate is for: the user
// id of its subject.
func (id *Identity) TypeID() string { return subjectValue(id.cert.Subject, oidUserID) }

// TeamID returns the team identifier: the organizational unit of the subject.
func (id *Identity) TeamID() string { return subjectValue(id.cert.Subject, oidTeam) }

// NFC reports whether the certificate is one for NFC passes. Either sign
// counts, the common name or the marker extension: Apple documents neither.
func (id *Identity) NFC() bool { return isNFC(id.cert) }

func isNFC(cert *x509.Certificate) bool {
	_, marked := extension(cert, oidNFCMarker)
	return marked || strings.HasPrefix(cert.Subject.CommonName, nfcPrefix)
}

// NotBefore returns when the certificate becomes valid.
func (id *Identity) NotBefore() time.Time { return id.cert.NotBefore }

// NotAfter returns when the certificate expires.
func (id *Identity) NotAfter() time.Time { return id.cert.NotAfter }

// String returns the subject of the certificate. It has a value receiver, as the
// other printers below, so that a copy does not show the key either.
func (id Identity) String() string { return readable(id.cert.Subject) }

// GoString returns the subject, so that %#v does not show the key.
func (id Identity) GoString() string { return fmt.Sprintf("sign.Identity(%q)", id.String()) }

// LogValue implements [slog.LogValuer] with the subject.
func (id Identity) LogValue() slog.Value { return slog.StringValue(id.String()) }

// MarshalText implements [encoding.TextMarshaler] with the subject, for JSON.
func (id Identity) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

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

// extension returns the contents of an extension.
func extension(cert *x509.Certificate, kind asn1.ObjectIdentifier) ([]byte, bool) {
	for _, ext := range cert.Extensions {
		if ext.Id.Equal(kind) {
			return ext.Value, true
		}
	}
	return nil, false
}

// marker returns the name in the certificate's marker extension.
func marker(cert *x509.Certificate) (name string, ok bool) {
	der, ok := extension(cert, oidMarker)
	if !ok {
		return "", false
	}
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return "", true // present, but nothing that a phone could compare
	}
	return name, true
}

// readable writes a name as openssl does, in its own order: crypto/x509 writes
// the user id of a pass certificate in hexadecimal.
func readable(name pkix.Name) string {
	var parts []string
	for _, n := range name.Names {
		kind := n.Type.String()
		switch {
		case n.Type.Equal(oidUserID):
			kind = "UID"
		case n.Type.Equal(oidTeam):
			kind = "OU"
		case n.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 3}):
			kind = "CN"
		case n.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 10}):
			kind = "O"
		case n.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 6}):
			kind = "C"
		}
		parts = append(parts, fmt.Sprintf("%s=%v", kind, n.Value))
	}
	return strings.Join(parts, ", ")
}
