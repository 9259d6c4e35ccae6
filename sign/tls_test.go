package sign_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"testing"

	"passmill/sign"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

// TestTLS: an identity proves itself to a server, with RSA and elliptic keys, and
// nothing that prints it shows the key.
func TestTLS(t *testing.T) {
	for _, ec := range []bool{false, true} {
		issued, err := signtest.Shared().Issue(signtest.Options{EC: ec})
		if err != nil {
			t.Fatal(err)
		}
		p12, err := issued.P12(signtest.Modern, "secret")
		if err != nil {
			t.Fatal(err)
		}
		id, err := sign.Load(sign.Material{Certificate: sign.File{Name: "pass.p12", Data: p12}, Password: secret.New("secret")})
		if err != nil {
			t.Fatal(err)
		}
		c := id.TLS()
		if len(c.Certificate) != 2 {
			t.Errorf("%d certificates, want it with its intermediate", len(c.Certificate))
		}
		if text := fmt.Sprintf("%v %+v %#v", c.PrivateKey, c.PrivateKey, c.PrivateKey); text != "[redacted] [redacted] [redacted]" {
			t.Errorf("prints %s", text)
		}
		near, far := net.Pipe()
		server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{*c}, ClientAuth: tls.RequireAnyClientCert})
		done := make(chan error, 1)
		go func() { done <- server.HandshakeContext(t.Context()) }()
		client := tls.Client(near, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{*c}, VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return nil }})
		if err := client.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := server.ConnectionState().PeerCertificates[0]; !got.Equal(c.Leaf) {
			t.Error("another certificate arrived")
		}
	}
}
