package certapi

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"time"

	"passmill/jobs/caller"
	"passmill/sign"
	"passmill/sign/secret"
)

// usedStep is how exactly it is noted when a key was used: noting it costs a
// write.
const usedStep = time.Hour

// authenticate returns the API key that a request shows, with its secret. Wrong
// ones are counted by address, and an address that tries too many is not heard
// for a while, whatever it shows.
func (s *server) authenticate(w http.ResponseWriter, r *http.Request) (sign.APIKey, secret.Text, error) {
	from := caller.Origin(r, s.Proxies)
	if wait := s.guesses.Wait(from); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return sign.APIKey{}, secret.Text{}, problem(http.StatusTooManyRequests, "too many wrong API keys came from your address: try again later")
	}
	name, password, given := r.BasicAuth()
	if !given {
		return s.unauthorized(w, "HTTP basic authentication is needed: the name of an API key and the key")
	}
	shown := secret.New(password)
	key, err := s.Keys.APIKey(r.Context(), name)
	if err != nil && !errors.Is(err, sign.ErrNoEntry) {
		return sign.APIKey{}, secret.Text{}, err
	}
	if subtle.ConstantTimeCompare(key.Hash, sign.HashAPIKey(shown)) != 1 {
		s.guesses.Add(from)
		return s.unauthorized(w, "this is no API key: passmill key list shows the names of those there are, and passmill key add makes one")
	}
	s.noteUse(r.Context(), key)
	return key, shown, nil
}

func (s *server) unauthorized(w http.ResponseWriter, detail string) (sign.APIKey, secret.Text, error) {
	w.Header().Set("WWW-Authenticate", `Basic realm="passmill", charset="UTF-8"`)
	return sign.APIKey{}, secret.Text{}, problem(http.StatusUnauthorized, "%s", detail)
}

// noteUse notes that a key was used. A request does not fail because that can't
// be written.
func (s *server) noteUse(ctx context.Context, key sign.APIKey) {
	at := s.Now().UTC().Truncate(usedStep)
	if !at.After(key.Used) {
		return
	}
	if err := s.Keys.APIKeyUsed(ctx, key.ID, at); err != nil {
		s.Log.WarnContext(ctx, "use of an API key not noted", "key", key.Name, "err", err)
	}
}
