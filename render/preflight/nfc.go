package preflight

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"strconv"
	"strings"

	"passmill/render"
)

// A public key on P-256, made for the examples; nobody has its private half.
// Compressed, it has one of its coordinates only.
const (
	exampleKey       = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDO78Y9jMBcWg+jwD3ENF6h0I+xwNamHtYL478JpcoPg5d9toY5TBrIW2Y6fs178whR3DIBGva8bfKXR/zlYQ+A=="
	exampleKeyHalved = "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACDO78Y9jMBcWg+jwD3ENF6h0I+xwNamHtYL478JpcoPg="
)

var nfcRules = []Rule{
	{
		ID: "nfc-message", What: "what is told over NFC has at most 64 bytes", Severity: FallsBack, Row: true, Chance: true,
		Source: "Apple: Pass.NFC; github.com/apple/pass-builder Pass+NFC: the system truncates it",
		Fix:    "shorten it to 64 bytes; a letter such as ä counts as two", Check: checkNFC,
		Fails: []Example{{
			Change: `{"nfc": {"message": "0123456789012345678901234567890123456789012345678901234567890123x", "encryptionPublicKey": "` + exampleKey + `"}}`,
			Path:   "nfc.message",
		}},
		Passes: changes(`{"nfc": {"message": "7", "encryptionPublicKey": "` + exampleKey + `"}}`),
	},
	{
		ID: "nfc-key", What: "encryptionPublicKey is a P-256 key in base64 of its DER form", Severity: FallsBack,
		Source: "github.com/apple/pass-builder Pass+NFC; pass-js; not verified on a phone",
		Fix:    "convert it: openssl ec -pubin -in key.pem -outform DER | base64", Check: func(p *Pass) []Finding { return p.all(render.NFCShape, wrongKey) },
		Fails: []Example{
			{Change: `{"nfc": {"message": "7", "encryptionPublicKey": "-----BEGIN PUBLIC KEY-----"}}`, Path: "nfc.encryptionPublicKey"},
			{Change: `{"nfc": {"message": "7", "encryptionPublicKey": "MCowBQYDK2VwAyEAs8oKHOPNFSD0PyLeR18IYyvkGc+/7i/YAgBIQciKu70="}}`, Path: "nfc.encryptionPublicKey"},
			{Change: `{"nfc": {"message": "7", "encryptionPublicKey": "` + strings.Replace(exampleKey, "DO78", "DO79", 1) + `"}}`, Path: "nfc.encryptionPublicKey"},
		},
		Passes: changes(`{"nfc": {"message": "7", "encryptionPublicKey": "`+exampleKey+`"}}`, `{"nfc": {"message": "7", "encryptionPublicKey": "`+exampleKeyHalved+`"}}`),
	},
	{
		ID: "personalization", What: "a card to be personalized has NFC and a logo for the form", Severity: FallsBack,
		Source: "Apple: Supporting reward cards; pass-js",
		Fix:    "add nfc to the pass and personalizationLogo@2x.png, or remove personalization.json", Check: checkPersonalization,
		Fails: []Example{{Files: map[string]string{"personalization.json": "{}"}, Path: "personalization.json"}},
		Passes: []Example{{
			Change: `{"nfc": {"message": "7", "encryptionPublicKey": "` + exampleKey + `"}}`,
			Files:  map[string]string{"personalization.json": "{}", "personalizationLogo@2x.png": "300x80", "personalizationLogo@3x.png": "450x120"},
		}},
	},
}

func checkNFC(p *Pass) []Finding {
	if n := len(text(p.Root.Get("nfc"), "message")); n > 64 {
		return []Finding{{Path: "nfc.message", Message: "has " + strconv.Itoa(n) + " bytes, of which a phone sends the first 64 only"}}
	}
	return nil
}

func wrongKey(at *Place) (key, message string) {
	const path = "encryptionPublicKey"
	if k := at.Node.Get(path); k == nil || k.Kind != render.StringNode {
		return "", "" // another rule's
	}
	der, err := base64.StdEncoding.DecodeString(text(at.Node, path))
	if err != nil {
		return path, "is not base64"
	}
	return path, wrongP256(der)
}

// wrongP256 reads the key by hand, since package x509 does not read compressed
// points, which are common here.
func wrongP256(der []byte) string {
	var info struct { // SubjectPublicKeyInfo of RFC 5280
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return "is no public key in DER form (SubjectPublicKeyInfo)"
	}
	_, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve)
	if err != nil || !info.Algorithm.Algorithm.Equal(ecKey) || !curve.Equal(p256) {
		return "is a key of another kind than EC on P-256"
	}
	point := info.Key.RightAlign()
	if x, _ := elliptic.UnmarshalCompressed(elliptic.P256(), point); x != nil {
		return ""
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return "holds no point on P-256"
	}
	return ""
}

// The names of keys on elliptic curves and of one curve, from RFC 5480.
var (
	ecKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	p256  = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
)

func checkPersonalization(p *Pass) []Finding {
	const path = "personalization.json"
	switch {
	case !p.Files.has(path):
	case !p.has("nfc"):
		return []Finding{{Path: path, Message: "asks for what needs nfc in pass.json"}}
	case !p.Files.hasImage("personalizationLogo"):
		return []Finding{{Path: path, Message: "stands there without an image personalizationLogo"}}
	}
	return nil
}
