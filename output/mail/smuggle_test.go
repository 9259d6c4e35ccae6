package mail_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	ours "passmill/output/mail"
	"passmill/sign/secret"
)

// FuzzMessage: whatever stands in the parts of a message that come from rows and
// letters, the server gets one mail to the one recipient with our headers alone, no
// bare line break and no NUL; or nothing.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		"a\r\nBcc: x@y.example", "\r.\r\nMAIL FROM:<x@y>", "a\n.\nb", "x\r\n.\r\nMAIL FROM:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n", "\x00\x0b\x0c\x85\u2028",
		"=?utf-8?q?=0D=0ABcc:_x@y?=", strings.Repeat("ü ", 600), `"foo@psres.net> ORCPT=admin@admin.com"@test.com`, "\"Bcc: x@y\" <a@example.com>",
	} {
		f.Add(seed, "a@example.com", "Shop <shop@example.com>")
		f.Add("Hello", seed, "Shop <shop@example.com>")
		f.Add("Hello", "a@example.com", seed)
		f.Add("Hello", "a@example.com", seed+" <a@example.com>")
	}
	f.Fuzz(func(t *testing.T, text, to, from string) {
		m := ours.Message{
			ID: "d@example.com", From: from, To: to, Subject: text, Text: text, HTML: "<p>" + text + "</p>", ReplyTo: from,
			Inline: []ours.File{{Name: "qr.png", Type: "image/png", Data: []byte(text)}}, Attached: []ours.File{{Name: "p.pkpass", Type: "application/vnd.apple.pkpass", Data: []byte(text)}},
			Unsubscribe: "https://passes.example.com/u/x",
		}
		data, err := m.Bytes(nil)
		if err != nil {
			return // refused
		}
		if err := ours.CheckAddress(to); err != nil {
			t.Fatalf("%q passes, and is no address", to)
		}
		wire := string(data)
		if bare := strings.ReplaceAll(wire, "\r\n", ""); strings.ContainsAny(bare, "\r\n\x00") {
			t.Fatalf("a bare line break or NUL: %q", wire)
		}
		for line := range strings.SplitSeq(wire, "\r\n") {
			if len(line) > 998 {
				t.Fatalf("a line of %d characters", len(line))
			}
		}
		parsed, err := mail.ReadMessage(strings.NewReader(wire))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"Date", "Mime-Version", "Message-Id", "Subject", "From", "To", "Reply-To", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type"}
		if len(parsed.Header) != len(want) {
			t.Fatalf("headers %v", parsed.Header)
		}
		for _, name := range want {
			if len(parsed.Header[name]) != 1 {
				t.Fatalf("header %s: %q", name, parsed.Header[name])
			}
		}
		list, err := mail.ParseAddressList(parsed.Header.Get("To"))
		if err != nil || len(list) != 1 || list[0].Address != to {
			t.Fatalf("to %q became %q (%v)", to, parsed.Header.Get("To"), err)
		}
	})
}

// TestEnvelope: the server hears of the intended recipient and of nobody else.
func TestEnvelope(t *testing.T) {
	for _, to := range []string{
		`"foo@psres.net> ORCPT=admin@admin.com"@test.com`, "a@b> <c@d", "a@b>\r\nRCPT TO:<c@d", "a@b\nDATA", "<a@b>", "a@b c@d", "a@b,c@d", "a b@c", "a@b\x00",
		"=?utf-8?q?a=40b?=@c", "a@[1.2.3.4]", "a@b SIZE=1", "a@xn--\u00fc.example", "a\u202e@b.example", "a@b\u2028", "a@b\t", "(x)a@b", "a@b(x)", "@c:a@b", "a@b;",
	} {
		var server scripted
		var wire recorder
		s := &ours.Server{Address: "localhost:25", Plain: true, Dial: wire.around(server.dial)}
		m := message
		m.To = to
		got, err := s.Send(t.Context(), m, nil)
		said := wire.String()
		if got == ours.Sent && !strings.Contains(said, "RCPT TO:<"+to+">\r\n") || got != ours.Sent && (said != "" || err == nil) {
			t.Errorf("%q: %q (%v), and on the wire %q", to, got, err, said)
		}
		if got == ours.Sent && ours.CheckAddress(to) != nil {
			t.Errorf("%q passes", to)
		}
	}
}

// TestMeddler: somebody between us and the server takes STARTTLS out of its answer,
// puts words behind it, or answers in its place. Neither a mail nor a password goes
// over the wire in the clear, and what was put in before the encryption is not heard
// after it.
func TestMeddler(t *testing.T) {
	cert, roots := certificate(t, "smtp.example.com")
	other, _ := certificate(t, "smtp.example.com")
	for name, c := range map[string]struct {
		meddle func(conn net.Conn, lines *bufio.Reader)
		want   ours.Outcome
	}{
		"strips": {func(conn net.Conn, lines *bufio.Reader) {
			answer(conn, lines, "250-smtp.example.com", "250 AUTH PLAIN LOGIN")
			answer(conn, lines, "250 fine")
		}, ours.Later},
		"injects": {func(conn net.Conn, lines *bufio.Reader) {
			answer(conn, lines, "250-smtp.example.com", "250 STARTTLS")
			answer(conn, lines, "220 go on", "250-evil", "250 AUTH PLAIN", "235 fine", "250 fine", "250 fine", "354 go on")
			encrypted := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
			answer(encrypted, bufio.NewReader(encrypted), "500 no") // our EHLO: what was injected has no part in it
		}, ours.Later},
		"another certificate": {func(conn net.Conn, lines *bufio.Reader) {
			answer(conn, lines, "250-smtp.example.com", "250 STARTTLS")
			answer(conn, lines, "220 go on")
			_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{other}}).Handshake()
		}, ours.Later},
		"refuses": {func(conn net.Conn, lines *bufio.Reader) {
			answer(conn, lines, "250-smtp.example.com", "250 STARTTLS")
			answer(conn, lines, "454 not now")
			answer(conn, lines, "250 fine")
		}, ours.Later},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer l.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				fmt.Fprint(conn, "220 smtp.example.com\r\n")
				c.meddle(conn, bufio.NewReader(conn))
			}()
			var wire recorder
			s := &ours.Server{
				Address: "smtp.example.com:587", User: "operator", Password: secret.New("s3cret-of-mail"), Roots: roots, Timeout: 5 * time.Second,
				Dial: wire.around(func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
				}),
			}
			got, err := s.Send(t.Context(), message, nil)
			l.Close()
			<-done
			if got != c.want || !ours.Troubled(err) {
				t.Errorf("%q (%v), want %q", got, err, c.want)
			}
			for _, word := range []string{"wallet@", "s3cret", "AUTH", "MAIL FROM", "Zertifikat"} {
				if strings.Contains(wire.String(), word) {
					t.Errorf("%q went over the wire in the clear", word)
				}
			}
		})
	}
}

// answer reads a command and answers it.
func answer(conn net.Conn, lines *bufio.Reader, words ...string) {
	if _, err := lines.ReadString('\n'); err == nil {
		fmt.Fprint(conn, strings.Join(words, "\r\n")+"\r\n")
	}
}
