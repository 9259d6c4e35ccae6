package sign_test

import (
	"bytes"
	"testing"
	"time"

	"go.mozilla.org/pkcs7"
	"pgregory.net/rapid"

	"passmill/sign/signtest"
)

// TestStencil: a signature that is filled into a stencil is what the library
// makes of the same manifest, but for its time and its RSA value, and the library
// accepts it.
func TestStencil(t *testing.T) {
	issued, err := signtest.Shared().Issue(signtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := issued.Identity()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		manifest := rapid.SliceOf(rapid.Byte()).Draw(t, "manifest")
		before := time.Now().Truncate(time.Second)
		signatures, err := id.Sign(t.Context(), [][]byte{manifest})
		if err != nil {
			t.Fatal(err)
		}
		p, err := pkcs7.Parse(signatures[0])
		if err != nil {
			t.Fatal(err)
		}
		p.Content = manifest
		if err := p.Verify(); err != nil {
			t.Errorf("the library refuses the signature: %v", err)
		}
		var at time.Time
		if err := p.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &at); err != nil || at.Before(before) || at.After(time.Now()) {
			t.Errorf("signing time %v, %v; want one from %v on", at, err, before)
		}
		sd, err := pkcs7.NewSignedData(manifest)
		if err != nil {
			t.Fatal(err)
		}
		sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		if err := sd.AddSigner(issued.Certificate, issued.Key, pkcs7.SignerInfoConfig{}); err != nil {
			t.Fatal(err)
		}
		sd.AddCertificate(p.Certificates[1])
		sd.Detach()
		want, err := sd.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if n := differing(signatures[0], want); len(signatures[0]) != len(want) || n > 256+13 {
			t.Errorf("%d and %d bytes, of which %d differ: want only time and RSA value to", len(signatures[0]), len(want), n)
		}
	})
}

func differing(a, b []byte) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// TestSignaturesShareNothing: a group's signatures stay as they are when more
// are made.
func TestSignaturesShareNothing(t *testing.T) {
	issued, err := signtest.Shared().Issue(signtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := issued.Identity()
	if err != nil {
		t.Fatal(err)
	}
	first, err := id.Sign(t.Context(), [][]byte{[]byte("one"), []byte("two")})
	if err != nil {
		t.Fatal(err)
	}
	kept := bytes.Clone(first[0])
	if _, err := id.Sign(t.Context(), [][]byte{[]byte("three")}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first[0], kept) || bytes.Equal(first[0], first[1]) {
		t.Error("signatures share memory")
	}
}
