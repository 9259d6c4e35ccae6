//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A served is a server that runs as a process of its own over a sandbox's ledger.
type served struct {
	t      *testing.T
	url    string
	secret string // of the API key "test", which may do everything
	log    *lockedBuffer
	stop   func() // in good order
	kill   func() // at once
}

// A lockedBuffer is what a process says while a test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// serve starts a server, with an API key; it stops at the end of the test at the latest.
func (s *sandbox) serve() *served {
	s.t.Helper()
	out, err := s.command(nil, "key", "add", "test", "--scope", "certificates:read,certificates:write").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	v := &served{t: s.t, secret: strings.TrimSpace(string(out)), log: &lockedBuffer{}}
	cmd := s.command(nil, "serve", "--listen", "127.0.0.1:0")
	cmd.Stderr = v.log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var killed atomic.Bool
	v.kill = func() {
		killed.Store(true)
		cmd.Process.Kill()
	}
	v.stop = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil && !killed.Load() {
			s.t.Errorf("the server ended: %v\n%s", err, v.log)
		}
	})
	s.t.Cleanup(v.stop)
	for v.url == "" {
		var said struct{ Address string }
		for line := range strings.Lines(v.log.String()) {
			if json.Unmarshal([]byte(line), &said) == nil && said.Address != "" {
				v.url = "http://" + said.Address
			}
		}
		select {
		case err := <-ended:
			ended <- nil // for stop
			s.t.Fatalf("the server ended: %v\n%s", err, v.log)
		case <-time.After(10 * time.Millisecond): // a process of its own can only be looked at
		}
	}
	return v
}

// send sends a request with members as its body, and returns status and body. as
// is the secret of the API key; empty for the right one.
func (v *served) send(method, path, as string, members map[string]any) (int, string) {
	v.t.Helper()
	var body io.Reader
	if members != nil {
		text, err := json.Marshal(members)
		if err != nil {
			v.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if as == "" {
		as = v.secret
	}
	r.SetBasicAuth("test", as)
	r.Header.Set("Api-Revision", "1.2")
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
