package passkit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"passmill/jobs/caller"
)

// Bounds of what phones, and those who pose as some, may do.
const (
	maxDevices   = 50      // that have one pass
	maxPath      = 256     // bytes of an identifier, type or serial number
	maxBody      = 4 << 10 // of a registration
	maxLogBody   = 64 << 10
	maxLogLines  = 20 // of one call; what follows is dropped
	logCalls     = 30 // a minute, of one address
	allLogCalls  = 600
	wrongTokens  = 60 // a minute, of one address
	countsPeriod = time.Minute
)

// defaultCache is how many bytes of passes are kept.
const defaultCache = 64 << 20

// A Service is what the web service is made of.
type Service struct {
	Store Store
	Maker Maker
	// Events may be nil.
	Events Events
	// Prefix is the path below which phones ask: that of the passes' webServiceURL.
	Prefix string
	// Proxies are the addresses whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// Cache is how many bytes of passes are kept in memory; 0 means 64 MiB.
	Cache int64
	// Log hears of what someone must look at; nil means silence.
	Log *slog.Logger
	// Now tells the time; nil means [time.Now].
	Now func() time.Time
}

// A server is a Service at work.
type server struct {
	Service
	cache     *cache
	wrong     *caller.Counts
	said      *caller.Counts
	saidByAll *caller.Counts
}

// Handler returns the handler of everything below the prefix.
func (s Service) Handler() *Handler {
	if s.Now == nil {
		s.Now = time.Now
	}
	s.Log = cmp.Or(s.Log, slog.New(slog.DiscardHandler))
	sv := &server{
		Service: s, cache: newCache(cmp.Or(s.Cache, defaultCache), s.Maker),
		wrong:     caller.NewCounts(wrongTokens, countsPeriod, s.Now),
		said:      caller.NewCounts(logCalls, countsPeriod, s.Now),
		saidByAll: caller.NewCounts(allLogCalls, countsPeriod, s.Now),
	}
	h := &Handler{mux: http.NewServeMux(), cache: sv.cache}
	const registration = "/v1/devices/{device}/registrations/{type}/{serial}"
	for _, c := range []struct {
		method, path string
		do           doer
	}{
		{"POST", registration, sv.register},
		{"DELETE", registration, sv.unregister},
		{"GET", "/v1/devices/{device}/registrations/{type}", sv.updates},
		{"GET", "/v1/passes/{type}/{serial}", sv.fetch},
		{"POST", "/v1/passes/{type}/{serial}/personalize", sv.personalize},
		{"POST", "/v1/log", sv.log},
	} {
		h.mux.Handle(c.method+" "+s.Prefix+c.path, sv.adapt(c.do))
	}
	return h
}

// A Handler answers phones.
type Handler struct {
	mux   *http.ServeMux
	cache *cache
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Statistics returns how passes that were fetched came to be there.
func (h *Handler) Statistics() *Statistics { return &h.cache.stats }

// A doer answers a call. An error is for [server.fail].
type doer func(w http.ResponseWriter, r *http.Request) error

func (s *server) adapt(do doer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// A refusal is an answer that is the caller's fault.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

var errUnauthorized = &refusal{http.StatusUnauthorized, "the authentication token is not that of a pass"}

// fail answers an error. Of what is the server's own fault, phones are told no more
// than that they may come back.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if e, ok := errors.AsType[*refusal](err); ok {
		if e.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "ApplePass")
		}
		http.Error(w, e.text, e.status)
		return
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	if r.Context().Err() == nil || !errors.Is(err, context.Canceled) {
		s.Log.ErrorContext(r.Context(), "phone not answered", "pattern", r.Pattern, "err", err)
	}
	w.Header().Set("Retry-After", "60")
	http.Error(w, "try again later", http.StatusServiceUnavailable)
}
