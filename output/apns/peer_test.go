package apns_test

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/output/apns"
	"passmill/output/apns/pretend"
)

// A peerLine is what the foreign server says.
type peerLine struct {
	Port    int
	Session bool
	Subject map[string]any
	Headers map[string]any
	Body    string
	Open    int
}

// TestForeignPeer pushes to Node's HTTP/2 server: request line, headers and body are
// Apple's, never more streams are open than it allows, and after each GOAWAY one new
// connection goes on.
func TestForeignPeer(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("these tests need node; see make test")
	}
	const streams, perSession, pushes = 5, 100, 450
	file := filepath.Join(t.TempDir(), "peer.pem")
	certificate, err := pretend.Certificate(file, []string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/peer.js", file, fmt.Sprint(streams), fmt.Sprint(perSession))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe() // its end is the server's
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func() (l peerLine, ok bool) {
		if !lines.Scan() {
			return l, false
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		return l, true
	}
	first, _ := next()
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	c := client(t, apns.Options{Topic: topic, Certificate: sender(t, topic, time.Now().Add(time.Hour)), Server: fmt.Sprintf("https://127.0.0.1:%d", first.Port), Roots: roots})
	got := make(chan []peerLine)
	go func() {
		var all []peerLine
		for l, ok := next(); ok; l, ok = next() {
			all = append(all, l)
		}
		got <- all
	}()
	for i, a := range all(t.Context(), c, pushes, 50) {
		if a.Verdict != apns.OK {
			t.Fatalf("push %d: %+v", i, a)
		}
	}
	c.Close()
	in.Close()
	sessions, requests, most, tokens := 0, 0, 0, map[string]bool{}
	for _, l := range <-got {
		if l.Session {
			sessions++
			if l.Subject["UID"] != topic {
				t.Errorf("the client shows the certificate of %v", l.Subject)
			}
			continue
		}
		requests++
		most = max(most, l.Open)
		tokens[fmt.Sprint(l.Headers[":path"])] = true
		checkRequest(t, l, first.Port)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if requests < pushes || len(tokens) != pushes || !tokens["/3/device/"+token(7)] {
		t.Errorf("%d requests for %d devices, want %d", requests, len(tokens), pushes)
	}
	if most > 2*streams || most < streams || sessions < pushes/(2*perSession) || sessions > pushes/perSession+3 {
		t.Errorf("%d sessions, %d streams at a time on two of them; want about %d and at most %d", sessions, most, pushes/perSession, 2*streams)
	}
}

func checkRequest(t *testing.T, l peerLine, port int) {
	t.Helper()
	expiration, err := strconv.ParseInt(fmt.Sprint(l.Headers["apns-expiration"]), 10, 64)
	if left := time.Until(time.Unix(expiration, 0)); err != nil || left > 24*time.Hour || left < 23*time.Hour {
		t.Errorf("expiration: %v", l.Headers["apns-expiration"])
	}
	for _, name := range []string{":path", "apns-expiration", "user-agent"} {
		delete(l.Headers, name)
	}
	want := map[string]any{
		":method": "POST", ":scheme": "https", ":authority": fmt.Sprintf("127.0.0.1:%d", port), "content-length": "2",
		"apns-topic": topic, "apns-push-type": "background", "apns-priority": "5",
	}
	if diff := cmp.Diff(want, l.Headers); diff != "" || l.Body != "{}" {
		t.Errorf("body %q, headers: %s", l.Body, diff)
	}
}
