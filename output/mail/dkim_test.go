package mail_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	ours "passmill/output/mail"
)

func pemKey(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// record returns what the DNS says of a public key.
func record(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	if key, ok := public.(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// TestDKIM: another program's verifier finds the signature good, and finds out
// about every change of what it covers.
func TestDKIM(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"rsa": rsaKey, "ed25519": edKey} {
		t.Run(name, func(t *testing.T) {
			signer, err := ours.NewDKIM("example.com", "m1", pemKey(t, key))
			if err != nil {
				t.Fatal(err)
			}
			var server scripted
			s := &ours.Server{Address: "localhost:25", Plain: true, Dial: server.dial, DKIM: signer}
			if got, err := s.Send(t.Context(), rich(), nil); got != ours.Sent {
				t.Fatalf("%q: %v", got, err)
			}
			wire := undot(server.taken()[0])
			verify := func(text string) error {
				list, err := dkim.VerifyWithOptions(strings.NewReader(text), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
					if name != "m1._domainkey.example.com" {
						t.Errorf("looked up %s", name)
					}
					return []string{record(t, key.Public())}, nil
				}})
				if err != nil {
					return err
				}
				if len(list) != 1 || list[0].Domain != "example.com" {
					t.Fatalf("signatures: %+v", list)
				}
				return list[0].Err
			}
			if err := verify(wire); err != nil {
				t.Fatalf("the signature is not good: %v", err)
			}
			for _, change := range [][2]string{
				{"Subject: ", "Subject: x"}, {"To: <wallet@", "To: <walled@"}, {"List-Unsubscribe: <https://", "List-Unsubscribe: <https://evil."},
				{"One-Click", "Two-Click"}, {"Reply-To: ", "Reply-To: <x@y.example>, "}, {"From: ", "From: <evil@example.com>\r\nFrom: "}, {"Hello", "Hallo"},
			} {
				if !strings.Contains(wire, change[0]) {
					t.Fatalf("no %q in the mail:\n%s", change[0], wire)
				}
				if verify(strings.Replace(wire, change[0], change[1], 1)) == nil {
					t.Errorf("nobody notices that %q became %q", change[0], change[1])
				}
			}
		})
	}
}

func TestDKIMRefuses(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := pemKey(t, weak)
	for _, c := range []struct {
		domain, selector string
		key              []byte
		want             string
	}{
		{"example.com", "m1", []byte("no key"), "read the key"},
		{"exa mple.com", "m1", good, "is no domain"},
		{"example.com", "m1;", good, "is no selector"},
		{"", "", nil, "is no domain"},
	} {
		if _, err := ours.NewDKIM(c.domain, c.selector, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, %q: %v, want %q", c.domain, c.selector, err, c.want)
		}
	}
}

// undot takes off what SMTP puts before full stops.
func undot(wire string) string {
	return strings.ReplaceAll("\r\n"+wire, "\r\n..", "\r\n.")[2:]
}
