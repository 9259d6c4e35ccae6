package pretend

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// maxPayload is the largest payload that Apple's server takes.
const maxPayload = 4096

var deviceToken = regexp.MustCompile(`^[0-9a-f]{8,200}$`)

// pushTypes are those that Apple's documentation lists.
var pushTypes = []string{"alert", "background", "complication", "controls", "fileprovider", "liveactivity", "location", "mdm", "pushtotalk", "voip", "widgets"}

// normal is how a token is written.
func normal(token string) string { return strings.ToLower(token) }

// judge returns the reason why a request is refused before anybody looks at the
// device; "" if it is fine.
func (s *Server) judge(r *http.Request) string {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	topic := r.Header.Get("apns-topic")
	for _, name := range []string{"apns-topic", "apns-priority", "apns-push-type", "apns-expiration", "apns-id", "apns-collapse-id"} {
		if len(r.Header.Values(name)) > 1 {
			return "DuplicateHeaders"
		}
	}
	switch {
	case err != nil:
		return "IdleTimeout"
	case len(body) == 0:
		return "PayloadEmpty"
	case len(body) > maxPayload:
		return "PayloadTooLarge"
	case topic == "":
		return "MissingTopic"
	case !deviceToken.MatchString(normal(r.PathValue("token"))):
		return "BadDeviceToken"
	}
	if reason := headers(r.Header); reason != "" {
		return reason
	}
	return s.sender(r, topic)
}

// headers judges the headers that say how to deliver.
func headers(h http.Header) string {
	kind, priority := h.Get("apns-push-type"), h.Get("apns-priority")
	if kind != "" && !slices.Contains(pushTypes, kind) {
		return "InvalidPushType"
	}
	if priority != "" && !slices.Contains([]string{"1", "5", "10"}, priority) || kind == "background" && priority != "5" {
		return "BadPriority"
	}
	if text := h.Get("apns-expiration"); text != "" {
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return "BadExpirationDate"
		}
	}
	return ""
}

// sender judges who pushes: by provider token, or by certificate.
func (s *Server) sender(r *http.Request, topic string) string {
	if bearer, found := strings.CutPrefix(r.Header.Get("authorization"), "bearer "); found {
		return s.provider(bearer)
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return "MissingProviderToken"
	}
	cert := r.TLS.PeerCertificates[0]
	now := s.now()
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) || !s.knows(r.TLS.PeerCertificates) {
		return "BadCertificate"
	}
	if topicOf(cert) != topic {
		return "TopicDisallowed"
	}
	return ""
}

// knows reports whether the certificate is from an authority that the server knows;
// if it was told of none, it knows all.
func (s *Server) knows(chain []*x509.Certificate) bool {
	if s.options.ClientRoots == nil {
		return true
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	leaf := *chain[0]
	leaf.UnhandledCriticalExtensions = nil // Apple marks its own so
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: s.options.ClientRoots, Intermediates: between, CurrentTime: s.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}

// topicOf is the user id in the subject, where Apple writes the topic.
func topicOf(c *x509.Certificate) string {
	userID := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	for _, n := range c.Subject.Names {
		if text, ok := n.Value.(string); ok && n.Type.Equal(userID) {
			return text
		}
	}
	return ""
}

// provider judges a provider token: at most an hour old, and not another one every
// few minutes.
func (s *Server) provider(bearer string) string {
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithoutClaimsValidation())
	token, err := parser.ParseWithClaims(bearer, &claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		if key := s.options.Keys[id]; key != nil {
			return key, nil
		}
		return nil, errors.New("a key that the server doesn't know")
	})
	if err != nil || !token.Valid || claims.Issuer == "" || claims.IssuedAt == nil {
		return "InvalidProviderToken"
	}
	age := s.now().Sub(claims.IssuedAt.Time)
	if age > time.Hour || age < -time.Minute {
		return "ExpiredProviderToken"
	}
	return s.changes(bearer, claims.Issuer)
}

// changes refuses a provider token that replaces another too soon.
func (s *Server) changes(bearer, team string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.providers[team]
	if last.token != bearer {
		if !last.since.IsZero() && s.now().Sub(last.since) < 20*time.Minute {
			return "TooManyProviderTokenUpdates"
		}
		s.providers[team] = provider{token: bearer, since: s.now()}
		s.counts.ProviderTokens++
	}
	return ""
}

// A provider is the token that a team used last.
type provider struct {
	token string
	since time.Time
}

// Keys are the public keys of teams, by their ids.
type Keys map[string]*ecdsa.PublicKey
