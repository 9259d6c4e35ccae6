package pretend

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options say how the server behaves. The zero value is a server without faults
// that takes every certificate.
type Options struct {
	Faults      Faults
	Keys        Keys             // of teams that push with provider tokens
	ClientRoots *x509.CertPool   // who issues certificates of senders; nil takes all
	MaxStreams  int              // at a time on a connection; 0 means 1,000
	Latency     time.Duration    // of each answer
	Now         func() time.Time // nil means time.Now
	Log         *log.Logger      // hears of broken connections; nil means silence
}

// A Server is a pretend push server. It is safe for concurrent use.
type Server struct {
	options Options
	now     func() time.Time
	http    *http.Server
	ending  chan struct{} // closed when listeners are to be let go
	end     func()

	mu        sync.Mutex
	devices   map[string]*device     // by token; guarded by mu, as all below
	listeners map[string][]*listener // by token, "" for all
	providers map[string]provider    // by team
	counts    Counts
	open      map[net.Conn]bool
	refuse    string // the reason to refuse all pushes with
}

// A device is what the server knows of a token.
type device struct {
	pushes    int // that were taken
	dead      time.Time
	reason    string // of its death
	told      bool   // who pushes was told of it
	kept      *Event // the last push, if nobody listened
	keptUntil time.Time
}

// Counts are what came so far.
type Counts struct {
	Connections    int            `json:"connections"`    // that were opened
	Open           int            `json:"open"`           // that are open
	MostOpen       int            `json:"mostOpen"`       // at a time
	Pushes         int            `json:"pushes"`         // that were begun
	Answers        map[string]int `json:"answers"`        // by "200" or reason, or by the fault that left none
	Told           int            `json:"told"`           // pushes that a listener was told at once
	AfterDeath     int            `json:"afterDeath"`     // pushes to tokens that had been called dead before
	ProviderTokens int            `json:"providerTokens"` // different ones
}

// New returns a server; [Server.Serve] sets it to work.
func New(o Options) *Server {
	s := &Server{
		options: o, now: o.Now, ending: make(chan struct{}),
		devices: map[string]*device{}, listeners: map[string][]*listener{}, providers: map[string]provider{},
		counts: Counts{Answers: map[string]int{}}, open: map[net.Conn]bool{},
	}
	s.end = sync.OnceFunc(func() { close(s.ending) })
	if s.now == nil {
		s.now = time.Now
	}
	if s.options.Log == nil {
		s.options.Log = log.New(io.Discard, "", 0)
	}
	streams := o.MaxStreams
	if streams == 0 {
		streams = 1000
	}
	s.http = &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: s.options.Log,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: streams},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, &conn{Conn: c})
		},
		ConnState: s.connState,
	}
	return s
}

// Serve serves on l with the certificate, until [Server.Close].
func (s *Server) Serve(l net.Listener, certificate tls.Certificate) error {
	s.http.TLSConfig = &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12,
	}
	if err := s.http.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends all connections.
func (s *Server) Close() error {
	s.end()
	return s.http.Close()
}

// HangUp closes all connections, as Apple's server does with idle ones.
func (s *Server) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

// Handler returns what the server answers, for who serves it himself.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /listen", s.listen)
	mux.HandleFunc("GET /listen/{token}", s.listen)
	mux.HandleFunc("GET /counts", s.count)
	mux.HandleFunc("DELETE /device/{token}", func(w http.ResponseWriter, r *http.Request) { s.Kill(r.PathValue("token")) })
	mux.HandleFunc("POST /3/device/{token}", s.push)
	mux.HandleFunc("POST /3/device/{$}", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, "MissingDeviceToken", time.Time{}) })
	mux.HandleFunc("/3/device/{token}", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, "MethodNotAllowed", time.Time{}) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, "BadPath", time.Time{}) })
	return mux
}

// Counts returns what came so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Answers = maps.Clone(c.Answers)
	return c
}

// Pushes returns how many pushes for a token were taken.
func (s *Server) Pushes(token string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.devices[normal(token)]; d != nil {
		return d.pushes
	}
	return 0
}

// Dead returns when a token died; the zero time if it lives.
func (s *Server) Dead(token string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.devices[normal(token)]; d != nil {
		return d.dead
	}
	return time.Time{}
}

// Kill makes a token dead, as when the pass was removed from the phone.
func (s *Server) Kill(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill(normal(token), "Unregistered")
}

// Refuse makes the server refuse all pushes for a reason, such as BadCertificate;
// "" ends that. It reports whether it is a reason of Apple's.
func (s *Server) Refuse(reason string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = reason
	return reason == "" || statuses[reason] != 0
}
