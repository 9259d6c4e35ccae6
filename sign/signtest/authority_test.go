package signtest_test

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"passmill/sign/signtest"
)

// TestShape compares a certificate with what openssl says of a genuine one: the
// order of the subject, the usages and the raw forms of the markers.
func TestShape(t *testing.T) {
	i, err := signtest.Shared().Issue(signtest.Options{EC: true})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "leaf.pem")
	if err := os.WriteFile(file, i.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "x509", "-in", file, "-noout", "-subject", "-issuer", "-text").CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	for _, want := range []string{
		"subject=UID = pass.com.example.pretend, CN = Pass Type ID: pass.com.example.pretend, OU = PRETEND123, O = Pretend Organization, C = US",
		"OU = G4, O = Pretend Inc., C = US",
		"X509v3 Key Usage: critical\n                Digital Signature",
		"X509v3 Extended Key Usage: \n                TLS Web Client Authentication, 1.2.840.113635.100.4.14",
		"1.2.840.113635.100.6.3.2: \n                ..\n",
		"X509v3 Authority Key Identifier",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("openssl does not show %q:\n%s", want, out)
		}
	}
	der := hex.EncodeToString(i.Certificate.Raw)
	for name, want := range map[string]string{
		"marker as UTF8String": "0c18" + hex.EncodeToString([]byte("pass.com.example.pretend")),
		"country as Printable": "0603550406130255" + "53",
		"team as UTF8String":   "060355040b0c0a",
	} {
		if !strings.Contains(der, want) {
			t.Errorf("%s: %s not in the certificate", name, want)
		}
	}
}

// TestPushShape compares a push certificate with what is known of genuine ones.
func TestPushShape(t *testing.T) {
	i, err := signtest.Shared().Issue(signtest.Options{Push: true, EC: true})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "push.pem")
	if err := os.WriteFile(file, i.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "x509", "-in", file, "-noout", "-subject", "-issuer", "-text").CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	for _, want := range []string{
		"subject=UID = " + signtest.PushTopic + ", CN = APSP:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0, C = US\n",
		"CN = Pretend Application Integration 2 Certification Authority",
		"X509v3 Key Usage: critical\n                Digital Signature",
		"X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
		"1.2.840.113635.100.6.3.2: \n                ..\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("openssl does not show %q:\n%s", want, out)
		}
	}
}
