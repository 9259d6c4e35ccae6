package verify

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Object identifiers of RFC 5652 (CMS) and of the algorithms in use.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// contentInfo is ContentInfo and EncapsulatedContentInfo of RFC 5652.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type signedData struct {
	Version      int
	Digests      asn1.RawValue
	Content      contentInfo
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	Revocations  asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version            int
	ID                 asn1.RawValue // issuer and serial number, or [0] key id
	Digest             pkix.AlgorithmIdentifier
	Attributes         asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm          pkix.AlgorithmIdentifier
	Signature          []byte
	UnsignedAttributes asn1.RawValue `asn1:"optional,tag:1"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values asn1.RawValue `asn1:"set"`
}

// parseCMS reads a signature as far as its one signer.
func parseCMS(der []byte) (*signedData, error) {
	if len(der) > 1 && der[0] == 0x30 && der[1] == 0x80 {
		return nil, errors.New("it is BER with indefinite lengths, not DER")
	}
	var outer contentInfo
	if err := whole(der, &outer); err != nil {
		return nil, err
	}
	if !outer.Type.Equal(oidSignedData) {
		return nil, fmt.Errorf("it has the type %v, not signed data", outer.Type)
	}
	sd := &signedData{}
	if err := whole(outer.Content.Bytes, sd); err != nil {
		return nil, err
	}
	if n := len(sd.Signers); n != 1 {
		return nil, fmt.Errorf("it has %d signers, not one", n)
	}
	return sd, nil
}

// whole decodes DER that must not go on behind the value.
func whole(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d bytes follow its end", len(rest))
	}
	return nil
}

// signedAttributes is what the signed attributes of a signer say.
type signedAttributes struct {
	der     []byte // what is signed: the attributes as a SET OF
	sorted  bool   // in the order that DER wants
	content asn1.ObjectIdentifier
	digest  []byte
	time    time.Time
	times   int // how many signing times there are
}

// attributes reads the signed attributes.
func (s *signerInfo) attributes() (*signedAttributes, error) {
	raw := s.Attributes
	if len(raw.FullBytes) == 0 {
		return nil, errors.New("it has no signed attributes")
	}
	a := &signedAttributes{der: bytes.Clone(raw.FullBytes), sorted: true}
	a.der[0] = asn1.TagSet | 0x20 // RFC 5652, section 5.4: signed as a SET OF, not with the tag [0]
	var last []byte
	for rest := raw.Bytes; len(rest) > 0; {
		var attr attribute
		next, err := asn1.Unmarshal(rest, &attr)
		if err != nil {
			return nil, fmt.Errorf("its signed attributes: %w", err)
		}
		encoded := rest[:len(rest)-len(next)]
		if bytes.Compare(last, encoded) > 0 {
			a.sorted = false
		}
		last, rest = encoded, next
		if err := a.take(attr); err != nil {
			return nil, fmt.Errorf("its signed attribute %v: %w", attr.Type, err)
		}
	}
	return a, nil
}

// take reads an attribute, if it is one of the three that matter.
func (a *signedAttributes) take(attr attribute) error {
	switch {
	case attr.Type.Equal(oidContentType):
		return whole(attr.Values.Bytes, &a.content)
	case attr.Type.Equal(oidMessageDigest):
		return whole(attr.Values.Bytes, &a.digest)
	case attr.Type.Equal(oidSigningTime):
		// Each value of each such attribute is one signing time too many.
		for rest := attr.Values.Bytes; len(rest) > 0; a.times++ {
			var err error
			if rest, err = asn1.Unmarshal(rest, &a.time); err != nil {
				return err
			}
		}
	}
	return nil
}
