package certapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"passmill/sign"
	"passmill/sign/certapi"
	"passmill/sign/keyring"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

// TestForeignKey: a certificate whose key waits in the ledger for somebody else is
// refused, and the answer does not say for whom.
func TestForeignKey(t *testing.T) {
	s := newService(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	id, err := sign.KeyID(private.Public())
	must(t, err)
	k := sign.Key{ID: id, Kind: sign.KindPass, BaseName: "pass.com.example.a", Tenant: "north", Algorithm: "EC P-256", Created: s.now}
	k.Sealed, err = s.keyset.Seal(private, k)
	must(t, err)
	must(t, s.db.AddKey(t.Context(), k, testEvent()))
	issued, err := signtest.Shared().Issue(signtest.Options{TypeID: "pass.com.example.a", Key: private})
	must(t, err)
	withKey, err := issued.P12(signtest.Modern, password)
	must(t, err)
	without, err := pkcs12.Modern.EncodeTrustStoreEntries([]pkcs12.TrustStoreEntry{{Cert: issued.Certificate, FriendlyName: "x"}}, password)
	must(t, err)
	for name, file := range map[string][]byte{"with its key": withKey, "without it": without} {
		for _, as := range []string{"account", "south"} {
			a := s.send(t, request{method: "POST", path: collection, as: as, members: map[string]any{
				"certificate": base64.StdEncoding.EncodeToString(file), "password": password,
			}})
			a.refuses(t, "certificate", http.StatusUnprocessableEntity)
			if strings.Contains(a.body, "north") {
				t.Errorf("%s, as %s: %s", name, as, a.body)
			}
		}
	}
	if entries, err := s.db.Entries(t.Context()); err != nil || len(entries) != 0 {
		t.Errorf("kept: %+v, %v", entries, err)
	}
	s.send(t, request{method: "POST", path: collection, as: "north", members: map[string]any{
		"certificate": base64.StdEncoding.EncodeToString(withKey), "password": password,
	}}).certificate(t, http.StatusCreated)
}

// TestTurns: of each API key one file at a time is opened, some wait for their
// turn, more are sent away; another key does not wait for them.
func TestTurns(t *testing.T) {
	s := newService(t)
	api := s.api()
	var mu sync.Mutex
	opening, most := 0, 0
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	ring := api.Ring
	api.Ring = func(actor string) *keyring.Ring {
		r := ring(actor)
		r.Read = func(f sign.File, p secret.Text) (*sign.Contents, error) {
			mu.Lock()
			opening++
			most = max(most, opening)
			mu.Unlock()
			begun <- struct{}{}
			<-goOn
			mu.Lock()
			opening--
			mu.Unlock()
			return sign.Read(f, p)
		}
		return r
	}
	server := httptest.NewServer(api.Handler())
	defer server.Close()
	s.Server = server
	file := p12(t, typed("pass.com.example.a", 100))
	post := func(as string) answer {
		return s.send(t, request{method: "POST", path: collection, as: as, members: map[string]any{"certificate": file, "password": password}})
	}
	const many, admitted = 25, 1 + 16
	answers := make(chan answer, many)
	for range many {
		go func() { answers <- post("account") }()
	}
	for range many - admitted {
		(<-answers).refuses(t, "", http.StatusTooManyRequests)
	}
	<-begun
	other := make(chan answer)
	go func() { other <- post("north") }()
	<-begun // while the first of the account is still open
	close(goOn)
	(<-other).certificate(t, http.StatusCreated)
	created := 0
	for range admitted {
		a := <-answers
		var c certapi.Certificate
		a.read(t, a.status, &c)
		if a.status == http.StatusCreated {
			created++
		} else if a.status != http.StatusOK {
			t.Errorf("status %d: %s", a.status, a.body)
		}
	}
	if created != 1 || most != 2 {
		t.Errorf("%d created, at most %d open at a time; want 1, and one of each key", created, most)
	}
}
