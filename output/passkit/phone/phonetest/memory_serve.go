package phonetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP is the memory's own web service.
func (m *Memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, path, _ := strings.Cut(r.URL.Path, "/wallet/v1/")
	parts := strings.Split(path, "/")
	switch {
	case r.Method == http.MethodPost && path == "log":
	case r.Method == http.MethodGet && len(parts) == 3 && parts[0] == "passes":
		m.serveFetch(w, r, parts[1], parts[2])
	case r.Method == http.MethodGet && len(parts) == 4 && parts[0] == "devices":
		m.serveList(w, r, subscriptionKey{parts[1], parts[3]})
	case len(parts) == 5 && parts[0] == "devices":
		m.serveRegistration(w, r, subscriptionKey{parts[1], parts[3]}, parts[4])
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// authorized returns the pass that a request names and knows the token of.
func (m *Memory) authorized(w http.ResponseWriter, r *http.Request, typeID, serial string) (int, bool) {
	pass := m.passOf(typeID, serial)
	if pass < 0 || r.Header.Get("Authorization") != "ApplePass "+tokenOf(pass) {
		w.WriteHeader(http.StatusUnauthorized)
		return 0, false
	}
	return pass, true
}

func (m *Memory) serveRegistration(w http.ResponseWriter, r *http.Request, key subscriptionKey, serial string) {
	pass, ok := m.authorized(w, r, key.typeID, serial)
	if !ok {
		return
	}
	m.between()
	if r.Method == http.MethodDelete {
		m.Unregister(key.library, key.typeID, pass)
		return
	}
	var body struct{ PushToken string }
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if m.Register(key.library, key.typeID, pass, body.PushToken) {
		w.WriteHeader(http.StatusCreated)
	}
}

// Register notes that a device holds a pass, and how it is pushed to.
func (m *Memory) Register(library, typeID string, pass int, token string) (created bool) {
	key := subscriptionKey{library, typeID}
	s := m.data.subs[key]
	if s == nil {
		s = &subscription{token: token}
		m.data.subs[key] = s
		m.data.devices = append(m.data.devices, key)
	}
	if m.Fault != OldToken {
		s.token = token
	}
	reg := registrationKey{key, pass}
	_, known := m.data.regs[reg]
	m.await()
	m.data.number++
	m.data.drawn = max(m.data.drawn, m.data.number)
	m.data.regs[reg] = m.data.number
	// The phone may hold an older version, or have missed what was pushed to its
	// old token.
	s.wanted, s.tries, s.due = m.data.number, 0, m.now
	return !known
}

// Unregister notes that a device holds a pass no longer.
func (m *Memory) Unregister(library, typeID string, pass int) {
	delete(m.data.regs, registrationKey{subscriptionKey{library, typeID}, pass})
}

func (m *Memory) serveList(w http.ResponseWriter, r *http.Request, key subscriptionKey) {
	m.between()
	serials, tag := m.List(key.library, key.typeID, r.FormValue("passesUpdatedSince"))
	if len(serials) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"serialNumbers": serials, "lastUpdated": tag})
}

// List returns which passes of a device changed since a tag, or were registered since
// then: of those the phone may hold an older version.
func (m *Memory) List(library, typeID, since string) (serials []string, tag string) {
	key := subscriptionKey{library, typeID}
	s := m.data.subs[key]
	if s == nil {
		return nil, since
	}
	number, newest := m.parse(since), 0
	for pass := range m.data.passes {
		at, registered := m.data.regs[registrationKey{key, pass}]
		if stamp := m.stamp(pass, at); registered && (stamp > number || m.Fault == AtLeast && stamp == number) {
			serials = append(serials, serialOf(pass))
			newest = max(newest, stamp)
		}
	}
	if m.Fault == NewestOnly {
		serials = m.only(serials, newest)
	}
	if m.Fault == TwoReads {
		m.work(6) // serial numbers and tag are of two moments
	}
	m.Told(library, typeID, m.data.number)
	switch m.Fault {
	case WholeSeconds, NewestOnly, AtLeast:
		return serials, strconv.Itoa(newest)
	}
	return serials, fmt.Sprintf("%d.%d", m.epoch, m.data.number)
}

// Told notes up to which number a device was told.
func (m *Memory) Told(library, typeID string, number int) {
	s := m.data.subs[subscriptionKey{library, typeID}]
	if s == nil {
		return
	}
	s.told = max(s.told, number)
	if s.told >= s.wanted {
		s.due = time.Time{}
	}
}

// parse reads a tag. One of another epoch, or none, is from before everything.
func (m *Memory) parse(tag string) (number int) {
	var epoch int
	if n, err := strconv.Atoi(tag); err == nil {
		return n
	}
	if _, err := fmt.Sscanf(tag, "%d.%d", &epoch, &number); err != nil || epoch != m.epoch {
		return 0
	}
	return number
}

// stamp is what tags are compared with: of a pass and its registration, the later.
func (m *Memory) stamp(pass, registered int) int {
	p := &m.data.passes[pass]
	switch m.Fault {
	case WholeSeconds, NewestOnly:
		return int(p.touched)
	case Unlisted:
		return p.change
	}
	return max(p.change, registered)
}

// only leaves those with the newest stamp.
func (m *Memory) only(serials []string, newest int) (left []string) {
	for _, serial := range serials {
		n, _ := strconv.Atoi(serial[2:])
		if m.stamp(n, 0) == newest {
			left = append(left, serial)
		}
	}
	return left
}

func (m *Memory) serveFetch(w http.ResponseWriter, r *http.Request, typeID, serial string) {
	pass, ok := m.authorized(w, r, typeID, serial)
	if !ok {
		return
	}
	m.between()
	p := m.data.passes[pass]
	modified := time.Unix(p.modified, 0).UTC()
	if m.unmodified(r.Header.Get("If-Modified-Since"), modified) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Last-Modified", modified.Format(http.TimeFormat))
	_, _ = w.Write(m.file(pass))
}

// unmodified reports whether a phone has this very version. A time that is later is
// of one that a restored backup has never seen.
func (m *Memory) unmodified(since string, modified time.Time) bool {
	t, err := http.ParseTime(since)
	switch m.Fault {
	case HeaderAsNumber:
		seconds, err := strconv.ParseInt(since, 10, 64)
		return err == nil && seconds >= modified.Unix()
	case LaterIsSame:
		return err == nil && !modified.After(t)
	}
	return err == nil && modified.Equal(t)
}
