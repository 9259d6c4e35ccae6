package sign

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

// A stencil is a signature that the library has made once, with holes: message
// digest, signing time and the RSA value are all that differs between two
// signatures of one identity, and each has the same length every time. Filling
// it costs a hundredth of what it costs to encode everything anew.
//
// It never changes and is safe for concurrent use.
type stencil struct {
	der        []byte
	attributes span // the signed attributes, with the tag that they have there
	digest     span // within der
	time       span // of the signing time, within der
	value      span // of the RSA value, within der
}

// A span is a part of a byte slice.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

// signingTime is the object identifier of the attribute, and the head of the
// UTCTime that follows it in a set (RFC 5652, section 11.3).
var signingTime = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05, 0x31, 0x0f, 0x17, 0x0d}

// utcTime is the form of the signing time, for dates before 2050.
const utcTime = "060102150405Z"

// stencilMessage is what is signed to make a stencil: nothing that a phone would
// take for a manifest.
var stencilMessage = []byte("passmill stencil")

// newStencil makes the stencil of an identity with an RSA key.
func (id *Identity) newStencil() (*stencil, error) {
	key, ok := id.key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("no RSA key: values of other keys differ in length")
	}
	der, err := id.encode(stencilMessage)
	if err != nil {
		return nil, err
	}
	s := &stencil{der: der}
	attributes, value, err := signerInfo(der)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(stencilMessage)
	whole := span{0, len(der)}
	if s.attributes, err = find(der, whole, attributes); err != nil {
		return nil, err
	}
	if s.digest, err = find(der, s.attributes, sum[:]); err != nil {
		return nil, err
	}
	if s.time, err = find(der, s.attributes, signingTime); err != nil {
		return nil, err
	}
	s.time = span{s.time.to, s.time.to + len(utcTime)}
	s.value, err = find(der, whole, value)
	if err != nil || s.value.to-s.value.from != key.Size() {
		return nil, fmt.Errorf("a value of %d bytes: %w", len(value), err)
	}
	return s, nil
}

// signerInfo returns the signed attributes and the value of the one signer in a
// SignedData (RFC 5652, section 5).
func signerInfo(der []byte) (attributes, value []byte, err error) {
	var content struct {
		Type asn1.ObjectIdentifier
		Data struct {
			Version      int
			Algorithms   asn1.RawValue
			Content      asn1.RawValue
			Certificates asn1.RawValue `asn1:"optional,tag:0"`
			Signers      []struct {
				Version          int
				Signer           asn1.RawValue
				Digest           asn1.RawValue
				Attributes       asn1.RawValue `asn1:"tag:0"`
				Signature        asn1.RawValue
				Value            []byte
				UnsignedOptional asn1.RawValue `asn1:"optional,tag:1"`
			} `asn1:"set"`
		} `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &content); err != nil {
		return nil, nil, fmt.Errorf("read our own signature: %w", err)
	}
	if n := len(content.Data.Signers); n != 1 {
		return nil, nil, fmt.Errorf("our own signature has %d signers", n)
	}
	signer := content.Data.Signers[0]
	return signer.Attributes.FullBytes, signer.Value, nil
}

// find returns where part stands within a span, and wants it there once.
func find(data []byte, within span, part []byte) (span, error) {
	area := within.of(data)
	i := bytes.Index(area, part)
	if i < 0 || bytes.Contains(area[i+1:], part) {
		return span{}, errors.New("our own signature does not look as expected")
	}
	return span{within.from + i, within.from + i + len(part)}, nil
}

// sign fills the stencil for a manifest.
func (s *stencil) sign(key *rsa.PrivateKey, manifest []byte, now time.Time) ([]byte, error) {
	der := bytes.Clone(s.der)
	sum := sha256.Sum256(manifest)
	copy(s.digest.of(der), sum[:])
	now.UTC().AppendFormat(s.time.of(der)[:0], utcTime)

	// The signature is over the attributes as a SET, which in their place have
	// another tag (RFC 5652, section 5.4).
	attributes := s.attributes.of(der)
	tag := attributes[0]
	attributes[0] = 0x31
	sum = sha256.Sum256(attributes)
	attributes[0] = tag
	value, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return nil, err
	}
	copy(s.value.of(der), value)
	return der, nil
}
