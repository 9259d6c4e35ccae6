package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"

	"passmill/sign/secret"
)

// A Mailbox is where reports of mails that came back lie, read by IMAP. The
// connection begins with TLS, and the server's name is verified.
type Mailbox struct {
	Address  string // host:port, often imap.example.com:993
	User     string
	Password secret.Text
	Folder   string // empty means INBOX
	Plain    bool   // no TLS, which only this machine's own server may do without
	Roots    *x509.CertPool
}

// Check says what is wrong with the settings, without connecting.
func (b *Mailbox) Check() error {
	host, _, err := net.SplitHostPort(b.Address)
	switch {
	case err != nil || host == "":
		return fmt.Errorf("mailbox %q: write its server as host:port, like imap.example.com:993", b.Address)
	case b.Plain && !loopback(host):
		return fmt.Errorf("mailbox %s: only a server on this machine can do without TLS (tls: none)", b.Address)
	case b.User == "":
		return fmt.Errorf("mailbox %s: says no user; add it", b.Address)
	}
	return nil
}

// Each calls f with each mail that nobody has read yet, or its beginning if it is
// very long, and marks it as read when f succeeds. If f fails, that is the error.
func (b *Mailbox) Each(ctx context.Context, f func(io.Reader) error) error {
	if err := b.Check(); err != nil {
		return err
	}
	err := b.each(ctx, f)
	if err != nil {
		err = fmt.Errorf("mailbox %s: %w", b.Address, err)
	}
	return err
}

func (b *Mailbox) each(ctx context.Context, f func(io.Reader) error) error {
	conn, err := b.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c, err := client.New(conn)
	if err != nil {
		return err
	}
	defer c.Terminate()
	c.Timeout = time.Minute
	if err := c.Login(b.User, b.Password.Reveal()); err != nil {
		return fmt.Errorf("sign in as user %q: %w", b.User, err)
	}
	folder := b.Folder
	if folder == "" {
		folder = "INBOX"
	}
	if _, err := c.Select(folder, false); err != nil {
		return fmt.Errorf("open folder %q: %w", folder, err)
	}
	unread := imap.NewSearchCriteria()
	unread.WithoutFlags = []string{imap.SeenFlag}
	ids, err := c.UidSearch(unread)
	if err != nil {
		return fmt.Errorf("look for mails that are not read: %w", err)
	}
	for _, id := range ids {
		if err := readOne(c, id, f); err != nil {
			return err
		}
	}
	return c.Logout()
}

func (b *Mailbox) dial(ctx context.Context) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(b.Address)
	dialer := &net.Dialer{Timeout: time.Minute}
	if b.Plain {
		return dialer.DialContext(ctx, "tcp", b.Address)
	}
	encrypted := &tls.Dialer{NetDialer: dialer, Config: &tls.Config{ServerName: host, RootCAs: b.Roots, MinVersion: tls.VersionTLS12}}
	return encrypted.DialContext(ctx, "tcp", b.Address)
}

// readOne reads the beginning of a mail, as far as a report can matter.
func readOne(c *client.Client, id uint32, f func(io.Reader) error) error {
	one := new(imap.SeqSet)
	one.AddNum(id)
	section := &imap.BodySectionName{Peek: true, Partial: []int{0, MaxReport}}
	messages := make(chan *imap.Message, 1)
	if err := c.UidFetch(one, []imap.FetchItem{section.FetchItem()}, messages); err != nil {
		return fmt.Errorf("read a mail: %w", err)
	}
	m := <-messages
	if m == nil {
		return nil // somebody has removed it meanwhile
	}
	var text bytes.Buffer
	for _, literal := range m.Body {
		if _, err := io.Copy(&text, io.LimitReader(literal, MaxReport)); err != nil {
			return err
		}
	}
	if err := f(&text); err != nil {
		return err
	}
	if err := c.UidStore(one, imap.FormatFlagsOp(imap.AddFlags, true), []any{imap.SeenFlag}, nil); err != nil {
		return fmt.Errorf("mark a mail as read: %w", err)
	}
	return nil
}
