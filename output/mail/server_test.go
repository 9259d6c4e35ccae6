package mail_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"passmill/output/mail"
	"passmill/sign/secret"
)

var message = mail.Message{
	ID: "a.30@passmill.example.com", From: "passmill <passmill@example.com>", To: "wallet@example.com",
	Subject: "Zertifikat läuft ab", Text: "Hello,\n.\na line that begins with a full stop\n", Date: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
}

// A stage is where a scripted server does something else than to go on.
type stage string

const (
	greeting  stage = "greeting"
	hello     stage = "EHLO"
	sender    stage = "MAIL"
	recipient stage = "RCPT"
	data      stage = "DATA"
	body      stage = "body" // while the mail is written
	end       stage = "."
)

// A scripted server speaks SMTP, but for one stage, at which it says reply, if
// there is one, and then hangs up if it is told to.
type scripted struct {
	at     stage
	reply  string
	hangUp bool
	keep   bool // at the end, the mail is taken before anything else happens
	pipe   bool // without a network at all

	mu     sync.Mutex
	mails  []string // guarded by mu
	from   string   // of the last mail; read it after taken
	closed sync.WaitGroup
}

func (s *scripted) taken() []string {
	s.closed.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails
}

// dial connects to the server without a network.
func (s *scripted) dial(context.Context, string, string) (net.Conn, error) {
	if s.pipe {
		ours, theirs := net.Pipe()
		s.closed.Go(func() {
			defer theirs.Close()
			s.serve(theirs)
		})
		return ours, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.closed.Go(func() {
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		s.serve(conn)
	})
	return net.Dial("tcp", l.Addr().String())
}

func (s *scripted) serve(conn net.Conn) {
	say := func(at stage, usual string) bool {
		if at == s.at {
			usual = s.reply
		}
		if usual != "" {
			fmt.Fprintf(conn, "%s\r\n", usual)
		}
		return !(at == s.at && s.hangUp)
	}
	if !say(greeting, "220 ready") {
		return
	}
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb := stage(strings.ToUpper(line[:4]))
		switch verb {
		case data:
			if !say(data, "354 go on") || s.at == data {
				return
			}
			if s.at == body {
				io.ReadFull(lines, make([]byte, 10))
				say(body, "")
				return
			}
			if !s.body(lines, say) {
				return
			}
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			if verb == sender {
				s.from, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "MAIL FROM:<"), ">")
			}
			if !say(verb, "250 fine") {
				return
			}
		}
	}
}

func (s *scripted) body(lines *bufio.Reader, say func(stage, string) bool) bool {
	var mail strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		mail.WriteString(line)
	}
	if s.at != end || s.keep {
		s.mu.Lock()
		s.mails = append(s.mails, mail.String())
		s.mu.Unlock()
	}
	return say(end, "250 taken")
}

// TestOutcomes: whatever a server does, at whatever stage, the outcome is right:
// what it took is never "later", and what it can't have is never "in doubt".
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		server *scripted
		want   mail.Outcome
	}{
		{&scripted{}, mail.Sent},
		{&scripted{at: greeting, reply: "421 busy", hangUp: true}, mail.Later},
		{&scripted{at: greeting, reply: "554 go away", hangUp: true}, mail.Later},
		{&scripted{at: greeting, hangUp: true}, mail.Later},
		{&scripted{at: hello, hangUp: true}, mail.Later},
		{&scripted{at: sender, reply: "451 later"}, mail.Later},
		{&scripted{at: sender, reply: "550 not you"}, mail.Later},
		{&scripted{at: sender, hangUp: true}, mail.Later},
		{&scripted{at: recipient, reply: "450 later"}, mail.Later},
		{&scripted{at: recipient, reply: "550 unknown"}, mail.Refused},
		{&scripted{at: recipient, hangUp: true}, mail.Later},
		{&scripted{at: data, reply: "451 later"}, mail.Later},
		{&scripted{at: data, reply: "554 no"}, mail.Refused},
		{&scripted{at: data, hangUp: true}, mail.Later},
		{&scripted{at: body, reply: "421 shutting down", hangUp: true}, mail.Later},
		{&scripted{at: body, hangUp: true}, mail.Later},
		{&scripted{at: end, reply: "451 later"}, mail.Later},
		{&scripted{at: end, reply: "554 spam"}, mail.Refused},
		{&scripted{at: end, hangUp: true}, mail.InDoubt},
		{&scripted{at: end, hangUp: true, keep: true}, mail.InDoubt},
		{&scripted{at: end, reply: "250 taken", hangUp: true, keep: true}, mail.Sent},
	} {
		t.Run(fmt.Sprintf("%s %s %v", c.server.at, c.server.reply, c.server.hangUp), func(t *testing.T) {
			s := &mail.Server{Address: "localhost:25", Plain: true, Dial: c.server.dial, Timeout: 10 * time.Second}
			ended := 0
			got, err := s.Send(t.Context(), message, func() error { ended++; return nil })
			mails := c.server.taken()
			if got != c.want {
				t.Errorf("outcome %q, want %q (%v)", got, c.want, err)
			}
			if (err == nil) != (got == mail.Sent) {
				t.Errorf("outcome %q with error %v", got, err)
			}
			if len(mails) > 0 && (got == mail.Later || got == mail.Refused) {
				t.Errorf("%q, but the server has the mail", got)
			}
			if got == mail.InDoubt && ended != 1 {
				t.Error("in doubt, and nobody was asked before the end")
			}
			if c.server.at == body && ended != 0 {
				t.Error("the end was announced though the server had hung up")
			}
		})
	}
}

// TestEnding: if the caller can't write down that the end is near, the server
// gets no mail.
func TestEnding(t *testing.T) {
	var server scripted
	s := &mail.Server{Address: "localhost:25", Plain: true, Dial: server.dial}
	full := errors.New("disk full")
	got, err := s.Send(t.Context(), message, func() error { return full })
	if mails := server.taken(); got != mail.Later || !errors.Is(err, full) || len(mails) != 0 {
		t.Errorf("outcome %q (%v), %d mails; want later, and none", got, err, len(mails))
	}
}

// TestCancelled: a context that ends before the end of the mail means later, not
// doubt.
func TestCancelled(t *testing.T) {
	server := scripted{at: sender} // which is never answered
	s := &mail.Server{Address: "localhost:25", Plain: true, Dial: server.dial}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	got, err := s.Send(ctx, message, nil)
	if got != mail.Later || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("outcome %q (%v), want later", got, err)
	}
	server.taken()
}

// inbox is the back end of a go-smtp server.
type inbox struct {
	mu    sync.Mutex
	mails []received // guarded by mu
}

type received struct {
	from, to, user, text string
	encrypted            bool
}

func (b *inbox) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, encrypted := c.TLSConnectionState()
	return &visit{inbox: b, received: received{encrypted: encrypted}}, nil
}

type visit struct {
	inbox *inbox
	received
}

func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "operator" || password != "s3cret-of-mail" {
			return smtp.ErrAuthFailed
		}
		v.user = user
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error { v.from = from; return nil }
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error   { v.to = to; return nil }
func (v *visit) Reset()                                      {}
func (v *visit) Logout() error                               { return nil }

func (v *visit) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	v.text = string(text)
	v.inbox.mu.Lock()
	defer v.inbox.mu.Unlock()
	v.inbox.mails = append(v.inbox.mails, v.received)
	return err
}

func (b *inbox) all() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mails
}

// certificate returns a certificate for a name, and a pool that trusts it.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// listen starts a go-smtp server. implicit means TLS from the first byte.
func listen(t *testing.T, b *inbox, cert *tls.Certificate, implicit bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(b)
	server.ErrorLog = log.New(t.Output(), "", 0)
	if cert != nil {
		conf := &tls.Config{Certificates: []tls.Certificate{*cert}}
		if implicit {
			l = tls.NewListener(l, conf)
		} else {
			server.TLSConfig = conf
		}
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

// to dials an address in the place of any other.
func to(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// TestTLS: mails and passwords go over connections that are encrypted and
// verified, and over no others.
func TestTLS(t *testing.T) {
	good, roots := certificate(t, "smtp.example.com")
	other, _ := certificate(t, "smtp.example.com")
	wrongName, wrongRoots := certificate(t, "evil.example.com")
	for _, c := range []struct {
		name string
		port string
		cert *tls.Certificate
		pool *x509.CertPool
		want mail.Outcome
	}{
		{"starttls", "587", &good, roots, mail.Sent},
		{"implicit", "465", &good, roots, mail.Sent},
		{"starttls is not offered", "587", nil, roots, mail.Later},
		{"implicit is not spoken", "465", nil, roots, mail.Later},
		{"starttls, another authority", "587", &other, roots, mail.Later},
		{"implicit, another authority", "465", &other, roots, mail.Later},
		{"starttls, another name", "587", &wrongName, wrongRoots, mail.Later},
		{"implicit, another name", "465", &wrongName, wrongRoots, mail.Later},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b inbox
			address := listen(t, &b, c.cert, c.port == "465" && c.cert != nil)
			var wire recorder
			s := &mail.Server{
				Address: "smtp.example.com:" + c.port, User: "operator", Password: secret.New("s3cret-of-mail"),
				Roots: c.pool, Timeout: 2 * time.Second, Dial: wire.around(to(address)),
			}
			got, err := s.Send(t.Context(), message, nil)
			if got != c.want {
				t.Fatalf("outcome %q, want %q (%v)", got, c.want, err)
			}
			mails := b.all()
			if got != mail.Sent && len(mails) > 0 {
				t.Error("a mail arrived all the same")
			}
			if got == mail.Sent && (len(mails) != 1 || !mails[0].encrypted && c.port != "465" || mails[0].user != "operator") {
				t.Errorf("arrived: %+v", mails)
			}
			for _, word := range []string{"wallet@", "s3cret-of-mail", "AHM", "AUTH PLAIN"} {
				if strings.Contains(wire.String(), word) {
					t.Errorf("%q went over the wire in the clear", word)
				}
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// TestPassword: a password that is refused means later, since it can be mended,
// and the error does not tell it.
func TestPassword(t *testing.T) {
	cert, roots := certificate(t, "smtp.example.com")
	var b inbox
	s := &mail.Server{
		Address: "smtp.example.com:587", User: "operator", Password: secret.New("wr0ng-one"), Roots: roots,
		Dial: to(listen(t, &b, &cert, false)),
	}
	got, err := s.Send(t.Context(), message, nil)
	if got != mail.Later || !strings.Contains(fmt.Sprint(err), `sign in as user "operator"`) || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("outcome %q: %v", got, err)
	}
}

// recorder keeps what a client writes to connections.
type recorder struct {
	mu  sync.Mutex
	buf strings.Builder // guarded by mu
}

func (r *recorder) around(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return recorded{conn, r}, err
	}
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

type recorded struct {
	net.Conn
	r *recorder
}

func (c recorded) Write(p []byte) (int, error) {
	c.r.mu.Lock()
	c.r.buf.Write(p)
	c.r.mu.Unlock()
	return c.Conn.Write(p)
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		server mail.Server
		want   string // empty if it is fine
	}{
		{mail.Server{Address: "smtp.example.com:465"}, ""},
		{mail.Server{Address: "localhost:25", Plain: true}, ""},
		{mail.Server{Address: "[::1]:25", Plain: true}, ""},
		{mail.Server{Address: "smtp.example.com"}, "host:port"},
		{mail.Server{Address: ":465"}, "host:port"},
		{mail.Server{Address: "smtp.example.com:25", Plain: true}, "only a server on this machine"},
		{mail.Server{Address: "127.0.0.1.example.com:25", Plain: true}, "only a server on this machine"},
		{mail.Server{Address: "127.0.0.1:25", Plain: true, User: "u"}, "needs TLS"},
	} {
		err := c.server.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.server.Address, err, c.want)
		}
	}
}
