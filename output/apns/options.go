package apns

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Server is Apple's push server. There is no other for passes: their tokens are
// unknown to the one for apps under development.
const Server = "https://api.push.apple.com"

// MaxConnections is how many connections a client may keep open.
const MaxConnections = 4

// Options are what a client is made of. Topic, and Certificate or Tokens, are needed.
type Options struct {
	Topic       string           // the pass type identifier
	Certificate *tls.Certificate // with which its passes are signed …
	Tokens      *Tokens          // … or what pushes in its stead
	Server      string           // "" means [Server]
	Roots       *x509.CertPool   // who vouches for the server; nil means the system's
	Connections int              // to keep open; 0 means 2, at most [MaxConnections]
	Timeout     time.Duration    // for the answer to a push; 0 means 15 seconds
	Now         func() time.Time // nil means time.Now
}

// New returns a client. It connects when there is something to push.
func New(o Options) (*Client, error) {
	o.Server = cmp.Or(o.Server, Server)
	if err := CheckServer(o.Server); err != nil {
		return nil, err
	}
	base, err := url.Parse(o.Server)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Topic == "":
		return nil, errors.New("pushes need a pass type identifier as their topic")
	case (o.Certificate == nil) == (o.Tokens == nil):
		return nil, errors.New("pushes need a certificate or provider tokens, and not both")
	case o.Connections < 0 || o.Connections > MaxConnections:
		return nil, fmt.Errorf("%d connections to the push server: keep at most %d open", o.Connections, MaxConnections)
	}
	c := &Client{
		topic: o.Topic, tokens: o.Tokens, base: url.URL{Scheme: "https", Host: base.Host}, now: o.Now,
		timeout: cmp.Or(o.Timeout, 15*time.Second),
	}
	if c.now == nil {
		c.now = time.Now
	}
	if err := c.identify(o); err != nil {
		return nil, err
	}
	address := net.JoinHostPort(base.Hostname(), cmp.Or(base.Port(), "443"))
	c.pool = newPool(cmp.Or(o.Connections, 2), c.now, func(ctx context.Context) (*http.ClientConn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTime)
		defer cancel()
		return c.transport.NewClientConn(ctx, "https", address)
	})
	return c, nil
}

// CheckServer says what is wrong with the address of a push server.
func CheckServer(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("push server %q: write it as https://host or https://host:port", address)
	}
	if strings.HasSuffix(u.Hostname(), "sandbox.push.apple.com") || u.Hostname() == "api.development.push.apple.com" {
		return fmt.Errorf("push server %s: tokens of passes are unknown there, and all would be called bad; Apple's server for passes is %s", u.Host, Server)
	}
	return nil
}

// identify takes in what the client proves itself with.
func (c *Client) identify(o Options) error {
	config := &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	if o.Tokens != nil {
		c.name = "key " + o.Tokens.KeyID
	} else {
		if len(o.Certificate.Certificate) == 0 {
			return errors.New("the certificate for pushes is empty")
		}
		leaf, err := x509.ParseCertificate(o.Certificate.Certificate[0])
		if err != nil {
			return fmt.Errorf("certificate for pushes: %w", err)
		}
		sum := sha256.Sum256(leaf.Raw)
		c.name, c.notAfter = "certificate "+hex.EncodeToString(sum[:6]), leaf.NotAfter
		// Given to whoever asks: the list of authorities that a server names is no
		// reason to come without, which would be taken for something else.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return o.Certificate, nil }
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	c.transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, Protocols: &protocols, TLSHandshakeTimeout: dialTime, DisableCompression: true,
		DialContext: (&net.Dialer{Timeout: dialTime, KeepAlive: pingPause}).DialContext,
		HTTP2:       &http.HTTP2Config{SendPingTimeout: pingPause, PingTimeout: pingTime},
	}
	return nil
}
