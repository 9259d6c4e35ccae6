package mail_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	pretend "github.com/emersion/go-imap/backend/memory"
	"github.com/emersion/go-imap/server"

	"passmill/output/mail"
	"passmill/sign/secret"
)

// TestMailbox reads a mailbox of a server that others wrote: each mail that nobody
// has read is read once, and one that could not be used stays unread.
func TestMailbox(t *testing.T) {
	backend := pretend.New() // has one mail already, which is read
	user, err := backend.Login(nil, "username", "password")
	must(t, err)
	inbox, err := user.GetMailbox("INBOX")
	must(t, err)
	for _, text := range []string{report, "Subject: hello\n\nhello\n"} {
		must(t, inbox.CreateMessage(nil, time.Now(), strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n"))))
	}
	cert, roots := certificate(t, "localhost")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := server.New(backend)
	s.ErrorLog = log.New(t.Output(), "", 0)
	go s.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}}))
	t.Cleanup(func() { s.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	b := &mail.Mailbox{Address: "localhost:" + port, User: "username", Password: secret.New("password"), Roots: roots}

	full := errors.New("disk full")
	if err := b.Each(t.Context(), func(io.Reader) error { return full }); !errors.Is(err, full) {
		t.Errorf("a use that fails: %v", err)
	}
	read := func() (bounces, others int) {
		must(t, b.Each(t.Context(), func(r io.Reader) error {
			if got, err := mail.ParseBounce(r); err == nil && got.Failed && got.Deliveries[0] == delivery {
				bounces++
			} else {
				others++
			}
			return nil
		}))
		return bounces, others
	}
	if bounces, others := read(); bounces != 1 || others != 1 {
		t.Errorf("%d bounces, %d others", bounces, others)
	}
	if bounces, others := read(); bounces+others != 0 {
		t.Errorf("read again: %d bounces, %d others", bounces, others)
	}
	wrong := *b
	wrong.Password = secret.New("wr0ng")
	if err := wrong.Each(t.Context(), nil); err == nil || !strings.Contains(err.Error(), `sign in as user "username"`) || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("a wrong password: %v", err)
	}
	_, wrong.Roots = certificate(t, "localhost")
	if err := wrong.Each(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("another authority: %v", err)
	}
	for address, want := range map[string]string{"imap.example.com": "host:port", "imap.example.com:143": "only a server on this machine"} {
		if err := (&mail.Mailbox{Address: address, User: "u", Plain: true}).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
