package main

import (
	"net/http"
	"strconv"
)

// unmatched stands for the pattern of requests that no pattern fits.
const unmatched = "none"

// observe logs and counts each request by the pattern that it fits, which says what
// was asked for and nothing of whose it is: paths, queries and headers hold ids,
// keys, and what strangers like to write.
func (s *serving) observe(next http.Handler, m *meters) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := s.now()
		seen := &seenWriter{ResponseWriter: w}
		defer func() {
			// The mux writes the pattern into the request that it was given.
			pattern := r.Pattern
			if pattern == "" {
				pattern = unmatched
			}
			m.requests.WithLabelValues(pattern, strconv.Itoa(seen.code())).Inc()
			s.log.InfoContext(r.Context(), "request", "pattern", pattern, "method", knownMethod(r.Method), "status", seen.code(),
				"bytes", seen.bytes, "took_ms", s.now().Sub(begin).Milliseconds())
		}()
		next.ServeHTTP(seen, r)
		seen.whole = true
	})
}

// knownMethod returns the method, unless somebody made it up.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// A seenWriter sees the status and the size of an answer.
type seenWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	whole  bool // the handler has returned
}

// Unwrap lets [http.ResponseController] reach the writer.
func (w *seenWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the status.
func (w *seenWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes the size.
func (w *seenWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// code returns the status. A handler that has written nothing has answered 200, unless
// it has ended in a panic.
func (w *seenWriter) code() int {
	switch {
	case w.status != 0:
		return w.status
	case w.whole:
		return http.StatusOK
	}
	return http.StatusInternalServerError
}
