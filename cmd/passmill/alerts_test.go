//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"passmill/sign/signtest"
)

const mailPassword = "the-mail-password"

// A mailServer takes mails by STARTTLS from who knows the password.
type mailServer struct {
	address string
	root    string // its certificate, as PEM

	mu    sync.Mutex
	mails []string // guarded by mu: recipient and text
	deny  bool     // guarded by mu: answer every mail with 451
}

func startMail(t *testing.T) *mailServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{
		address: fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port),
		root:    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailVisit{server: m}, nil }))
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.ErrorLog = log.New(t.Output(), "", 0)
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return m
}

func (m *mailServer) refuse(deny bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deny = deny
}

func (m *mailServer) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// settings writes the workspace's mail settings.
func (m *mailServer) settings(s *sandbox) {
	s.write("passmill.yaml", fmt.Sprintf("mail: {server: %q, from: passmill <wallet@example.com>, operator: operator@example.com, user: op, passwordFile: mail-password.txt}\n", m.address))
	s.write("mail-password.txt", mailPassword+"\n")
	s.write("mail-root.pem", m.root)
}

type mailVisit struct {
	server *mailServer
	user   string
	to     string
}

func (v *mailVisit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *mailVisit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "op" || password != mailPassword {
			return smtp.ErrAuthFailed
		}
		v.user = user
		return nil
	}), nil
}

func (v *mailVisit) Mail(string, *smtp.MailOptions) error {
	if v.user == "" {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (v *mailVisit) Rcpt(to string, _ *smtp.RcptOptions) error { v.to = to; return nil }
func (v *mailVisit) Reset()                                    {}
func (v *mailVisit) Logout() error                             { return nil }

func (v *mailVisit) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	v.server.mu.Lock()
	defer v.server.mu.Unlock()
	if v.server.deny {
		return &smtp.SMTPError{Code: 451, Message: "later"}
	}
	v.server.mails = append(v.server.mails, v.to+"\n"+string(text))
	return nil
}

// TestAlerts: processes that warn at once, and again and again, send each mail
// once; the run of a job names what expires.
func TestAlerts(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			server := startMail(t)
			s := registeredIn(t, database(t), 2, signtest.Options{EC: true, NotAfter: time.Now().Add(10*24*time.Hour + time.Minute)})
			server.settings(s)
			env := []string{"SSL_CERT_FILE=" + s.path("mail-root.pem")}
			alerts := func(args ...string) *exec.Cmd {
				cmd := s.command(env, append([]string{"cert", "alerts"}, args...)...)
				cmd.Dir = s.dir
				return cmd
			}
			if out, err := s.command(env, "cert", "contact", "pass.com.example.pretend", "contact@example.com").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if out, err := s.command(env, "make", "members.yaml").CombinedOutput(); err != nil || !strings.Contains(string(out), "warning: pass.com.example.pretend expires in 10 days, on") {
				t.Errorf("make: %v\n%s", err, out)
			}
			if out, err := alerts("--dry-run").CombinedOutput(); err != nil || !strings.Contains(string(out), "would warn that pass.com.example.pretend expires in 10 days") || len(server.all()) > 0 {
				t.Errorf("dry run: %v\n%s", err, out)
			}
			server.refuse(true)
			if out, err := alerts().CombinedOutput(); err == nil || !strings.Contains(string(out), "mail to contact@example.com: mail server localhost") || strings.Contains(string(out), mailPassword) {
				t.Errorf("a server that takes no mail: %v\n%s", err, out)
			}
			server.refuse(false)
			forget(t, s)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					if out, err := alerts().CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, out)
					}
				})
			}
			group.Wait()
			if out, err := alerts().CombinedOutput(); err != nil || !strings.Contains(string(out), "nothing to warn of") {
				t.Errorf("again: %v\n%s", err, out)
			}
			var to []string
			for _, m := range server.all() {
				first, text, _ := strings.Cut(m, "\n")
				to = append(to, first)
				if !strings.Contains(text, "It is used by job members with template storecard (2 passes signed)") || !strings.Contains(text, "passmill cert request --pass-type pass.com.example.pretend") {
					t.Errorf("mail: %s", text)
				}
			}
			slices.Sort(to)
			if want := []string{"contact@example.com", "operator@example.com"}; !slices.Equal(to, want) {
				t.Errorf("mailed %q, want %q", to, want)
			}
			if out, err := alerts("--test").CombinedOutput(); err != nil || !strings.Contains(string(out), "has taken a test mail to operator@example.com") {
				t.Errorf("test mail: %v\n%s", err, out)
			}
		})
	}
}

// forget lets the claim of the process before lapse, as a quarter of an hour would.
func forget(t *testing.T, s *sandbox) {
	t.Helper()
	space, err := findWorkspace(s.dir, s.database)
	if err != nil {
		t.Fatal(err)
	}
	db, err := space.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	alerts, err := db.Alerts(t.Context())
	if err != nil || len(alerts) != 1 {
		t.Fatalf("alerts %+v, %v", alerts, err)
	}
	a := alerts[0]
	if mine, err := db.ClaimAlert(t.Context(), a.Entry, a.Certificate, a.Step, time.Now().Add(-time.Hour), -2*time.Hour); err != nil || !mine {
		t.Fatalf("claim: %v, %v", mine, err)
	}
}

// TestMailSettings: what is wrong with the settings is told before anything is
// claimed, all at once.
func TestMailSettings(t *testing.T) {
	s := newSandbox(t, 1, "")
	for settings, want := range map[string][]string{
		`{server: smtp.example.com, tls: maybe, operator: "a b"}`:                                                  {"host:port", `tls: is "maybe"`, "operator: mail address", "from: is missing"},
		`{server: "smtp.example.com:25", from: a@example.com, tls: none}`:                                          {"only a server on this machine"},
		`{server: "smtp.example.com:465", from: a@example.com, user: u}`:                                           {"has user: and no password"},
		`{server: "smtp.example.com:465", from: a@example.com, passwordEnv: X}`:                                    {"no user:"},
		`{server: "smtp.example.com:465", from: a@example.com, user: u, passwordEnv: NO_SUCH_VARIABLE_HERE}`:       {"the environment has no variable NO_SUCH_VARIABLE_HERE"},
		`{server: "smtp.example.com:465", from: "a\nb <a@example.com>", user: u, passwordFile: x, passwordEnv: y}`: {"keep one", "from:"},
		`{sever: x}`: {`unknown key "sever"`},
	} {
		s.write("passmill.yaml", "mail: "+settings+"\n")
		space, err := findWorkspace(s.dir, "")
		if err == nil {
			_, err = space.mailbox()
		}
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v; want %q", settings, err, part)
			}
		}
	}
}
