// Package webhook posts events to an address that somebody named: JSON, signed, in
// the form of Standard Webhooks (https://www.standardwebhooks.com), which there are
// libraries for.
//
// An event keeps its id however often it is posted, so that a receiver can tell that
// it has it. Addresses are https, or http on this very machine. An answer that sends
// elsewhere is an error: what is signed for one goes to no other.
//
// The package knows addresses, signatures and answers. It does not know what an event
// is about, or when to try again.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"passmill/sign/secret"
)

// postTime is how long a receiver may take.
const postTime = 15 * time.Second

// minSecret is the shortest secret that is taken, in bytes.
const minSecret = 16

// A Hook is an address that events are posted to. It is safe for concurrent use.
type Hook struct {
	URL    string
	Secret secret.Text // that signs; text, or whsec_ and base64
	Agent  string      // who posts, for the header User-Agent
	Client *http.Client
}

// An Event is what is posted.
type Event struct {
	ID   string // of letters, digits, - and _
	Body []byte // JSON
}

// Check says everything that is wrong with the address and the secret, and quotes
// neither: both open something.
func (h *Hook) Check() error {
	var errs []error
	u, err := url.Parse(h.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		errs = append(errs, errors.New("url: is no address; write it like https://example.com/hooks/passmill"))
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		errs = append(errs, errors.New("url: must begin with https://, or with http:// and be on this machine"))
	}
	key, err := h.key()
	if err == nil && len(key) < minSecret {
		err = fmt.Errorf("is shorter than %d bytes; make one with: openssl rand -base64 32", minSecret)
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("secret: %w", err))
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// key returns what the secret stands for.
func (h *Hook) key() ([]byte, error) {
	text, encoded := strings.CutPrefix(h.Secret.Reveal(), "whsec_")
	if !encoded {
		return []byte(text), nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("begins with whsec_, and what follows is no base64")
	}
	return key, nil
}

// Post posts an event. It has arrived if there is no error; else it may have.
func (h *Hook) Post(ctx context.Context, e Event, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	key, err := h.key()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(e.Body))
	if err != nil {
		return errors.New("the address can't be used")
	}
	at := strconv.FormatInt(now.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", h.Agent)
	r.Header.Set("Webhook-Id", e.ID)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", signature(key, e.ID, at, e.Body))
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if h.Client != nil {
		client.Transport = h.Client.Transport
	}
	res, err := client.Do(r)
	if err != nil {
		return bare(err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("was answered with status %d", res.StatusCode)
	}
	return nil
}

// signature signs what is posted, as Standard Webhooks says.
func signature(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// bare takes the address out of an error: it may open something.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
