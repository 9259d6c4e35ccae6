package phonetest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"

	"passmill/output/passkit/phone"
)

// How often what the network carries is lost, in a thousand.
const (
	lostRequests = 20
	lostAnswers  = 20
	lostPushes   = 80
)

var errLost = errors.New("the connection broke")

// A network carries the requests of all phones to the handler, or loses them.
type network struct {
	rng     *rand.Rand
	handler func() http.Handler
	lossy   bool
	counts  *Counts
	kinds   map[string]int // exchanges by "list 200"
}

// RoundTrip implements [http.RoundTripper].
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.counts.Exchanges++
	if n.lossy && n.rng.IntN(1000) < lostRequests {
		n.counts.Lost++
		return nil, errLost
	}
	res := Carry(n.handler(), r)
	n.kinds[phone.CallOf(r)+" "+http.StatusText(res.StatusCode)]++
	if n.lossy && n.rng.IntN(1000) < lostAnswers {
		n.counts.Lost++
		return nil, errLost
	}
	return res, nil
}

// Carry carries a request to a handler, and returns the answer.
func Carry(h http.Handler, r *http.Request) *http.Response {
	w := recorder{header: http.Header{}}
	h.ServeHTTP(&w, r)
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: w.code, Header: w.header, Body: io.NopCloser(&w.body), Request: r,
		ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(w.body.Len()),
	}
}

// A recorder takes an answer down.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *recorder) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
}

// Write implements [http.ResponseWriter].
func (w *recorder) Write(data []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(data)
}
