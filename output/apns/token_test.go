package apns_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sideshow/apns2"

	"passmill/output/apns"
	"passmill/output/apns/pretend"
)

// TestProviderTokens: one token serves many pushes, is made anew after fifty
// minutes and not before, and the server takes each.
func TestProviderTokens(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	server, o := start(t, pretend.Options{Keys: pretend.Keys{"KEY1": &key.PublicKey}, Now: now})
	o.Certificate, o.Tokens, o.Now = nil, &apns.Tokens{Key: key, KeyID: "KEY1", TeamID: "TEAM1", Now: now}, now
	c := client(t, o)
	for minute := range 150 {
		ahead.Store(int64(time.Duration(minute) * time.Minute))
		if a := c.Send(t.Context(), token(minute)); a.Verdict != apns.OK {
			t.Fatalf("minute %d: %+v", minute, a)
		}
	}
	if n := server.Counts().ProviderTokens; n != 3 {
		t.Errorf("%d tokens in 150 minutes, want 3", n)
	}
	o.Tokens = &apns.Tokens{Key: key, KeyID: "KEY2", TeamID: "TEAM1", Now: now}
	if a := client(t, o).Send(t.Context(), token(1)); a.Verdict != apns.Halted || a.Reason != apns2.ReasonInvalidProviderToken {
		t.Errorf("an unknown key: %+v", a)
	}
}

// TestParseKey reads what Apple gives, and says what else is.
func TestParseKey(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if got, err := apns.ParseKey(text); err != nil || !got.Equal(key) {
		t.Errorf("%v", err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string][]byte{
		"is no .p8 key; Apple's begins":  []byte("hello"),
		"a damaged one":                  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:20]}),
		"elliptic ones on P-256":         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: wrong}),
		"Apple's begins with -----BEGIN": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	} {
		if _, err := apns.ParseKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
