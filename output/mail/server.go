package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"passmill/sign/secret"
)

// implicitPort is the port on which TLS begins with the connection (RFC 8314).
const implicitPort = "465"

// A Server is where mails are handed in. It is safe for concurrent use; a [Line] to
// it is not.
type Server struct {
	Address  string      // host:port; on port 465 TLS begins at once, elsewhere by STARTTLS
	User     string      // empty if the server wants none
	Password secret.Text // of User
	Plain    bool        // no TLS, which only this machine's own server may do without
	Roots    *x509.CertPool
	Timeout  time.Duration // for each answer; 0 means a minute
	DKIM     *DKIM         // signs each mail; nil if none is signed

	// Dial connects to the server; nil means by TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Check says what is wrong with the settings, without connecting.
func (s *Server) Check() error {
	host, port, err := net.SplitHostPort(s.Address)
	switch {
	case err != nil || host == "" || port == "":
		return fmt.Errorf("mail server %q: write it as host:port, like smtp.example.com:465 or smtp.example.com:587", s.Address)
	case s.Plain && !loopback(host):
		return fmt.Errorf("mail server %s: only a server on this machine can do without TLS (tls: none)", s.Address)
	case s.Plain && s.User != "":
		return fmt.Errorf("mail server %s: a user's password needs TLS: leave out tls: none, or the user", s.Address)
	}
	return nil
}

// loopback reports whether a host is this machine, without asking anybody.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (s *Server) timeout() time.Duration { return cmp.Or(s.Timeout, time.Minute) }

// session is a connection that is ready for a mail.
type session struct {
	*smtp.Client
	conn net.Conn // the one that was dialled
	wait time.Duration
}

// extend gives the server time for its next answer.
func (c *session) extend() error { return c.conn.SetDeadline(time.Now().Add(c.wait)) }

// connect dials, encrypts and signs in. The session ends with ctx.
func (s *Server) connect(ctx context.Context) (_ *session, err error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(s.Address)
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: s.timeout()}).DialContext
	}
	conn, err := dial(ctx, "tcp", s.Address)
	if err != nil {
		return nil, err
	}
	c := &session{conn: conn, wait: s.timeout()}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := c.extend(); err != nil {
		return nil, err
	}
	if err := c.greet(ctx, s, host, port == implicitPort); err != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	return c, s.signIn(c, host)
}

// greet gets an encrypted connection to where the server knows us.
func (c *session) greet(ctx context.Context, s *Server, host string, implicit bool) (err error) {
	conf := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	conn := c.conn
	if implicit && !s.Plain {
		encrypted := tls.Client(conn, conf)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("TLS: %w", err)
		}
		conn = encrypted
	}
	if c.Client, err = smtp.NewClient(conn, host); err != nil {
		return err
	}
	if err := c.Hello(name()); err != nil {
		return err
	}
	if implicit || s.Plain {
		return nil
	}
	if offered, _ := c.Extension("STARTTLS"); !offered {
		return errors.New("TLS: the server offers no STARTTLS, and nothing is sent in the clear: " +
			"use its port for TLS, often 465 or 587")
	}
	if err := c.StartTLS(conf); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	return nil
}

// name is what this machine calls itself to the server.
func name() string {
	host, err := os.Hostname()
	if err != nil || !domain(host) {
		return "localhost"
	}
	return host
}

// signIn proves who the user is, in the strongest way that the server offers.
func (s *Server) signIn(c *session, host string) error {
	if s.User == "" {
		return nil
	}
	_, offered := c.Extension("AUTH")
	ways := strings.Fields(offered)
	var auth smtp.Auth
	for _, way := range ways {
		switch way {
		case "SCRAM-SHA-256":
			auth = smtp.ScramSHA256Auth(s.User, s.Password.Reveal())
		case "PLAIN":
			if auth == nil {
				auth = smtp.PlainAuth("", s.User, s.Password.Reveal(), host, false)
			}
		}
	}
	if auth == nil && strings.Contains(offered, "LOGIN") {
		auth = smtp.LoginAuth(s.User, s.Password.Reveal(), host, false)
	}
	if auth == nil {
		return fmt.Errorf("the server offers none of SCRAM-SHA-256, PLAIN and LOGIN to sign in as user %q", s.User)
	}
	if err := c.Auth(auth); err != nil {
		return fmt.Errorf("sign in as user %q: %w", s.User, err)
	}
	return nil
}
