package apns

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of each push and connection.
const (
	dialTime   = 20 * time.Second
	pingPause  = 15 * time.Second // of silence, before a connection is asked whether it lives
	pingTime   = 10 * time.Second
	streamTime = time.Minute // to wait for a free stream
	shelfLife  = 24 * time.Hour
	attempts   = 3
	maxAnswer  = 4 << 10
)

// A Client pushes to the devices of one pass type. It is safe for concurrent use.
type Client struct {
	topic     string
	name      string
	base      url.URL
	notAfter  time.Time // of the certificate; zero if there is none
	tokens    *Tokens
	timeout   time.Duration
	now       func() time.Time
	transport *http.Transport
	pool      *pool

	mu     sync.Mutex
	header http.Header // of all pushes of this minute and provider token; guarded by mu, never changed
	minute int64       // guarded by mu
	bearer string      // guarded by mu
}

// Name names what the client proves itself with, and changes when that does.
func (c *Client) Name() string { return c.name }

// Close closes the connections.
func (c *Client) Close() { c.pool.close() }

var deviceToken = regexp.MustCompile(`^[0-9A-Fa-f]{8,200}$`)

// Send pushes to a device and says what came of it. Where the connection failed and
// not the push, it tries twice more, on another connection if there is one.
func (c *Client) Send(ctx context.Context, token string) Answer {
	if !deviceToken.MatchString(token) { // or it would be part of an address
		return Answer{Verdict: Gone, Reason: "BadDeviceToken"}
	}
	if !c.notAfter.IsZero() && c.now().After(c.notAfter) {
		return halted(ReasonExpired, fmt.Errorf("the certificate was valid until %s", c.notAfter.UTC().Format(time.DateOnly)))
	}
	var avoid *link
	for n := 1; ; n++ {
		a, l := c.try(ctx, token, avoid)
		if l == nil || n == attempts || ctx.Err() != nil {
			return a
		}
		avoid = l
	}
}

// try pushes once. It returns the link if that failed.
func (c *Client) try(ctx context.Context, token string, avoid *link) (Answer, *link) {
	header, err := c.headers()
	if err != nil {
		return halted(ReasonKey, err), nil
	}
	waiting, cancel := context.WithTimeout(ctx, streamTime)
	l, err := c.pool.acquire(waiting, avoid)
	cancel()
	if err != nil {
		return c.unreached(ctx, err), nil
	}
	began := c.now()
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	status, body, err := c.post(limited, l, token, header)
	switch {
	case err == nil:
		c.pool.answer(l)
		return read(status, body), nil
	case ctx.Err() != nil:
		c.pool.release(l)
		return later(ReasonStopped, ctx.Err()), nil
	}
	c.pool.fail(l, began, err)
	if a := refusal(err); a != nil {
		return *a, nil
	}
	if limited.Err() != nil {
		return later(ReasonTimeout, fmt.Errorf("no answer within %s", c.timeout)), l
	}
	return later(ReasonConnection, err), l
}

// post sends the request and reads the answer.
func (c *Client) post(ctx context.Context, l *link, token string, header http.Header) (status int, body []byte, err error) {
	address := c.base
	address.Path = "/3/device/" + token
	r := (&http.Request{
		Method: http.MethodPost, URL: &address, Host: address.Host, Header: header,
		ContentLength: int64(len(payload)), Body: io.NopCloser(strings.NewReader(payload)),
	}).WithContext(ctx)
	res, err := l.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	if res.StatusCode != http.StatusOK {
		body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	}
	return res.StatusCode, body, errors.Join(err, res.Body.Close())
}

// payload is that of all pushes for passes.
const payload = "{}"

// headers returns the headers of a push, which are the same for a minute.
func (c *Client) headers() (http.Header, error) {
	var bearer string
	if c.tokens != nil {
		var err error
		if bearer, err = c.tokens.Bearer(); err != nil {
			return nil, err
		}
	}
	minute := c.now().Unix() / 60
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.header == nil || c.minute != minute || c.bearer != bearer {
		h := http.Header{}
		h.Set("apns-topic", c.topic)
		h.Set("apns-push-type", "background")
		h.Set("apns-priority", "5")
		h.Set("apns-expiration", strconv.FormatInt(minute*60+int64(shelfLife.Seconds()), 10))
		if bearer != "" {
			h.Set("authorization", "bearer "+bearer)
		}
		c.header, c.minute, c.bearer = h, minute, bearer
	}
	return c.header, nil
}

// read understands an answer of Apple's.
func read(status int, body []byte) Answer {
	var said struct {
		Reason    string `json:"reason"`
		Timestamp int64  `json:"timestamp"`
	}
	if len(body) > 0 && json.Unmarshal(body, &said) != nil {
		said.Reason = "" // a proxy's page, perhaps
	}
	var since time.Time
	if said.Timestamp > 0 {
		since = time.UnixMilli(said.Timestamp)
	}
	return judge(status, said.Reason, since)
}

// unreached is the answer if there is no connection to push on.
func (c *Client) unreached(ctx context.Context, err error) Answer {
	if ctx.Err() != nil {
		return later(ReasonStopped, ctx.Err())
	}
	if a := refusal(err); a != nil {
		return *a
	}
	a := later(ReasonConnection, err)
	if u, ok := errors.AsType[unreachable](err); ok {
		a.After, a.All = max(u.until.Sub(c.now()), firstPause), true
	}
	return a
}

// refusal is the answer to a failed handshake: the server's certificate can't be
// verified, or it does not take ours. nil if it is something else.
func refusal(err error) *Answer {
	var unverified *tls.CertificateVerificationError
	var op *net.OpError
	if errors.As(err, &unverified) || errors.As(err, &op) && op.Op == "remote error" {
		a := halted(ReasonHandshake, err)
		return &a
	}
	return nil
}
