package sign_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"testing"

	"passmill/sign"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

// TestKinds: certificates of Apple's that are not for passes are named as what
// they are, by their names or by their markers.
func TestKinds(t *testing.T) {
	marker := func(arc ...int) *[]asn1.ObjectIdentifier {
		return &[]asn1.ObjectIdentifier{append(asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6}, arc...)}
	}
	for name, tt := range map[string]struct {
		o    signtest.Options
		kind sign.Kind
		want string
	}{
		"pass":              {signtest.Options{}, sign.KindPass, "a Pass Type ID certificate"},
		"management":        {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "APSP:0b3f", TypeID: "com.apple.mgmt.External.0b3f"}, sign.KindPush, "a push certificate for device management"},
		"push":              {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "Apple Push Services: com.example"}, sign.KindPush, "a push certificate of an app"},
		"push by marker":    {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "x"}, sign.KindPush, "a push certificate of an app"},
		"development":       {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "Apple Development: Ada (X)", Markers: marker(1, 2)}, "", "a development certificate"},
		"distribution":      {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "iPhone Distribution: Ada (X)", Markers: marker(1, 4)}, "", "a distribution certificate"},
		"by marker only":    {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "x", Markers: marker(1, 4)}, "", "a distribution certificate"},
		"unknown of Apple":  {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "x", Markers: marker(9, 9)}, "", "of another kind (marked 1.2.840.113635.100.6.9.9)"},
		"nobody's":          {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "x", Markers: new([]asn1.ObjectIdentifier)}, "", "not a certificate of Apple's"},
		"merchant":          {signtest.Options{NoMarker: true, NoUsage: true, CommonName: "Merchant ID: merchant.x", Markers: marker(32)}, "", "an Apple Pay certificate"},
		"marker, odd name":  {signtest.Options{CommonName: "Apple Distribution: Ada"}, sign.KindPass, "a Pass Type ID certificate"},
		"usage, no marker ": {signtest.Options{NoMarker: true}, sign.KindPush, "a push certificate of an app"},
	} {
		t.Run(name, func(t *testing.T) {
			issued := issue(t, tt.o)
			if got := sign.Describe(issued.Certificate); !strings.Contains(got, tt.want) {
				t.Errorf("described as %q, want %q", got, tt.want)
			}
			if got := sign.KindOf(issued.Certificate); got != tt.kind {
				t.Errorf("kind %q, want %q", got, tt.kind)
			}
			id, err := issued.Identity()
			if err != nil {
				t.Fatal(err)
			}
			err = id.Check(issued.Certificate.NotBefore, issued.Certificate.NotBefore)
			if not := errors.Is(err, sign.ErrNotPass); not != tt.o.NoMarker || not && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("check: %v; want %q in it", err, tt.want)
			}
		})
	}
}

// TestLeaf: of a file's certificates the one that is meant is found, in any order.
func TestLeaf(t *testing.T) {
	issued := leaf()
	authority := signtest.Shared().IntermediatePEM()
	for name, pem := range map[string][]byte{
		"alone":       issued.PEM(),
		"first":       append(bytes.Clone(issued.PEM()), authority...),
		"after chain": append(bytes.Clone(authority), issued.PEM()...),
	} {
		c, err := sign.Read(sign.File{Name: "a.pem", Data: pem}, secret.Text{})
		if err != nil {
			t.Fatal(err)
		}
		if cert, err := c.Leaf(); err != nil || !cert.Equal(issued.Certificate) {
			t.Errorf("%s: %v, %v", name, cert, err)
		}
	}
	c := must(sign.Read(sign.File{Name: "a.pem", Data: append(authority, signtest.Shared().RootPEM()...)}, secret.Text{}))
	if _, err := c.Leaf(); !errors.Is(err, sign.ErrNoLeaf) || !strings.Contains(err.Error(), "download the Pass Type ID certificate itself") {
		t.Errorf("a chain without its leaf: %v", err)
	}
	two := append(bytes.Clone(issued.PEM()), issue(t, signtest.Options{EC: true}).PEM()...)
	if _, err := must(sign.Read(sign.File{Name: "a.pem", Data: two}, secret.Text{})).Leaf(); err == nil || !strings.Contains(err.Error(), "several certificates") {
		t.Errorf("two leaves: %v", err)
	}
}

// TestWire sends contents through a pipe: what comes out signs the same.
func TestWire(t *testing.T) {
	for _, o := range []signtest.Options{{}, {EC: true}} {
		issued := issue(t, o)
		c := must(sign.Read(sign.File{Name: "a.p12", Data: must(issued.P12(signtest.Modern, "p"))}, secret.New("p")))
		var got sign.Contents
		if err := got.UnmarshalBinary(must(c.MarshalBinary())); err != nil {
			t.Fatal(err)
		}
		id, err := sign.Join(&got, sign.File{})
		if err != nil {
			t.Fatal(err)
		}
		if err := id.Check(issued.Certificate.NotBefore, issued.Certificate.NotAfter); err != nil {
			t.Error(err)
		}
	}
	var c sign.Contents
	if err := c.UnmarshalBinary([]byte("{")); err == nil {
		t.Error("half a message is taken")
	}
}

// TestContentsShowNoKey prints contents in every way there is.
func TestContentsShowNoKey(t *testing.T) {
	c := must(sign.Read(sign.File{Name: "a.p12", Data: must(leaf().P12(signtest.Modern, "p"))}, secret.New("p")))
	var printed string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		printed += fmt.Sprintf(verb+verb+verb, c, *c, struct{ C *sign.Contents }{c})
	}
	key := leaf().Key.(*rsa.PrivateKey)
	for _, leak := range []string{key.D.String(), key.Primes[0].String(), key.D.Text(16), "Primes"} {
		if strings.Contains(printed, leak) {
			t.Errorf("printed: %.20s…", leak)
		}
	}
}
