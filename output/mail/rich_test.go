package mail_test

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"encoding/base64"

	ours "passmill/output/mail"
)

// rich returns a message with everything that one can have.
func rich() ours.Message {
	m := message
	m.HTML = "<html><body><p>Hello</p><img src=\"cid:qr.png\"></body></html>\n"
	m.Inline = []ours.File{{Name: "qr.png", Type: "image/png", Data: []byte("\x89PNG picture")}}
	m.Attached = []ours.File{{Name: "card.pkpass", Type: "application/vnd.apple.pkpass", Data: []byte("PK pass")}}
	m.ReplyTo = "Service <service@example.com>"
	m.Unsubscribe = "https://passes.example.com/u/abc"
	m.Return = "bounces+a30@example.com"
	return m
}

// A part is a leaf of a message.
type part struct{ kind, name, id, disposition, body string }

// parts takes a message apart with the standard library.
func parts(t *testing.T, header func(string) string, body io.Reader) (list []part) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		switch header("Content-Transfer-Encoding") {
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		disposition, file, _ := mime.ParseMediaType(header("Content-Disposition"))
		return []part{{kind, file["filename"], header("Content-Id"), disposition, string(text)}}
	}
	list = append(list, part{kind: kind})
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, parts(t, p.Header.Get, p)...)
	}
}

// TestRich: what was put in comes out again, where mail programs look for it.
func TestRich(t *testing.T) {
	var server scripted
	s := &ours.Server{Address: "localhost:25", Plain: true, Dial: server.dial}
	if got, err := s.Send(t.Context(), rich(), nil); got != ours.Sent {
		t.Fatalf("%q: %v", got, err)
	}
	wire := undot(server.taken()[0])
	m, err := mail.ReadMessage(strings.NewReader(wire))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Message-Id": "<a.30@passmill.example.com>", "Reply-To": `"Service" <service@example.com>`, "From": `"passmill" <passmill@example.com>`,
		"List-Unsubscribe": "<https://passes.example.com/u/abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "To": "<wallet@example.com>",
	} {
		if got := m.Header.Get(name); got != want || len(m.Header[name]) != 1 {
			t.Errorf("%s: %q, want %q", name, m.Header[name], want)
		}
	}
	got := parts(t, m.Header.Get, m.Body)
	want := []part{
		{kind: "multipart/mixed"}, {kind: "multipart/related"}, {kind: "multipart/alternative"},
		{kind: "text/plain", body: strings.ReplaceAll(message.Text, "\n", "\r\n")},
		{kind: "text/html", body: strings.ReplaceAll(rich().HTML, "\n", "\r\n")},
		{"image/png", "qr.png", "<qr.png>", "inline", "\x89PNG picture"},
		{"application/vnd.apple.pkpass", "card.pkpass", "", "attachment", "PK pass"},
	}
	if len(got) != len(want) {
		t.Fatalf("parts %+v\nwant %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("part %d: %+v\nwant %+v", i, got[i], want[i])
		}
	}
	if server.from != "bounces+a30@example.com" {
		t.Errorf("envelope from %q", server.from)
	}
}

// TestRichRefused: what would be another header, or another mail, is not sent.
func TestRichRefused(t *testing.T) {
	for name, change := range map[string]func(*ours.Message){
		"reply address":      func(m *ours.Message) { m.ReplyTo = "a@example.com\r\nBcc: x@y" },
		"reply without @":    func(m *ours.Message) { m.ReplyTo = "nobody" },
		"return address":     func(m *ours.Message) { m.Return = "a@example.com> ORCPT=rfc822;x@y" },
		"unsubscribing":      func(m *ours.Message) { m.Unsubscribe = "https://x.example/u>\r\nBcc: x@y" },
		"unsubscribing, two": func(m *ours.Message) { m.Unsubscribe = "https://x.example/u>, <mailto:x@y" },
		"unsubscribing word": func(m *ours.Message) { m.Unsubscribe = "yes" },
		"file name":          func(m *ours.Message) { m.Attached[0].Name = "a\r\nX: y" },
		"file type":          func(m *ours.Message) { m.Inline[0].Type = "image/png\r\nX: y" },
	} {
		m := rich()
		change(&m)
		var server scripted
		s := &ours.Server{Address: "localhost:25", Plain: true, Dial: server.dial}
		if got, err := s.Send(t.Context(), m, nil); got != ours.Refused || err == nil {
			t.Errorf("%s: %q (%v)", name, got, err)
		}
	}
}
