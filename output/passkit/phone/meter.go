package phone

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Meter takes the time of the exchanges with web services. It is an
// [http.RoundTripper] around another one, and safe for concurrent use.
type Meter struct {
	Base http.RoundTripper

	mu    sync.Mutex
	times map[exchangeKind][]time.Duration // guarded by mu
}

// An exchangeKind is a call of the protocol, and the status that was answered; 0
// if there was no answer.
type exchangeKind struct {
	call string
	code int
}

// Measured is what a kind of exchange took.
type Measured struct {
	Call     string // register, list, fetch, unregister or log
	Code     int    // HTTP status; 0 where no answer came
	Count    int
	P50, P99 time.Duration
}

// RoundTrip implements [http.RoundTripper]. The time is that until the answer begins.
func (m *Meter) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	res, err := m.Base.RoundTrip(r)
	took := time.Since(start)
	kind := exchangeKind{call: CallOf(r)}
	if err == nil {
		kind.code = res.StatusCode
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.times == nil {
		m.times = map[exchangeKind][]time.Duration{}
	}
	m.times[kind] = append(m.times[kind], took)
	return res, err
}

// CallOf names a call of the protocol: "register", "list", "fetch", "unregister", "log".
func CallOf(r *http.Request) string {
	switch {
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/v1/log"):
		return "log"
	case r.Method == http.MethodPost:
		return "register"
	case r.Method == http.MethodDelete:
		return "unregister"
	case strings.Contains(r.URL.Path, "/registrations/"):
		return "list"
	}
	return "fetch"
}

// Measured returns what was measured so far, by call and status.
func (m *Meter) Measured() (all []Measured) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for kind, times := range m.times {
		slices.Sort(times)
		all = append(all, Measured{kind.call, kind.code, len(times), times[len(times)/2], times[len(times)*99/100]})
	}
	order := []string{"register", "list", "fetch", "unregister", "log"}
	slices.SortFunc(all, func(a, b Measured) int {
		if n := slices.Index(order, a.Call) - slices.Index(order, b.Call); n != 0 {
			return n
		}
		return a.Code - b.Code
	})
	return all
}
