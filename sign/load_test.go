package sign_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passmill/sign"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

// openssl is a file made by the openssl program from the PEM files of a
// certificate.
func openssl(t testing.TB, issued *signtest.Issued, password string, args ...string) []byte {
	t.Helper()
	cert := write(t, "cert.pem", issued.PEM())
	key := write(t, "key.pem", must(issued.KeyPEM()))
	out := filepath.Join(t.TempDir(), "out.p12")
	args = append([]string{"pkcs12", "-export", "-in", cert, "-inkey", key, "-out", out, "-passout", "pass:" + password}, args...)
	run(t, "openssl", args...)
	return must(os.ReadFile(out))
}

// TestLoad reads good material of every kind: each gives the same certificate
// and signs.
func TestLoad(t *testing.T) {
	rsaLeaf, ecLeaf := leaf(), issue(t, signtest.Options{EC: true})
	chain := write(t, "chain.pem", signtest.Shared().IntermediatePEM())
	key := must(rsaLeaf.KeyPEM())
	block, _ := pem.Decode(key)
	keyFile := write(t, "key.pem", key)
	encryptedDER, _ := pem.Decode(run(t, "openssl", "pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:x"))
	both := func(key []byte) []byte { return append(bytes.Clone(rsaLeaf.PEM()), key...) }
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaLeaf.Key.(*rsa.PrivateKey))})
	sec1 := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(ecLeaf.Key.(*ecdsa.PrivateKey)))})
	intermediate, _ := pem.Decode(signtest.Shared().IntermediatePEM())

	m := map[string]sign.Material{
		"modern":               material("a.p12", must(rsaLeaf.P12(signtest.Modern, "pässword")), "pässword"),
		"legacy DES":           material("a.p12", must(rsaLeaf.P12(signtest.LegacyDES, "p")), "p"),
		"legacy RC2":           material("a.p12", must(rsaLeaf.P12(signtest.LegacyRC2, "p")), "p"),
		"modern EC":            material("a.p12", must(ecLeaf.P12(signtest.Modern, "p")), "p"),
		"empty password":       material("a.p12", must(rsaLeaf.P12(signtest.Modern, "")), ""),
		"openssl":              material("a.p12", openssl(t, rsaLeaf, "p"), "p"),
		"openssl chain":        material("a.p12", openssl(t, rsaLeaf, "p", "-certfile", chain), "p"),
		"openssl EC":           material("a.p12", openssl(t, ecLeaf, "p"), "p"),
		"openssl legacy":       material("a.p12", openssl(t, rsaLeaf, "p", "-legacy"), "p"),
		"openssl legacy EC":    material("a.p12", openssl(t, ecLeaf, "p", "-legacy"), "p"),
		"openssl legacy DES":   material("a.p12", openssl(t, rsaLeaf, "p", "-legacy", "-descert"), "p"),
		"openssl empty":        material("a.p12", openssl(t, rsaLeaf, ""), ""),
		"openssl legacy empty": material("a.p12", openssl(t, rsaLeaf, "", "-legacy"), ""),
		"openssl iterations":   material("a.p12", openssl(t, rsaLeaf, "p", "-iter", "100000"), "p"),
		"openssl plain key":    material("a.p12", openssl(t, rsaLeaf, "p", "-keypbe", "NONE", "-certpbe", "NONE"), "p"),
		"PEM in one file":      material("a.pem", both(key), ""),
		"PEM, PKCS #1":         material("a.pem", both(pkcs1), ""),
		"PEM, SEC 1":           material("a.pem", append(ecLeaf.PEM(), sec1...), ""),
		"PEM named .p12":       material("a.p12", append(key, rsaLeaf.PEM()...), ""),
		"DER":                  {Certificate: sign.File{Name: "a.cer", Data: rsaLeaf.Certificate.Raw}, Key: sign.File{Name: "a.key", Data: block.Bytes}, Intermediate: sign.File{Name: "w.cer", Data: intermediate.Bytes}},
		"encrypted PEM":        material("a.pem", both(run(t, "openssl", "pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:x")), "x"),
		"encrypted PEM, DES":   material("a.pem", both(run(t, "openssl", "pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:x", "-v2", "des3")), "x"),
		"traditional PEM":      material("a.pem", both(run(t, "openssl", "rsa", "-in", keyFile, "-aes128", "-passout", "pass:x", "-traditional")), "x"),
		"traditional PEM, DES": material("a.pem", both(run(t, "openssl", "rsa", "-in", keyFile, "-des3", "-passout", "pass:x", "-traditional")), "x"),
		"encrypted DER":        {Certificate: sign.File{Name: "a.cer", Data: rsaLeaf.Certificate.Raw}, Key: sign.File{Name: "a.key", Data: encryptedDER.Bytes}, Intermediate: sign.File{Name: "w.cer", Data: intermediate.Bytes}, Password: secret.New("x")},
		"key in a .p12":        {Certificate: sign.File{Name: "a.cer", Data: rsaLeaf.Certificate.Raw}, Key: sign.File{Name: "a.p12", Data: must(rsaLeaf.P12(signtest.Modern, ""))}, Intermediate: sign.File{Name: "w.cer", Data: intermediate.Bytes}},
	}
	// The intermediate is found in the file itself, without one given.
	for name, data := range map[string][]byte{
		"intermediate in .p12": openssl(t, rsaLeaf, "p", "-certfile", chain),
		"intermediate in PEM":  append(append(signtest.Shared().IntermediatePEM(), rsaLeaf.PEM()...), key...),
	} {
		found := material("a", data, "p")
		found.Intermediate = sign.File{}
		m[name] = found
	}
	for name, m := range m {
		t.Run(name, func(t *testing.T) {
			id, err := sign.Load(m)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			if err := id.Check(now, now.Add(time.Hour)); err != nil {
				t.Errorf("Check: %v", err)
			}
			if err := id.CheckPass("pass.com.example.pretend", "PRETEND123"); err != nil {
				t.Errorf("CheckPass: %v", err)
			}
			if _, err := id.Sign(t.Context(), [][]byte{[]byte("{}")}); err != nil {
				t.Errorf("Sign: %v", err)
			}
		})
	}
}

// TestCertificate checks what is told of a certificate.
func TestCertificate(t *testing.T) {
	id := identity(t, signtest.Options{EC: true, NFC: true})
	c := id.Certificate()
	if c.TypeID != "pass.com.example.pretend" || c.TeamID != "PRETEND123" || !c.NFC || len(c.ID) != 64 || len(c.DER) == 0 {
		t.Errorf("certificate %+v", c)
	}
	want := "UID=pass.com.example.pretend, CN=Pass Type ID with NFC: pass.com.example.pretend, OU=PRETEND123, O=Pretend Organization, C=US"
	if c.Subject != want {
		t.Errorf("subject\n got %s\nwant %s", c.Subject, want)
	}
	if identity(t, signtest.Options{EC: true}).NFC() {
		t.Error("a certificate without NFC is said to have it")
	}
}

// TestNothingLeaks prints an identity in every way there is.
func TestNothingLeaks(t *testing.T) {
	id, err := leaf().Identity()
	if err != nil {
		t.Fatal(err)
	}
	key := leaf().Key.(*rsa.PrivateKey)
	holder := struct{ ID *sign.Identity }{id}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "id", id, "copy", *id, "holder", holder)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "id", id, "copy", *id, "holder", holder)
	marshalled, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	printed := log.String() + string(marshalled)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		printed += fmt.Sprintf(verb+verb+verb, id, *id, holder)
	}
	for _, leak := range []string{key.D.String(), key.Primes[0].String(), key.D.Text(16), key.Primes[0].Text(16), "PrivateKey", "Primes"} {
		if strings.Contains(printed, leak) {
			t.Errorf("printed: %.20s…", leak)
		}
	}
	if !strings.Contains(printed, "UID=pass.com.example.pretend") {
		t.Error("the subject is not printed")
	}
}

// TestLoadErrors checks that each mistake with files gets its own words.
func TestLoadErrors(t *testing.T) {
	issued := leaf()
	good := must(issued.P12(signtest.Modern, "right"))
	key := must(issued.KeyPEM())
	pair := append(bytes.Clone(issued.PEM()), key...)
	keyFile := write(t, "key.pem", key)
	encrypted := run(t, "openssl", "pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:x", "-v2", "aes-256-cbc")
	traditional := run(t, "openssl", "rsa", "-in", keyFile, "-aes128", "-passout", "pass:x", "-traditional")
	pbes1 := run(t, "openssl", "pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:x", "-v1", "PBE-SHA1-3DES")
	scrypt := run(t, "openssl", "pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:x", "-scrypt")
	slow := run(t, "openssl", "pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:x", "-iter", "1000001")
	csr := run(t, "openssl", "req", "-new", "-key", keyFile, "-subj", "/CN=x")
	csrDER, _ := pem.Decode(csr)
	noCert := filepath.Join(t.TempDir(), "nocert.p12")
	run(t, "openssl", "pkcs12", "-export", "-nocerts", "-inkey", keyFile, "-out", noCert, "-passout", "pass:right")

	tests := map[string]struct {
		m    sign.Material
		is   error
		want string
	}{
		"wrong password":         {material("a.p12", good, "wrong"), sign.ErrPassword, "a.p12: wrong password: give the one that was typed when the file was exported"},
		"wrong legacy password":  {material("a.p12", must(issued.P12(signtest.LegacyRC2, "right")), "wrong"), sign.ErrPassword, "wrong password"},
		"no password":            {material("a.p12", good, ""), sign.ErrPassword, "wrong password"},
		"no key":                 {material("a.p12", openssl(t, issued, "right", "-nokeys"), "right"), sign.ErrNoKey, "in Keychain Access choose My Certificates"},
		"no certificate":         {material("a.p12", must(os.ReadFile(noCert)), "right"), nil, "holds a private key but no certificate"},
		"two keys":               {material("a.p12", twoKeys(t, issued), ""), nil, "holds more than one private key"},
		"two PEM keys":           {material("a.pem", append(bytes.Clone(pair), key...), ""), nil, "holds 2 private keys"},
		"PEM without key":        {material("a.pem", issued.PEM(), ""), sign.ErrNoKey, "a.pem: no private key"},
		"PEM without cert":       {material("a.pem", key, ""), nil, "holds no certificate"},
		"encrypted PEM":          {material("a.pem", append(issued.PEM(), encrypted...), "y"), sign.ErrPassword, "a.pem: block 2 (ENCRYPTED PRIVATE KEY): wrong password: give the one that the key was encrypted with"},
		"encrypted PEM alone":    {material("a.pem", append(issued.PEM(), encrypted...), ""), sign.ErrPassword, "the key is encrypted, and no password was given"},
		"encrypted PBES1":        {material("a.pem", append(issued.PEM(), pbes1...), "x"), nil, "openssl pkcs12 -export"},
		"encrypted with scrypt":  {material("a.pem", append(issued.PEM(), scrypt...), "x"), nil, "protects its key with scrypt"},
		"encrypted slowly":       {material("a.pem", append(issued.PEM(), slow...), "x"), nil, "asks for 1000001 rounds"},
		"traditional PEM":        {material("a.pem", append(issued.PEM(), traditional...), "y"), sign.ErrPassword, "wrong password"},
		"traditional PEM alone":  {material("a.pem", append(issued.PEM(), traditional...), ""), sign.ErrPassword, "no password was given"},
		"chain without leaf":     {material("a.pem", append(signtest.Shared().IntermediatePEM(), key...), ""), sign.ErrNoLeaf, "is an authority's certificate: download the Pass Type ID certificate itself"},
		"PEM request":            {material("a.pem", csr, ""), nil, "signing request"},
		"DER request":            {material("a.csr", csrDER.Bytes, ""), nil, "signing request"},
		"cut PEM":                {material("a.pem", pair[:200], ""), nil, "holds no whole PEM block"},
		"damaged PEM":            {material("a.pem", bytes.Replace(pair, []byte("MII"), []byte("MIA"), 1), ""), nil, "block 1 (CERTIFICATE): damaged certificate"},
		"text":                   {material("a.p12", []byte("hello, world"), ""), nil, "a.p12 is not a certificate, a key or a PKCS #12 file, or damaged"},
		"zip":                    {material("a.p12", []byte("PK\x03\x04 and so on"), ""), nil, "a zip archive"},
		"SSH":                    {material("a.p12", []byte("ssh-rsa AAAA"), ""), nil, "an SSH key"},
		"signature":              {material("a.p12", []byte("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), ""), nil, "an ASN.1 file of type 1.2.840.113549.1.7.2"},
		"empty":                  {material("a.p12", nil, ""), nil, "a.p12 is empty"},
		"large":                  {material("a.pem", make([]byte, 257<<10), ""), nil, "at most 262144"},
		"large .p12":             {material("a.p12", append(bytes.Clone(good), make([]byte, 64<<10)...), "right"), nil, "at most 65536"},
		"long password":          {material("a.p12", good, strings.Repeat("x", 1025)), nil, "at most 1024"},
		"cut .p12":               {material("a.p12", good[:len(good)-8], "right"), nil, "is damaged"},
		"intermediate in a .p12": {sign.Material{Certificate: sign.File{Name: "a.pem", Data: pair}, Intermediate: sign.File{Name: "w.p12", Data: good}}, nil, "w.p12 is a .p12 file: give the intermediate as PEM or DER"},
		"empty intermediate": {sign.Material{Certificate: sign.File{Name: "a.pem", Data: pair}, Intermediate: sign.File{Name: "w.pem", Data: key}}, nil,
			"w.pem holds no certificate: download the intermediate from https://www.apple.com/certificateauthority/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id, err := sign.Load(tt.m)
			if err == nil {
				t.Fatalf("loaded as %v", id)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q in it", err, tt.want)
			}
			for _, s := range []error{sign.ErrPassword, sign.ErrNoKey, sign.ErrNoLeaf} {
				if errors.Is(err, s) != (s == tt.is) {
					t.Errorf("errors.Is(%v, %v) is %v", err, s, s != tt.is)
				}
			}
		})
	}
}
