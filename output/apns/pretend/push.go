package pretend

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// A conn is the connection of a request.
type conn struct {
	net.Conn
	pushes atomic.Int64
}

type connKey struct{}

// connection returns a request's connection; nil if somebody else serves.
func connection(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// connState counts connections.
func (s *Server) connState(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.open[c] = true
		s.counts.Connections++
	case http.StateClosed, http.StateHijacked:
		delete(s.open, c)
	}
	s.counts.Open = len(s.open)
	s.counts.MostOpen = max(s.counts.MostOpen, s.counts.Open)
}

// push takes a push, or refuses it, or meets a fault.
func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	fault := s.options.Faults.pick(s.begin(w, r))
	if s.options.Latency > 0 {
		select {
		case <-time.After(s.options.Latency):
		case <-r.Context().Done():
		}
	}
	reason := s.judge(r)
	if reason == "" && fault != "" && reasons[fault] == "" {
		s.note(string(fault))
		fault.happen(r)
	}
	var since time.Time
	if reason == "" {
		reason, since = s.deliver(w, r, reasons[fault])
	}
	s.answer(w, reason, since)
}

// begin counts a push, and says goodbye to a connection that had enough of them.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) (n uint64) {
	if every := int64(s.options.Faults.GoAwayEvery); every > 0 {
		if c := connection(r); c != nil && c.pushes.Add(1) == every {
			w.Header().Set("Connection", "close") // net/http makes a GOAWAY of it
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Pushes++
	return uint64(s.counts.Pushes)
}

// deliver takes a push that is well-formed to the device. A fault is the reason why
// it does not.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, fault string) (reason string, since time.Time) {
	token := normal(r.PathValue("token"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != "" {
		return s.refuse, s.now()
	}
	d := s.device(token)
	switch {
	case !d.dead.IsZero():
		if d.told {
			s.counts.AfterDeath++
		}
		d.told = true
		return d.reason, d.dead
	case fault == "":
	case fault == reasons[Gone] || fault == reasons[Bad]:
		s.kill(token, fault)
		d.told = true
		return d.reason, d.dead
	default:
		return fault, since
	}
	d.pushes++
	e := Event{Event: "push", Token: token, Topic: r.Header.Get("apns-topic"), ID: uuid.NewString(), At: stamp(s.now())}
	w.Header().Set("apns-id", e.ID)
	if s.tell(e) {
		s.counts.Told++
	} else {
		d.keep(e, r.Header.Get("apns-expiration"))
	}
	return "", since
}

// keep keeps a push for a device that nobody listens for, as long as it said.
func (d *device) keep(e Event, expiration string) {
	d.kept, d.keptUntil = &e, time.Time{}
	if expiration == "" {
		return
	}
	if seconds, _ := strconv.ParseInt(expiration, 10, 64); seconds == 0 {
		d.kept = nil
	} else {
		d.keptUntil = time.Unix(seconds, 0)
	}
}

// device returns what is known of a token. s.mu is held.
func (s *Server) device(token string) *device {
	d := s.devices[token]
	if d == nil {
		d = &device{}
		s.devices[token] = d
	}
	return d
}

// kill makes a token dead. s.mu is held.
func (s *Server) kill(token, reason string) {
	d := s.device(token)
	if d.dead.IsZero() {
		d.dead, d.reason, d.kept = s.now(), reason, nil
		s.tell(Event{Event: "gone", Token: token, At: stamp(d.dead)})
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func (s *Server) note(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Answers[answer]++
}

// answer answers with the status of the reason; "" is good.
func (s *Server) answer(w http.ResponseWriter, reason string, since time.Time) {
	if reason == "" {
		s.note("200")
		return
	}
	s.note(reason)
	body := struct {
		Reason    string `json:"reason"`
		Timestamp int64  `json:"timestamp,omitempty"`
	}{Reason: reason}
	status := statuses[reason]
	if status == http.StatusGone {
		body.Timestamp = since.UnixMilli()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who hung up misses it
}

// count answers what came so far.
func (s *Server) count(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.Counts())
}
