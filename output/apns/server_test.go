package apns_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"log"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"passmill/output/apns"
	"passmill/output/apns/pretend"
)

const topic = "pass.com.example.card"

// start starts a pretend server and returns it with what a client needs to reach it.
func start(t testing.TB, o pretend.Options) (*pretend.Server, apns.Options) {
	t.Helper()
	if o.Log == nil {
		o.Log = log.New(t.Output(), "", 0)
	}
	certificate, err := pretend.Certificate(filepath.Join(t.TempDir(), "server.pem"), []string{"localhost", "127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := pretend.New(o)
	done := make(chan error)
	go func() { done <- server.Serve(l, certificate) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	return server, apns.Options{Topic: topic, Certificate: sender(t, topic, time.Now().Add(time.Hour)), Server: "https://" + l.Addr().String(), Roots: roots}
}

// sender returns a certificate for a topic.
func sender(t testing.TB, topic string, until time.Time) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: topic}}},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func client(t testing.TB, o apns.Options) *apns.Client {
	t.Helper()
	c, err := apns.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// token is the n-th device's.
func token(n int) string { return fmt.Sprintf("%064x", n+1) }

// all pushes to n devices, so many at a time, and returns the answers.
func all(ctx context.Context, c *apns.Client, n, workers int) []apns.Answer {
	answers := make([]apns.Answer, n)
	next := make(chan int)
	done := make(chan struct{})
	for range workers {
		go func() {
			for i := range next {
				answers[i] = c.Send(ctx, token(i))
			}
			done <- struct{}{}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	for range workers {
		<-done
	}
	return answers
}
