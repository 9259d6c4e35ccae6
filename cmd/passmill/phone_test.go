//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"passmill/output/apns/pretend"
)

// A phoneTest is a sandbox with a server that phones reach, and a push server.
type phoneTest struct {
	*sandbox
	push *pushServer
}

// withPhones makes the sandbox's passes and serves them, with pushes.
func (s *sandbox) withPhones() phoneTest {
	s.t.Helper()
	var behind atomic.Pointer[url.URL] // the server, whose port is known when it runs, after the passes are made
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind.Load()) }})
	s.t.Cleanup(front.Close)
	s.updated(front.URL)
	p := phoneTest{s, s.pushServer(pretend.Options{}, "")}
	s.write("passmill.yaml", strings.Replace(mustRead(s.t, s.path("passmill.yaml")), "https://passes.example.com", front.URL, 1))
	s.makes()
	address, err := url.Parse(s.serve().url)
	if err != nil {
		s.t.Fatal(err)
	}
	behind.Store(address)
	return p
}

// phone runs a phone's command that trusts the pretend authority.
func (p phoneTest) phone(args ...string) *exec.Cmd {
	p.t.Helper()
	return p.command(nil, append([]string{"phone", args[0], "--roots", "root.pem", "--ca", "pretend-apns.pem"}, args[1:]...)...)
}

// says runs a command to its end, and wants texts in what it prints.
func (p phoneTest) says(cmd *exec.Cmd, status int, texts ...string) {
	p.t.Helper()
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != status {
		p.t.Errorf("%v ended with %d, want %d\n%s", cmd.Args[1:], got, status, out)
	}
	for _, text := range texts {
		if !strings.Contains(string(out), text) {
			p.t.Errorf("%v printed\n%s\nand not %q", cmd.Args[1:], out, text)
		}
	}
}

// reading starts a command; line reads on until a line has a text, and rest waits for
// its end and returns all that it has printed.
func (p phoneTest) reading(cmd *exec.Cmd) (line func(text string), rest func() string) {
	p.t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { cmd.Process.Kill() })
	var printed strings.Builder
	lines := bufio.NewReader(io.TeeReader(out, &printed))
	line = func(text string) {
		p.t.Helper()
		for said := ""; !strings.Contains(said, text); {
			if said, err = lines.ReadString('\n'); err != nil {
				p.t.Fatalf("%v printed\n%s\nand not %q: %v", cmd.Args[1:], printed.String(), text, err)
			}
		}
	}
	return line, func() string {
		io.Copy(io.Discard, lines)
		cmd.Wait()
		return printed.String()
	}
}

// tiers gives all members a tier, and makes their passes again.
func (p phoneTest) tiers(tier string) {
	p.t.Helper()
	p.members(func(int) string { return tier })
	p.makes()
}

// TestPhone is a day in the life of a phone: it takes a pass in, hears that it changed,
// refuses a version that it does not trust, takes it later, and throws the pass away.
func TestPhone(t *testing.T) {
	p := newSandbox(t, 3, "").withPhones()
	p.says(p.phone("list"), 0, "no passes yet")
	p.says(p.phone("refresh"), 1, "holds no passes")
	p.says(p.command(nil, "phone", "add", "out/M00001.pkpass"), 3, "refused", "the certificate trust chain could not be verified")
	p.says(p.phone("add", "out/M00001.pkpass"), 0, "added", "registered", "(M00001)")
	p.says(p.phone("list"), 0, "M00001", "registered")

	line, rest := p.reading(p.phone("watch", "--push-server", p.push.url, "--once"))
	line("unchanged")
	p.tiers("Silver")
	if said := rest(); !strings.Contains(said, "push") || !strings.Contains(said, "Your tier is now Silver") {
		t.Errorf("it was pushed, and says\n%s", said)
	}
	p.says(p.phone("refresh"), 0, "unchanged")
	p.says(p.phone("show", "M00001"), 0, "Silver")

	p.tiers("Platinum")
	p.says(p.command(nil, "phone", "refresh"), 3, "the old version stays", "the certificate trust chain could not be verified")
	p.says(p.phone("show", "M00001"), 0, "Silver")
	p.says(p.command(nil, "devices", "log"), 0, "M00001", "the certificate trust chain could not be verified")
	p.says(p.phone("refresh", "--language", "de"), 0, "Platinum")
	p.says(p.phone("remove", "M00001"), 0, "unregistered", "removed")
	p.says(p.phone("remove", "M00001"), 1, "holds no pass with this serial number")
	p.says(p.command(nil, "devices", "list"), 0, "registered for a pass yet")
}

// TestPhoneNewToken lets the push token of a phone that listens die: it registers with
// another, hears of the next change, and ends well when it is interrupted.
func TestPhoneNewToken(t *testing.T) {
	p := newSandbox(t, 3, "").withPhones()
	p.says(p.phone("add", "out/M00000.pkpass"), 0, "registered")
	watch := p.phone("watch", "--push-server", p.push.url)
	line, rest := p.reading(watch)
	line("unchanged") // which it asks for when it begins to listen
	var state struct{ PushToken string }
	if err := json.Unmarshal([]byte(mustRead(t, p.path("phone/phone.json"))), &state); err != nil || len(state.PushToken) != 64 {
		t.Fatalf("%+v, %v", state, err)
	}
	p.push.Kill(state.PushToken)
	line("new token")
	line("registered")
	line("listening")
	p.tiers("Silver")
	line("Your tier is now Silver")
	p.signal(watch, os.Interrupt)
	if said := rest(); watch.ProcessState.ExitCode() != 0 {
		t.Errorf("interrupted, it ended with %d\n%s", watch.ProcessState.ExitCode(), said)
	}
}

// TestPhoneAddsByAddress takes a pass from a web server, and is told when there is none.
func TestPhoneAddsByAddress(t *testing.T) {
	p := newSandbox(t, 3, "").withPhones()
	web := httptest.NewServer(http.FileServer(http.Dir(p.dir)))
	defer web.Close()
	p.says(p.phone("add", web.URL+"/out/M00002.pkpass"), 0, "(M00002)", "registered")
	p.says(p.phone("add", web.URL+"/out/secret"), 1, "the server answered 404")
	p.says(p.phone("add", web.URL+"/"), 1, "answers with a page")
	p.says(p.phone("add", "none.pkpass"), 1, `there is no file "none.pkpass"`)
	p.says(p.phone("add", "--language", "?", "none.pkpass"), 2, "--language: write the tag")
}

// TestPhoneFleet lets a fleet of phones try the server.
func TestPhoneFleet(t *testing.T) {
	p := newSandbox(t, 9, "").withPhones()
	line, rest := p.reading(p.phone("fleet", "60", "out", "--push-server", p.push.url, "--quiet", "3s", "--special", "0.1"))
	line("waiting for changes")
	p.tiers("Silver")
	if said := rest(); !strings.Contains(said, "hold the newest version") || strings.Contains(said, "behind") || !strings.Contains(said, "register") {
		t.Errorf("the fleet says\n%s", said)
	}
	p.says(p.phone("fleet", "0", "out"), 2, "at least one phone")
	p.says(p.phone("fleet", "1", "out", "--push-server", "https://127.0.0.1:1"), 1, "listen at the push server")
}
