package passkit

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"passmill/jobs"
	"passmill/jobs/caller"
)

// admit returns the version of the pass that the path names, if the request shows its
// token. One that doesn't, a pass that isn't there and one that has no token are
// answered alike, after the same work, so that nobody learns which passes there are.
//
// Who shows many wrong tokens is told to wait with those. Right ones are always taken:
// half a town of phones may share one address, and Apple's give up for good after a
// few refusals.
func (s *server) admit(w http.ResponseWriter, r *http.Request) (jobs.PassVersion, error) {
	typeID, serial := r.PathValue("type"), r.PathValue("serial")
	shown, given := shownToken(r.Header)
	if !given {
		return jobs.PassVersion{}, errUnauthorized
	}
	if !plausible(typeID) || !plausible(serial) {
		return jobs.PassVersion{}, s.refuse(w, r)
	}
	v, err := s.Store.Version(r.Context(), typeID, serial)
	if err != nil && !errors.Is(err, jobs.ErrNotFound) {
		return v, err
	}
	want, err := s.Maker.Token(r.Context(), max(v.Token, 1), typeID, serial)
	if err != nil && v.Token > 0 {
		return v, fmt.Errorf("token of a pass: %w", err)
	}
	if !sameToken(shown, want) || v.Token == 0 {
		return jobs.PassVersion{}, s.refuse(w, r)
	}
	return v, nil
}

// refuse counts a wrong token.
func (s *server) refuse(w http.ResponseWriter, r *http.Request) error {
	from := caller.Origin(r, s.Proxies)
	if err := wait(w, s.wrong, from); err != nil {
		return err
	}
	s.wrong.Add(from)
	return errUnauthorized
}

// shownToken returns the token of a request: after ApplePass, or after Bearer, as some
// older clients have it.
func shownToken(h http.Header) (token string, given bool) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "ApplePass") && !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// sameToken compares in a time that says nothing of where the two differ.
func sameToken(shown, want string) bool {
	a, b := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// plausible reports whether a part of a path can be the name of something.
func plausible(name string) bool {
	return name != "" && len(name) <= maxPath && utf8.ValidString(name) && !strings.ContainsRune(name, 0)
}

// wait refuses an address that has done something too often.
func wait(w http.ResponseWriter, c *caller.Counts, from netip.Addr) error {
	left := c.Wait(from)
	if left == 0 {
		return nil
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(left/time.Second)+1))
	return &refusal{http.StatusTooManyRequests, "too many requests of this kind came from your address: try again later"}
}
