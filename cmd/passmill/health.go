package main

import (
	"encoding/json"
	"net/http"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
)

// A health is the answer of /healthz: its names are an interface.
type health struct {
	Status       string         `json:"status"` // ok, expiring, expired, or down
	Certificates []expiryHealth `json:"certificates,omitempty"`
}

// An expiryHealth is a certificate that expires soon, or has expired.
type expiryHealth struct {
	Name     string    `json:"name,omitempty"`
	BaseName string    `json:"baseName"`
	Tenant   string    `json:"tenant,omitempty"`
	Kind     sign.Kind `json:"kind"`
	Expires  time.Time `json:"expires"`
	DaysLeft int       `json:"daysLeft"`
}

// healthz says whether the ledger answers, and which certificates expire soon. That
// one does is no reason to restart the server, so the status of HTTP is 200.
func (s *serving) healthz(ring *keyring.Ring) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list, err := watched(r.Context(), ring)
		if err != nil {
			s.log.ErrorContext(r.Context(), "ledger did not answer", "err", err)
			writeJSON(w, http.StatusServiceUnavailable, health{Status: "down"})
			return
		}
		writeJSON(w, http.StatusOK, healthOf(list, s.now()))
	})
}

func healthOf(list []keyring.Listed, now time.Time) health {
	h := health{Status: "ok"}
	for _, l := range list {
		days := l.DaysLeft(now)
		if days > soon {
			continue
		}
		switch {
		case days < 0:
			h.Status = "expired"
		case h.Status == "ok":
			h.Status = "expiring"
		}
		h.Certificates = append(h.Certificates, expiryHealth{l.Name, l.BaseName, l.Tenant, l.Kind, l.Active().NotAfter.UTC(), days})
	}
	return h
}

// readyz says whether requests should be sent here.
func (s *serving) readyz() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := s.db.SealingKey(r.Context())
		switch {
		case s.stopping.Load():
			writeJSON(w, http.StatusServiceUnavailable, health{Status: "stopping"})
		case err != nil:
			s.log.ErrorContext(r.Context(), "ledger did not answer", "err", err)
			writeJSON(w, http.StatusServiceUnavailable, health{Status: "down"})
		default:
			writeJSON(w, http.StatusOK, health{Status: "ready"})
		}
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic("passmill: an answer that is no JSON: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // that the client went away is no error of ours
}
