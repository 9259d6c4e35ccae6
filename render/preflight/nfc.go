package preflight

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"strconv"

	"passmill/render"
)

// A public key on P-256, made for the examples; nobody has its private half.
const exampleKey = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDO78Y9jMBcWg+jwD3ENF6h0I+xwNamHtYL478JpcoPg5d9toY5TBrIW2Y6fs178whR3DIBGva8bfKXR/zlYQ+A=="

var nfcRules = []Rule{
	{
		ID: "nfc-message", What: "what is told over NFC has at most 64 bytes", Source: "Apple: Pass.NFC", Severity: Refused, Row: true, Chance: true,
		Fix: "shorten it to 64 bytes", Check: checkNFC,
		Fails: []Example{{
			Change: `{"nfc": {"message": "0123456789012345678901234567890123456789012345678901234567890123x", "encryptionPublicKey": "` + exampleKey + `"}}`,
			Path:   "nfc.message",
		}},
		Passes: changes(`{"nfc": {"message": "7", "encryptionPublicKey": "` + exampleKey + `"}}`),
	},
	{
		ID: "nfc-key", What: "encryptionPublicKey is a P-256 key in base64 of its DER form", Severity: FallsBack,
		Source: "pass-js; laravel-mobile-pass; not verified on a phone",
		Fix:    "convert it: openssl ec -pubin -in key.pem -outform DER | base64", Check: func(p *Pass) []Finding { return p.all(render.NFCShape, wrongKey) },
		Fails: []Example{
			{Change: `{"nfc": {"message": "7", "encryptionPublicKey": "-----BEGIN PUBLIC KEY-----"}}`, Path: "nfc.encryptionPublicKey"},
			{Change: `{"nfc": {"message": "7", "encryptionPublicKey": "MCowBQYDK2VwAyEAs8oKHOPNFSD0PyLeR18IYyvkGc+/7i/YAgBIQciKu70="}}`, Path: "nfc.encryptionPublicKey"},
		},
		Passes: changes(`{"nfc": {"message": "7", "encryptionPublicKey": "` + exampleKey + `"}}`),
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
		return []Finding{{Path: "nfc.message", Message: "has " + strconv.Itoa(n) + " bytes, but 64 are allowed"}}
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
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return path, "is no public key in DER form (SubjectPublicKeyInfo)"
	}
	if ec, ok := public.(*ecdsa.PublicKey); !ok || ec.Curve != elliptic.P256() {
		return path, "is a key of another kind than EC on P-256"
	}
	return "", ""
}

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
