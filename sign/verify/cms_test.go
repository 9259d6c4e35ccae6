package verify_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"time"

	"passmill/sign/signtest"
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
)

// cms makes signatures that may be wrong in one place, at any time.
type cms struct {
	key          crypto.Signer
	leaf         *x509.Certificate
	certificates []*x509.Certificate
	digest       asn1.ObjectIdentifier
	time         time.Time
	times        int
	contentType  asn1.ObjectIdentifier
	reversed     bool // attributes in the wrong order
	attached     bool
	byKeyID      bool // name the signer by key id
	broken       bool // a wrong bit in the signature
}

func newCMS(i *signtest.Issued) *cms {
	block, _ := pem.Decode(signtest.Shared().IntermediatePEM())
	intermediate := must(x509.ParseCertificate(block.Bytes))
	return &cms{
		key: i.Key, leaf: i.Certificate, certificates: []*x509.Certificate{i.Certificate, intermediate},
		digest: oidSHA256, time: time.Now(), times: 1, contentType: oidData,
	}
}

func (c *cms) hash(data []byte) ([]byte, crypto.Hash) {
	if c.digest.Equal(oidSHA1) {
		s := sha1.Sum(data)
		return s[:], crypto.SHA1
	}
	s := sha256.Sum256(data)
	return s[:], crypto.SHA256
}

// attributes returns the encoded signed attributes.
func (c *cms) attributes(manifest []byte) []byte {
	type attribute struct {
		Type   asn1.ObjectIdentifier
		Values []any `asn1:"set"`
	}
	digest, _ := c.hash(manifest)
	list := [][]byte{
		must(asn1.Marshal(attribute{oidContentType, []any{c.contentType}})),
		must(asn1.Marshal(attribute{oidMessageDigest, []any{digest}})),
	}
	for range c.times {
		list = append(list, must(asn1.Marshal(attribute{oidSigningTime, []any{c.time.UTC()}})))
	}
	slices.SortFunc(list, bytes.Compare)
	if c.reversed {
		slices.Reverse(list)
	}
	return bytes.Join(list, nil)
}

// signer returns the encoded name of the signer.
func (c *cms) signer() asn1.RawValue {
	if c.byKeyID {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, Bytes: c.leaf.SubjectKeyId}
	}
	return asn1.RawValue{FullBytes: must(asn1.Marshal(struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}{asn1.RawValue{FullBytes: c.leaf.RawIssuer}, c.leaf.SerialNumber}))}
}

// sign makes the signature.
func (c *cms) sign(manifest []byte) []byte {
	type content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional"`
	}
	type signerInfo struct {
		Version    int
		ID         asn1.RawValue
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
	}
	attributes := c.attributes(manifest)
	set := must(asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: attributes}))
	digest, hash := c.hash(set)
	signature := must(c.key.Sign(rand.Reader, digest, hash))
	if c.broken {
		signature[40] ^= 1
	}
	var certificates []byte
	for _, cert := range c.certificates {
		certificates = append(certificates, cert.Raw...)
	}
	inner := content{Type: oidData}
	if c.attached {
		inner.Content = tagged(must(asn1.Marshal(manifest)))
	}
	signed := must(asn1.Marshal(struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      content
		Certificates asn1.RawValue
		Signers      []signerInfo `asn1:"set"`
	}{1, []pkix.AlgorithmIdentifier{{Algorithm: c.digest}}, inner, tagged(certificates), []signerInfo{{
		1, c.signer(), pkix.AlgorithmIdentifier{Algorithm: c.digest}, tagged(attributes),
		pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}, signature,
	}}}))
	return must(asn1.Marshal(content{oidSignedData, tagged(signed)}))
}

// tagged wraps encoded values in [0].
func tagged(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}
}
