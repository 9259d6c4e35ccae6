package mail_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"passmill/output/mail"
	"passmill/output/qr"
)

// startMailDev starts MailDev, which takes mails apart by code of others, and
// returns the addresses of its mail server and of its web interface.
func startMailDev(t *testing.T) (smtp, web string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	must(t, err)
	program := filepath.Join(cache, "passmill-tests", "maildev", "node_modules", "maildev", "bin", "maildev")
	if _, err := os.Stat(program); err != nil {
		t.Fatal("this test needs MailDev: run .ci/install, which fetches it into the cache")
	}
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	smtp, web = free(), free()
	cmd := exec.CommandContext(t.Context(), "node", program, "--smtp", smtp, "--web", web, "--ip", "127.0.0.1", "--mail-directory", t.TempDir())
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	smtp, web = "127.0.0.1:"+smtp, "http://127.0.0.1:"+web
	for {
		if answer, err := http.Get(web + "/email"); err == nil {
			answer.Body.Close()
			return smtp, web
		}
		if t.Context().Err() != nil {
			t.Fatal("MailDev does not answer")
		}
		time.Sleep(50 * time.Millisecond) // another process starts, and says nothing when it has
	}
}

// A developed mail is one as MailDev has understood it.
type developed struct {
	ID          string
	Subject     string
	Text        string
	HTML        string
	MessageID   string
	Headers     map[string]any
	From, To    []struct{ Address, Name string }
	Attachments []struct{ ContentType, FileName, GeneratedFileName, ContentID string }
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	answer, err := http.Get(url)
	must(t, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, answer.Status)
	}
	return data
}

// TestMailDev: what another program's parser finds in a mail is what was put in:
// text, HTML, the link, the QR code and the pass.
func TestMailDev(t *testing.T) {
	smtp, web := startMailDev(t)
	letters, _, err := mail.ReadLetters(folder(map[string]string{"mail.yaml": "subject: \"Ihre Karte, $$Name \U0001F600\"\n"}),
		mail.Offers{Link: true, Attached: true, Unsubscribe: true})
	must(t, err)
	p := particulars("de")
	p.Pass = &mail.File{Name: "pass.pkpass", Type: "application/vnd.apple.pkpass", Data: bytes.Repeat([]byte("PK\x00\xff"), 20_000)}
	m, err := letters.Compose(p, func(text string) ([]byte, error) { return qr.PNG(text, 360) })
	must(t, err)
	s := &mail.Server{Address: smtp, Plain: true}
	if got, err := s.Send(t.Context(), m, nil); got != mail.Sent {
		t.Fatalf("%q: %v", got, err)
	}
	var list []developed
	must(t, json.Unmarshal(fetch(t, web+"/email"), &list))
	if len(list) != 1 {
		t.Fatalf("%d mails arrived", len(list))
	}
	got := list[0]
	if got.Subject != m.Subject || got.From[0].Name != "Shop" || got.From[0].Address != "shop@example.com" || got.To[0].Address != p.To {
		t.Errorf("head: %+v", got)
	}
	if !strings.Contains(fmt.Sprint(got.Headers["message-id"]), p.ID) || !strings.Contains(fmt.Sprint(got.Headers), "One-Click") {
		t.Errorf("headers: %v", got.Headers)
	}
	if strings.TrimSpace(got.Text) != strings.TrimSpace(m.Text) || !strings.Contains(got.Text, p.Link) {
		t.Errorf("text %q\nwant %q", got.Text, m.Text)
	}
	if want := `href="https://passes.example.com/p/abc?x=1&amp;y=2"`; !strings.Contains(got.HTML, want) || !strings.Contains(got.HTML, "Zu Apple Wallet hinzufügen") {
		t.Errorf("HTML %s", got.HTML)
	}
	want := map[string][]byte{"pass.pkpass": p.Pass.Data, "passmill-qr.png": m.Inline[0].Data}
	if len(got.Attachments) != len(want) {
		t.Errorf("attachments %+v", got.Attachments)
	}
	for _, a := range got.Attachments {
		name := a.FileName
		if name == "" {
			name = a.GeneratedFileName
		}
		data := fetch(t, web+"/email/"+got.ID+"/attachment/"+a.GeneratedFileName)
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s arrived as %d bytes, want %d", name, len(data), len(want[name]))
		}
		if name == "pass.pkpass" && a.ContentType != "application/vnd.apple.pkpass" {
			t.Errorf("the pass is %s", a.ContentType)
		}
	}
}
