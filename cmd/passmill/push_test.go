//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"passmill/jobs/ledger"
	"passmill/output/apns/pretend"
)

// TestPushing: a run that changes passes makes a server that runs push to the phones
// that have them, with the certificate of the job, and to no other.
func TestPushing(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 6, database(t))
			s.updated("https://passes.example.com")
			p := s.pushServer(pretend.Options{}, "")
			heard := p.listen(t)
			s.makes()
			db := s.phones(4)
			v := s.serve()
			s.members(func(i int) string { return []string{"Gold", "Silver"}[i%2] })
			s.makes()
			got := map[string]bool{}
			for range 2 {
				e := heard()
				got[e.Token] = true
				if e.Event != "push" || e.Topic != pretendType {
					t.Errorf("%+v", e)
				}
			}
			if !got[phoneToken(2)] || !got[phoneToken(4)] {
				t.Errorf("pushed to %v, want the phones of the passes that changed", got)
			}
			// Written down a moment later: a process of its own can only be looked at.
			for sent := 0; sent < 2; time.Sleep(10 * time.Millisecond) {
				if err := db.QueryRow(`SELECT COUNT(*) FROM subscriptions WHERE pushed = wanted AND pushed > 0 AND tries = 1`).Scan(&sent); err != nil {
					t.Fatal(err)
				}
			}
			res, err := http.Get(v.url + "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			metrics, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{`passmill_pushes_total{verdict="ok"} 2`, `passmill_pushes_total{verdict="halted"} 0`, "passmill_pushes_due 0", "passmill_pushes_oldest_seconds 0"} {
				if !strings.Contains(string(metrics), want+"\n") {
					t.Errorf("metrics lack %s", want)
				}
			}
			v.stop()
			if c := p.Counts(); c.Pushes != 2 || c.Connections > 4 {
				t.Errorf("%+v", c)
			}
			if n := strings.Count(v.log.String(), phoneToken(2)); n > 0 {
				t.Error("a push token stands in the log")
			}
		})
	}
}

// makes runs the sandbox's job.
func (s *sandbox) makes() {
	s.t.Helper()
	if out, err := s.command(nil, "make", "members.yaml").CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
}

// TestPushCommand: by hand, by job, by serial number, in quiet hours, with a server
// that refuses, and what devices says of it.
func TestPushCommand(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 4, database(t))
			s.updated("https://passes.example.com")
			now := time.Now().UTC()
			s.write("members.yaml", mustRead(t, s.path("members.yaml"))+fmt.Sprintf("pushes: {quiet: %q, timezone: UTC}\n", now.Add(-time.Hour).Format("15:04")+"-"+now.Add(time.Hour).Format("15:04")))
			p := s.pushServer(pretend.Options{}, ", pace: 1000")
			s.makes()
			s.phones(4)
			p.Kill(phoneToken(4))
			run := func(code int, want string, args ...string) string {
				t.Helper()
				cmd := s.command(nil, args...)
				cmd.Dir = s.dir
				out, _ := cmd.CombinedOutput()
				if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(string(out), want) {
					t.Errorf("%v: got %d, %s; want %d, %q", args, got, out, code, want)
				}
				return string(out)
			}
			run(exitUsage, "say to whom", "push")
			run(exitUsage, "can't be used together", "push", "--all", "--serial", "M00001")
			run(exitDone, "no phone has registered for a pass with this serial number", "push", "--serial", "nobody")
			run(exitDone, "1 of 1 phone was pushed", "push", "--serial", "M00001", "--now")
			if p.Pushes(phoneToken(2)) != 1 || p.Counts().Pushes != 1 {
				t.Errorf("%+v", p.Counts())
			}
			s.members(func(int) string { return "Silver" })
			s.makes()
			run(exitNotDone, "4 were left out: quiet hours", "push", "--job", "members")
			p.Refuse("BadCertificateEnvironment")
			run(exitNotDone, "pushes of pass.com.example.pretend are refused: BadCertificateEnvironment\n          Look at the certificate", "push", "--all", "--now")
			p.Refuse("")
			out := run(exitDone, "3 of 4 phones were pushed", "push", "--all", "--now")
			if !strings.Contains(out, "1 push tokens are dead, and were dropped") {
				t.Error(out)
			}
			run(exitDone, "3 of 3 phones were pushed", "push", "--all", "--now")
			list := run(exitDone, "PHONE", "devices", "list")
			if n := strings.Count(list, "\n"); n != 5 || strings.Count(list, "unless it asks") != 3 || strings.Count(list, "its push token is dead") != 1 {
				t.Errorf("%s", list)
			}
			if n := strings.Count(run(exitDone, "", "devices", "list", "--serial", "M00003", "--waiting"), "\n"); n != 2 {
				t.Errorf("%d lines", n)
			}
			var line deviceLine
			lines := strings.Split(run(exitDone, "{", "devices", "list", "--json"), "\n")
			if err := json.Unmarshal([]byte(lines[0]), &line); err != nil || line.PassType != pretendType || line.Passes != 1 || line.Tries != 2 || line.Pushed != line.Wanted || line.Due == nil {
				t.Errorf("%+v %v", line, err)
			}
			shown := run(exitNotDone, "more than one phone begins so", "devices", "show", line.Device)
			library := fmt.Sprintf("%x", "00000000000000000000000000000004")
			shown += run(exitDone, "Apple called it dead (Unregistered)", "devices", "show", library)
			run(exitDone, `"serial":"M00003"`, "devices", "show", "--json", library)
			run(exitUsage, "name the phone", "devices", "show", "xyz")
			run(exitNotDone, "there is no such phone", "devices", "show", "ff")
			if strings.Contains(list+shown, phoneToken(1)) {
				t.Error("a push token is shown")
			}
		})
	}
}

// TestPushByKey: with the team's key no certificate is needed.
func TestPushByKey(t *testing.T) {
	s := newSandbox(t, 2, "")
	s.updated("https://passes.example.com")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s.write("AuthKey.p8", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	p := s.pushServer(pretend.Options{Keys: pretend.Keys{"KEY1234567": &key.PublicKey}}, ", token: {key: AuthKey.p8, keyId: KEY1234567, teamId: TEAM123456}")
	s.makes()
	s.phones(2)
	out, err := s.command(nil, "push", "--all").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "2 of 2 phones were pushed") || p.Counts().ProviderTokens != 1 {
		t.Errorf("%v\n%s%+v", err, out, p.Counts())
	}
}

// TestPushAlarm: a refused certificate stops the server's pushes; the log and the
// operator hear of it, and no token is dropped.
func TestPushAlarm(t *testing.T) {
	box := startMail(t)
	s := newSandbox(t, 3, "")
	s.updated("https://passes.example.com")
	p := s.pushServer(pretend.Options{}, "")
	settings := mustRead(t, s.path("passmill.yaml"))
	box.settings(s)
	s.write("passmill.yaml", settings+mustRead(t, s.path("passmill.yaml")))
	t.Setenv("SSL_CERT_FILE", s.path("mail-root.pem"))
	s.makes()
	db := s.phones(3)
	s.members(func(int) string { return "Silver" })
	s.makes()
	p.Refuse("BadCertificate")
	v := s.serve()
	for len(box.all()) == 0 {
		time.Sleep(10 * time.Millisecond) // a process of its own can only be looked at
	}
	v.stop()
	mails := box.all()
	for i := range mails {
		mails[i] = strings.ReplaceAll(mails[i], "=\r\n", "")
	}
	if len(mails) != 1 || !strings.HasPrefix(mails[0], "operator@example.com\n") || !strings.Contains(mails[0], "Subject: Pushes of pass.com.example.pretend have stopped") ||
		!strings.Contains(mails[0], "The reason: BadCertificate") || !strings.Contains(mails[0], "passmill cert request --pass-type pass.com.example.pretend") {
		t.Errorf("%q", mails)
	}
	if !strings.Contains(v.log.String(), `"msg":"pushes have stopped","type":"pass.com.example.pretend","reason":"BadCertificate"`) {
		t.Errorf("%s", v.log)
	}
	var kept int
	if err := db.QueryRow(`SELECT COUNT(*) FROM subscriptions WHERE push_token <> '' AND due > 0 AND tries = 0`).Scan(&kept); err != nil || kept != 3 {
		t.Errorf("%d of 3 phones are still to be pushed (%v)", kept, err)
	}
}

// TestPushSettings: everything that is wrong is told at once, before anything is sent.
func TestPushSettings(t *testing.T) {
	s := newSandbox(t, 1, "")
	s.write("empty.pem", "nothing\n")
	for settings, want := range map[string][]string{
		`{pace: 0.5, server: "http://127.0.0.1", ca: missing.pem}`: {"pace: is less than one", "write it as https://host", `ca: there is no file "missing.pem"`},
		`{server: "https://api.sandbox.push.apple.com"}`:           {"tokens of passes are unknown there"},
		`{ca: empty.pem}`: {"Apple's server needs none"},
		`{server: "https://127.0.0.1", ca: empty.pem}`:                     {"there is no certificate in empty.pem"},
		`{token: {keyId: short}}`:                                          {`keyId: is "short"`, `teamId: is ""`, "token: key: is missing"},
		`{token: {key: empty.pem, keyId: KEY1234567, teamId: TEAM123456}}`: {"empty.pem is no .p8 key"},
		`{sever: x}`: {`unknown key "sever"`},
	} {
		s.write("passmill.yaml", "pushes: "+settings+"\n")
		space, err := findWorkspace(s.dir, "")
		if err == nil {
			_, _, err = space.pushOptions()
		}
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v; want %q", settings, err, part)
			}
		}
	}
}

// TestPushKilled: wherever a process dies that pushes, no push is lost: it is due
// again when its claim has ended, unless it was written down.
func TestPushKilled(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 3, database(t))
			s.updated("https://passes.example.com")
			p := s.pushServer(pretend.Options{}, "")
			s.makes()
			db := s.phones(3)
			for i, point := range ledger.PushFaultPoints() {
				s.members(func(int) string { return []string{"Silver", "Gold", "Basic", "Platinum"}[i] })
				s.makes()
				before := p.Counts().Pushes
				out, err := s.command([]string{"FAULT=" + point + ":1:exit"}, "push", "--all").CombinedOutput()
				if err == nil {
					t.Fatalf("%s was not reached: %s", point, out)
				}
				var lost, waiting int
				if err := db.QueryRow(`SELECT COUNT(*) FROM subscriptions WHERE due = 0`).Scan(&lost); err != nil || lost > 0 {
					t.Errorf("%s: %d pushes are lost (%v)", point, lost, err)
				}
				if err := db.QueryRow(`SELECT COUNT(*) FROM subscriptions WHERE pushed < wanted`).Scan(&waiting); err != nil {
					t.Fatal(err)
				}
				sent := p.Counts().Pushes - before
				if written := strings.HasPrefix(point, "ledger.push-settle.committed"); written != (waiting == 0) || sent != 3 && strings.HasPrefix(point, "ledger.push-settle") {
					t.Errorf("%s: %d pushes were sent, %d wait", point, sent, waiting)
				}
				if out, err := s.command(nil, "push", "--all").CombinedOutput(); err != nil || !strings.Contains(string(out), "3 of 3 phones were pushed") {
					t.Errorf("%s: again: %v\n%s", point, err, out)
				}
			}
		})
	}
}
