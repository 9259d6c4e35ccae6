package mail_test

import (
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passmill/output/mail"
)

// smtpSink finds the test server of Postfix: installed, or where .ci/install has
// unpacked it.
func smtpSink(t testing.TB) *exec.Cmd {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	unpacked := filepath.Join(cache, "passmill-tests", "postfix")
	for _, name := range []string{"smtp-sink", "/usr/sbin/smtp-sink", filepath.Join(unpacked, "usr/sbin/smtp-sink")} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), path)
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(unpacked, "usr/lib/postfix"))
		return cmd
	}
	t.Fatal("this test needs smtp-sink, of Debian's package postfix: run .ci/install, which unpacks it and installs nothing")
	return nil
}

// startSink starts Postfix's server and returns its address. It writes each mail
// into a file of the folder.
func startSink(t testing.TB, folder string, args ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	cmd := smtpSink(t)
	cmd.Dir = folder
	if os.Getuid() == 0 {
		args = append(args, "-u", "root")
	}
	cmd.Args = append(append(cmd.Args, args...), "-d", "mail.%M", address, "10")
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return address
		}
		if t.Context().Err() != nil {
			t.Fatal("smtp-sink does not answer")
		}
		time.Sleep(10 * time.Millisecond) // another process starts, and says nothing when it has
	}
}

// TestSink hands mails to a server that others wrote, and reads what arrived.
func TestSink(t *testing.T) {
	folder := t.TempDir()
	s := &mail.Server{Address: startSink(t, folder), Plain: true}
	if got, err := s.Send(t.Context(), message, nil); got != mail.Sent {
		t.Fatalf("outcome %q: %v", got, err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "mail.*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d mails arrived (%v), want 1", len(files), err)
	}
	file, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := netmail.ReadMessage(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Message-Id": "<a.30@passmill.example.com>", "To": "<wallet@example.com>", "X-Mail-Args": "<passmill@example.com> BODY=8BITMIME",
		"X-Rcpt-Args": "<wallet@example.com>", "Auto-Submitted": "auto-generated",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestSinkRefuses: the same server, told to refuse.
func TestSinkRefuses(t *testing.T) {
	for _, c := range []struct {
		args string
		want mail.Outcome
	}{
		{"-r RCPT", mail.Later}, {"-f RCPT", mail.Refused}, {"-r .", mail.Later}, {"-f .", mail.Refused}, {"-q .", mail.InDoubt}, {"-q RCPT", mail.Later},
	} {
		t.Run(c.args, func(t *testing.T) {
			s := &mail.Server{Address: startSink(t, t.TempDir(), strings.Fields(c.args)...), Plain: true}
			if got, err := s.Send(t.Context(), message, nil); got != c.want {
				t.Errorf("outcome %q, want %q (%v)", got, c.want, err)
			}
		})
	}
}
