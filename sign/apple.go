package sign

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strings"
)

// apple is the arc under which Apple marks its certificates.
var apple = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6}

// others are the kinds of Apple's certificates that are no pass certificates, by
// the beginning of their common name or by their marker extension. The names are
// those of the developer portal; the markers stand in Apple's Certification
// Practice Statement for WWDR and in its Security source.
var others = []struct {
	name   string // the common name begins so
	marker []int  // below apple
	kind   string // what it is
	pushes bool   // it is for pushes only
}{
	{name: "APSP:", kind: "a push certificate for device management (Apple Push Certificates Portal)", pushes: true},
	{name: "Apple Push Services: ", kind: "a push certificate of an app", pushes: true},
	{name: "Apple Development IOS Push Services: ", kind: "a push certificate of an app, for development", pushes: true},
	{name: "Apple Sandbox Push Services: ", kind: "a push certificate of an app, for development", pushes: true},
	{name: "Apple Production IOS Push Services: ", kind: "a push certificate of an app", pushes: true},
	{name: "VoIP Services: ", kind: "a VoIP push certificate of an app", pushes: true},
	{name: "WatchKit Services: ", kind: "a push certificate of a watch app", pushes: true},
	{name: "Website Push ID: ", kind: "a website push certificate", pushes: true},
	{name: "Apple Development: ", kind: "a development certificate, which signs apps"},
	{name: "iPhone Developer: ", kind: "a development certificate, which signs apps"},
	{name: "Mac Developer: ", kind: "a development certificate, which signs apps"},
	{name: "Apple Distribution: ", kind: "a distribution certificate, which signs apps"},
	{name: "iPhone Distribution: ", kind: "a distribution certificate, which signs apps"},
	{name: "3rd Party Mac Developer ", kind: "a distribution certificate, which signs apps for the Mac App Store"},
	{name: "Developer ID ", kind: "a Developer ID certificate, which signs Mac apps"},
	{name: "Merchant ID: ", kind: "an Apple Pay certificate"},
	{name: "Apple Pay ", kind: "an Apple Pay certificate"},
	{marker: []int{1, 2}, kind: "a development certificate, which signs apps"},
	{marker: []int{1, 12}, kind: "a development certificate, which signs apps"},
	{marker: []int{1, 4}, kind: "a distribution certificate, which signs apps"},
	{marker: []int{1, 7}, kind: "a distribution certificate, which signs apps for the Mac App Store"},
	{marker: []int{1, 8}, kind: "a distribution certificate, which signs apps for the Mac App Store"},
	{marker: []int{1, 13}, kind: "a Developer ID certificate, which signs Mac apps"},
	{marker: []int{1, 14}, kind: "a Developer ID certificate, which signs Mac apps"},
	{marker: []int{32}, kind: "an Apple Pay certificate"},
	{marker: []int{39}, kind: "an Apple Pay certificate"},
	{marker: []int{3, 6}, kind: "a push certificate of an app", pushes: true},
	{marker: []int{3, 1}, kind: "a push certificate of an app, for development", pushes: true},
	{marker: []int{3, 2}, kind: "a push certificate of an app", pushes: true},
	{marker: []int{2, 1}, kind: "Apple's intermediate certificate"},
}

// KindOf returns what a certificate is for; empty if it is neither for passes nor
// for pushes alone.
func KindOf(cert *x509.Certificate) Kind {
	if _, marked := extension(cert, oidMarker); marked {
		return KindPass
	}
	if _, pushes := other(cert); pushes {
		return KindPush
	}
	return ""
}

// Describe says what a certificate is, in words: "a distribution certificate,
// which signs apps".
func Describe(cert *x509.Certificate) string {
	if _, marked := extension(cert, oidMarker); marked {
		return "a Pass Type ID certificate"
	}
	if kind, _ := other(cert); kind != "" {
		return kind
	}
	for _, ext := range cert.Extensions {
		if len(ext.Id) > len(apple) && ext.Id[:len(apple)].Equal(apple) {
			return fmt.Sprintf("a certificate of Apple's of another kind (marked %v)", ext.Id)
		}
	}
	return "not a certificate of Apple's"
}

// other returns which of the other kinds a certificate is; empty if none.
func other(cert *x509.Certificate) (kind string, pushes bool) {
	for _, o := range others {
		if o.name != "" && strings.HasPrefix(cert.Subject.CommonName, o.name) {
			return o.kind, o.pushes
		}
		if o.marker == nil {
			continue
		}
		if _, marked := extension(cert, append(apple[:len(apple):len(apple)], o.marker...)); marked {
			return o.kind, o.pushes
		}
	}
	return "", false
}
