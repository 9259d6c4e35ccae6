package mail_test

import (
	"net/mail"
	"strings"
	"testing"

	ours "passmill/output/mail"
)

// TestAddresses: nothing passes that a server could take for something else.
func TestAddresses(t *testing.T) {
	for _, good := range []string{"wallet@example.com", "it+apple@mail.example.co.uk", "o'neill@example.com", "root@localhost"} {
		if err := ours.CheckAddress(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "@", "a@", "@example.com", "wallet", "a@b@example.com", `"a"@example.com`, `"foo@psres.net> ORCPT=admin@admin.com"@test.com`,
		"<a@example.com>", "A <a@example.com>", "a@example.com ", " a@example.com", "a b@example.com", "a@example.com\r\nRCPT TO:<x@y>",
		"a@example.com\nBcc: x@y", "a\x00@example.com", "ä@example.com", "a@exämple.com", "a@[127.0.0.1]", "a@-example.com", "a@example..com",
		"a@example.com,b@example.com", "a;b@example.com", `a\@example.com`, "a(c)@example.com", ".a@example.com", "a..b@example.com",
		strings.Repeat("a", 250) + "@example.com",
	} {
		err := ours.CheckAddress(bad)
		if err == nil {
			t.Errorf("%q passes", bad)
		} else if bad != "" && strings.Contains(strings.ReplaceAll(err.Error(), "wallet@example.com", ""), bad) && len(bad) > 1 {
			t.Errorf("the error quotes the address: %v", err)
		}
	}
}

// TestHostile: text of any kind leaves one mail with our headers and no bare line
// break, and what can't is refused.
func TestHostile(t *testing.T) {
	for _, text := range []string{
		"\r.\r\nMAIL FROM:<x@y>", "a\n.\nb", "\n.\r\n", ".\n", "a\rb", "\x00\x1b[31m", strings.Repeat("ü", 2000), "From x\n", "",
	} {
		var server scripted
		s := &ours.Server{Address: "localhost:25", Plain: true, Dial: server.dial}
		m := message
		m.Text = text
		if got, err := s.Send(t.Context(), m, nil); got != ours.Sent {
			t.Errorf("%q: %q (%v)", text, got, err)
			continue
		}
		mails := server.taken()
		if len(mails) != 1 {
			t.Errorf("%q: %d mails", text, len(mails))
			continue
		}
		if bare := strings.ReplaceAll(mails[0], "\r\n", ""); strings.ContainsAny(bare, "\r\n\x00") {
			t.Errorf("%q: a bare line break or NUL on the wire: %q", text, mails[0])
		}
		parsed, err := mail.ReadMessage(strings.NewReader(mails[0]))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want := []string{"Date", "Mime-Version", "Message-Id", "Subject", "From", "To", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding"}
		if len(parsed.Header) != len(want) {
			t.Errorf("%q: headers %v, want %v", text, parsed.Header, want)
		}
		for _, name := range want {
			if len(parsed.Header[name]) != 1 {
				t.Errorf("%q: header %s: %q", text, name, parsed.Header[name])
			}
		}
	}
	for _, change := range []func(*ours.Message){
		func(m *ours.Message) { m.Subject = "a\r\nBcc: x@y" },
		func(m *ours.Message) { m.ID = "a>\r\nBcc: x@y" },
		func(m *ours.Message) { m.ID = "" },
		func(m *ours.Message) { m.From = "a\nb <a@example.com>" },
		func(m *ours.Message) { m.From = "nobody" },
		func(m *ours.Message) { m.To = "A <a@example.com>" },
	} {
		m := message
		change(&m)
		var server scripted
		s := &ours.Server{Address: "localhost:25", Plain: true, Dial: server.dial}
		if got, err := s.Send(t.Context(), m, nil); got != ours.Refused || err == nil {
			t.Errorf("%+v: %q (%v)", m, got, err)
		}
	}
}
