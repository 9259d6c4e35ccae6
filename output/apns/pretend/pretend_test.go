package pretend_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sideshow/apns2"

	"passmill/output/apns/pretend"
)

const (
	topic = "pass.com.example.card"
	phone = "00ff00ff00ff00ff"
)

// A place is a server with a client of somebody else's for pushes, and one for
// listening.
type place struct {
	*pretend.Server
	address string
	pusher  *apns2.Client
	http    *http.Client
}

func start(t *testing.T, o pretend.Options) place {
	t.Helper()
	o.Log = log.New(t.Output(), "", 0)
	certificate, err := pretend.Certificate(filepath.Join(t.TempDir(), "server.pem"), []string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := place{Server: pretend.New(o), address: "https://" + l.Addr().String()}
	done := make(chan error)
	go func() { done <- p.Serve(l, certificate) }()
	t.Cleanup(func() {
		p.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	p.pusher = apns2.NewClient(tls.Certificate{})
	p.pusher.Host = p.address
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	p.pusher.HTTPClient.Transport = &http.Transport{Protocols: &protocols, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{sender(t)}}}
	p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(p.http.CloseIdleConnections)
	return p
}

func sender(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: topic}}},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// push pushes with apns2 and returns status and reason.
func (p place) push(t *testing.T, n apns2.Notification) string {
	t.Helper()
	if n.DeviceToken == "" {
		n.DeviceToken = phone
	}
	if n.Payload == nil {
		n.Payload = "{}"
	}
	res, err := p.pusher.PushWithContext(t.Context(), &n)
	if err != nil {
		t.Fatal(err)
	}
	if stamped := !res.Timestamp.IsZero(); stamped != (res.StatusCode == 410) {
		t.Errorf("%d %s: timestamp %v", res.StatusCode, res.Reason, res.Timestamp)
	}
	return strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", res.Reason))
}

// listen returns what reads the next event of a token.
func (p place) listen(t *testing.T, token string) func() pretend.Event {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.address+"/listen"+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%s, %v", res.Status, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	return func() (e pretend.Event) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal(lines.Err(), "no more lines")
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
}

// TestJudge pushes with a client of somebody else's: what is wrong has Apple's reason.
func TestJudge(t *testing.T) {
	p := start(t, pretend.Options{})
	for want, n := range map[string]apns2.Notification{
		"200":                    {Topic: topic},
		"400 MissingTopic":       {},
		"400 TopicDisallowed":    {Topic: "pass.com.example.other"},
		"400 BadDeviceToken":     {Topic: topic, DeviceToken: "xyz"},
		"400 MissingDeviceToken": {Topic: topic, DeviceToken: "?"},
		"400 BadPriority":        {Topic: topic, Priority: 10, PushType: apns2.PushTypeBackground},
		"400 InvalidPushType":    {Topic: topic, PushType: "smoke-signal"},
		"413 PayloadTooLarge":    {Topic: topic, Payload: `"` + strings.Repeat("a", 5000) + `"`},
		"404 BadPath":            {Topic: topic, DeviceToken: "a/b"},
		"200 ":                   {Topic: topic, Priority: 5, PushType: apns2.PushTypeBackground, Expiration: time.Now().Add(time.Hour)},
	} {
		if got := p.push(t, n); got != strings.TrimSpace(want) {
			t.Errorf("%+v: %s, want %s", n, got, want)
		}
	}
	for method, want := range map[string]string{http.MethodGet: "405 MethodNotAllowed", http.MethodPost: "400 PayloadEmpty"} {
		r, err := http.NewRequestWithContext(t.Context(), method, p.address+"/3/device/"+phone, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var said struct{ Reason string }
		err = json.NewDecoder(res.Body).Decode(&said)
		res.Body.Close()
		if got := fmt.Sprint(res.StatusCode, " ", said.Reason); err != nil || got != want {
			t.Errorf("%s: %s, want %s (%v)", method, got, want, err)
		}
	}
}

// TestListen: a phone hears of its pushes and of its end, a fleet of all; what came
// while nobody listened is told later, once, unless it was not to be kept.
func TestListen(t *testing.T) {
	p := start(t, pretend.Options{})
	good := apns2.Notification{Topic: topic}
	must := func(n apns2.Notification, want string) {
		t.Helper()
		if got := p.push(t, n); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	must(good, "200") // is kept
	must(good, "200")
	must(apns2.Notification{Topic: topic, DeviceToken: "0123456789"}, "200") // not for us
	event := p.listen(t, "/"+strings.ToUpper(phone))
	if e := event(); e.Event != "listening" {
		t.Fatalf("%+v", e)
	}
	want := pretend.Event{Event: "push", Token: phone, Topic: topic}
	check := func(e pretend.Event) {
		t.Helper()
		at, err := time.Parse(time.RFC3339Nano, e.At)
		if err != nil || time.Since(at) > time.Minute || e.Event == "push" && e.ID == "" {
			t.Errorf("%+v: %v", e, err)
		}
		e.At, e.ID = "", ""
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
	}
	check(event())
	must(good, "200")
	check(event())
	fleet := p.listen(t, "")
	if e := fleet(); e.Event != "listening" {
		t.Fatalf("%+v", e)
	}
	if e := fleet(); e.Token != "0123456789" {
		t.Fatalf("%+v, want what was kept for another", e)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, p.address+"/device/"+phone, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want = pretend.Event{Event: "gone", Token: phone}
	check(event())
	check(fleet())
	must(good, "410 Unregistered")
	must(good, "410 Unregistered")
	if c := p.Counts(); c.AfterDeath != 1 || c.Told != 1 {
		t.Errorf("%+v", c)
	}
	must(apns2.Notification{Topic: topic, DeviceToken: "aaaaaaaa", Expiration: time.Unix(0, 0)}, "200")
	must(apns2.Notification{Topic: topic, DeviceToken: "bbbbbbbb"}, "200")
	if e := fleet(); e.Token != "aaaaaaaa" {
		t.Errorf("%+v", e)
	}
}

// TestFaultsAreSeeded: the same seed gives the same faults, as often as was asked.
func TestFaultsAreSeeded(t *testing.T) {
	count := func(seed uint64) map[string]int {
		p := start(t, pretend.Options{Faults: pretend.Faults{Share: 0.2, Kinds: []pretend.Kind{pretend.Gone, pretend.Busy, pretend.Broken, pretend.Unavailable}, Seed: seed}})
		for i := range 500 {
			p.push(t, apns2.Notification{Topic: topic, DeviceToken: fmt.Sprintf("%08x", i)})
		}
		return p.Counts().Answers
	}
	one, two, other := count(1), count(1), count(2)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(one, other) {
		t.Error("another seed gives the same faults")
	}
	if n := one["200"]; n < 350 || n > 450 || one["Unregistered"] == 0 || one["TooManyRequests"] == 0 || one["InternalServerError"] == 0 || one["ServiceUnavailable"] == 0 {
		t.Errorf("%v", one)
	}
}

// TestCertificate: the file is kept and used again, and made anew for other hosts.
func TestCertificate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.pem")
	var last []byte
	for i, hosts := range [][]string{{"127.0.0.1"}, {"127.0.0.1"}, {"127.0.0.1", "push.example"}} {
		c, err := pretend.Certificate(file, hosts, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if same := cmp.Equal(last, c.Certificate[0]); same != (i == 1) {
			t.Errorf("%v: the same certificate: %v", hosts, same)
		}
		last = c.Certificate[0]
	}
}
