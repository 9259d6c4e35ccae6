package phone_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"passmill/output/passkit/phone"
	"passmill/output/passkit/phone/phonetest"
)

// A trial is a web service in memory, with a push server for whoever listens to all
// tokens.
type trial struct {
	mu    sync.Mutex
	world phonetest.World
}

func (s *trial) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/listen" {
		s.listen(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.Handler().ServeHTTP(w, r)
}

// listen sends pushes as they fall due.
func (s *trial) listen(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, `{"event":"listening"}`+"\n")
	for r.Context().Err() == nil {
		s.mu.Lock()
		due, err := s.world.Push()
		s.mu.Unlock()
		for _, p := range due {
			json.NewEncoder(w).Encode(phone.Notice{Event: phone.Pushed, Token: p.Token, Topic: p.TypeID})
		}
		w.(http.Flusher).Flush()
		if err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// inside carries requests to a server, whatever host they name.
func inside(server *httptest.Server) *http.Client {
	base := server.Client().Transport
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(server.URL, "http://")
		return base.RoundTrip(r)
	})}
}

func (s *trial) run(t *testing.T) phone.Result {
	s.world.Finish() // or each request would let it write, and phones never come to rest
	server := httptest.NewServer(s)
	defer server.Close()
	f := phone.Fleet{
		Size: 300, Judge: phonetest.JudgeMemory, HTTP: inside(server), Push: server.Client(), Server: server.URL, Workers: 8, Seed: 1,
		Deaf: 0.05, Special: 0.05, For: time.Minute, Quiet: 200 * time.Millisecond,
	}
	for pass := range s.world.Passes {
		file, err := s.world.File(pass)
		if err != nil {
			t.Fatal(err)
		}
		f.Files = append(f.Files, file)
	}
	f.Tell = func(stage string, r phone.Result) {
		t.Logf("%s: %+v", stage, r)
		if stage != "special" {
			return
		}
		for range 300 {
			s.mu.Lock()
			s.world.Write(0)
			s.mu.Unlock()
		}
		s.mu.Lock()
		s.world.Finish()
		s.mu.Unlock()
	}
	r, err := f.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFleet tries a server that is right, and one that throws new push tokens away.
func TestFleet(t *testing.T) {
	r := (&trial{world: phonetest.NewMemory(1, 20, 1, "").World(nil)}).run(t)
	if r.Behind > 0 || r.Failed > 0 || r.Registered != 300 || r.Pushes == 0 {
		t.Errorf("a server that is right: %+v", r)
	}
	if r.Deaf == 0 || r.Renewed == 0 || r.Left == 0 || r.Twins == 0 || r.Living != 300-r.Deaf-r.Left {
		t.Errorf("the phones are not of all kinds: %+v", r)
	}
	if r := (&trial{world: phonetest.NewMemory(1, 20, 1, phonetest.OldToken).World(nil)}).run(t); r.Behind == 0 || len(r.Lines) == 0 {
		t.Errorf("a server that keeps old push tokens, unnoticed: %+v", r)
	}
}
