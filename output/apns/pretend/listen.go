package pretend

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// alivePause is how often a listener is told that nothing happens, so that it knows
// a connection that broke.
const alivePause = 15 * time.Second

// An Event is a line that a listener reads.
type Event struct {
	Event string `json:"event"` // listening, push, gone or alive
	Token string `json:"token,omitempty"`
	Topic string `json:"topic,omitempty"`
	ID    string `json:"id,omitempty"`
	At    string `json:"at,omitempty"`
}

// A listener waits for the pushes of one token, or of all. Of each token it has at
// most one event to be told, the last.
type listener struct {
	mu      sync.Mutex
	pending map[string]Event // by token; guarded by mu
	order   []string         // of the tokens in pending; guarded by mu
	wake    chan struct{}
}

func newListener() *listener {
	return &listener{pending: map[string]Event{}, wake: make(chan struct{}, 1)}
}

func (l *listener) tell(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, waits := l.pending[e.Token]; !waits {
		l.order = append(l.order, e.Token)
	}
	l.pending[e.Token] = e
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take returns what is to be told, oldest first.
func (l *listener) take() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := make([]Event, len(l.order))
	for i, token := range l.order {
		events[i] = l.pending[token]
	}
	clear(l.pending)
	l.order = l.order[:0]
	return events
}

// listen tells what happens to a token, or to all, until the client hangs up.
func (s *Server) listen(w http.ResponseWriter, r *http.Request) {
	token := normal(r.PathValue("token"))
	l := newListener()
	s.addListener(token, l)
	defer s.removeListener(token, l)

	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	tell := func(events ...Event) bool {
		for _, e := range events {
			if lines.Encode(e) != nil {
				return false
			}
		}
		return control.Flush() == nil
	}
	alive := time.NewTicker(alivePause)
	defer alive.Stop()
	for ok := tell(Event{Event: "listening"}); ok; {
		select {
		case <-l.wake:
			ok = tell(l.take()...)
		case <-alive.C:
			ok = tell(Event{Event: "alive"})
		case <-r.Context().Done():
			return
		case <-s.ending:
			return
		}
	}
}

// addListener adds a listener; "" is for all tokens. What waits for it is told.
func (s *Server) addListener(token string, l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[token] = append(s.listeners[token], l)
	for name, d := range s.devices {
		if d.kept != nil && (token == "" || token == name) {
			if d.keptUntil.IsZero() || s.now().Before(d.keptUntil) {
				l.tell(*d.kept)
			}
			d.kept = nil
		}
	}
}

func (s *Server) removeListener(token string, l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[token] = slices.DeleteFunc(s.listeners[token], func(o *listener) bool { return o == l })
	if len(s.listeners[token]) == 0 {
		delete(s.listeners, token)
	}
}

// tell tells an event to those who listen, and reports whether there was one. s.mu
// is held.
func (s *Server) tell(e Event) bool {
	heard := false
	for _, name := range []string{"", e.Token} {
		for _, l := range s.listeners[name] {
			l.tell(e)
			heard = true
		}
	}
	return heard
}
