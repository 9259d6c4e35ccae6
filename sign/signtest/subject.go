package signtest

import (
	"crypto/x509/pkix"
	"encoding/asn1"
)

// Kinds of attributes in a subject, from X.520 and RFC 4519.
var (
	oidUserID       = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
)

// rdn is a subject: attributes in their order. Those without a value are left
// out.
type rdn []struct {
	kind  asn1.ObjectIdentifier
	value string
}

// marshal encodes the subject as Apple does: one attribute in each set, the
// country as a PrintableString and everything else as a UTF8String.
func (r rdn) marshal() ([]byte, error) {
	var seq pkix.RDNSequence
	for _, attr := range r {
		if attr.value == "" {
			continue
		}
		v := asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(attr.value)}
		if attr.kind.Equal(oidCountry) {
			v.Tag = asn1.TagPrintableString
		}
		seq = append(seq, pkix.RelativeDistinguishedNameSET{{Type: attr.kind, Value: v}})
	}
	return asn1.Marshal(seq)
}
