//go:build unix

package main

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passmill/jobs/ledger"
	"passmill/sign/signtest"
)

// Canaries are secrets that must not be anywhere, in any form.
type canaries struct{ needles map[string][]byte }

// add keeps a secret, in the forms that it could leak in.
func (c *canaries) add(name string, secret []byte) {
	if c.needles == nil {
		c.needles = map[string][]byte{}
	}
	c.needles[name] = secret
	c.needles[name+" in hexadecimal"] = []byte(hex.EncodeToString(secret))
	c.needles[name+" in capital hexadecimal"] = []byte(strings.ToUpper(hex.EncodeToString(secret)))
	for shift := range 3 { // in the middle of something that is encoded
		padded := append(make([]byte, shift), secret...)
		for form, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := encoding.EncodeToString(padded)
			from := map[int]int{0: 0, 1: 2, 2: 3}[shift]
			c.needles[fmt.Sprint(name, " in ", form, " ", shift)] = []byte(text[from : len(text)-4])
		}
	}
	c.needles[name+" as a list of numbers"] = []byte(strings.Trim(fmt.Sprint(secret), "[]"))
}

// key keeps what makes a private key private.
func (c *canaries) key(name string, key any) {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		d, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		c.add(name, d)
	case *rsa.PrivateKey:
		c.add(name+", d", k.D.Bytes())
		c.add(name+", p", k.Primes[0].Bytes())
		c.add(name+", q", k.Primes[1].Bytes())
		c.needles[name+" in decimal"] = []byte(k.D.String())
	}
}

// look returns the canaries that are in data.
func (c *canaries) look(data []byte) (found []string) {
	for name, needle := range c.needles {
		if bytes.Contains(data, needle) {
			found = append(found, name)
		}
	}
	return found
}

// TestCanaries takes fifty certificates through everything that the program does with
// them, with keys and passwords that are known to the test, and looks for these in
// all that it wrote and said.
func TestCanaries(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly(t, database(t))
		})
	}
}

func fly(t *testing.T, database string) {
	var c canaries
	var said bytes.Buffer
	server := startMail(t)
	s := newSandbox(t, 3, database)
	for _, name := range []string{"pass.p12", "password.txt"} {
		if err := os.Remove(s.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	s.write("wwdr.pem", string(signtest.Shared().IntermediatePEM()))
	s.write("members.yaml", strings.Replace(mustRead(t, s.path("members.yaml")), "certificate: {p12: pass.p12, passwordFile: password.txt}\n", "", 1))
	server.settings(s)
	mailPass := "canary-" + rand.Text()
	c.add("the mail server's wrong password", []byte(mailPass))
	c.add("the mail server's password", []byte(mailPassword))
	outside := t.TempDir() // where users keep their files
	env := []string{"SSL_CERT_FILE=" + s.path("mail-root.pem")}
	do := func(works bool, extra []string, args ...string) {
		t.Helper()
		out, err := s.command(append(env, extra...), args...).CombinedOutput()
		fmt.Fprintf(&said, "%v\n%s\n", args, out)
		if (err == nil) != works {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	do(true, nil, "key", "init")
	open, err := ledger.Open(t.Context(), cmp.Or(database, s.path("passmill.db")), ledger.Options{}) // so that SQLite's log stays
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	keyset := func(when string) {
		for i, part := range strings.Split(strings.TrimSpace(mustRead(t, s.path("passmill.key"))), ".") {
			if i == 2 {
				c.add("the key-encryption key, "+when, []byte(part))
			}
		}
	}
	keyset("first")
	for n := range 50 {
		issued, err := signtest.Shared().Issue(signtest.Options{TypeID: fmt.Sprintf("pass.n%d", n), EC: n%10 > 0, NotAfter: time.Now().AddDate(0, 0, 20)})
		if err != nil {
			t.Fatal(err)
		}
		c.key(fmt.Sprintf("key %d", n), issued.Key)
		password := "canary-" + rand.Text()
		c.add(fmt.Sprintf("password %d", n), []byte(password))
		file := filepath.Join(outside, fmt.Sprintf("pass%d.p12", n))
		p12, err := issued.P12(signtest.Modern, password)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, p12, 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"cert", "import", "--intermediate", "wwdr.pem", "--password-env", "P", file}
		if n%5 == 0 {
			do(false, []string{"P=" + password + "x"}, args...)
			do(true, []string{"P=" + password}, append(args, "--dry-run")...)
		}
		do(true, []string{"P=" + password}, args...)
	}
	do(true, nil, "cert", "request", "--pass-type", "pass.n1", "--email", "a@example.com")
	api := s.serve()
	c.served(api, outside, &said)
	do(true, nil, "make", "members.yaml")
	do(true, nil, "check", "members.yaml")
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"show", "pass.n0"}, {"show", "--json", "pass.n0"}, {"history", "--limit", "0"}, {"history", "--json"}} {
		do(true, nil, append([]string{"cert"}, args...)...)
	}
	do(false, nil, "cert", "check")
	do(true, nil, "cert", "alerts")
	s.write("mail-password.txt", mailPass+"\n")
	do(false, nil, "cert", "alerts", "--test")
	s.write("mail-password.txt", "gone\n")
	do(true, nil, "backup", "backup-1")
	do(true, nil, "key", "rotate")
	keyset("second")
	api.tell(&said, "GET", "/v1/certificates?pageSize=100", "", nil) // by a server that has seen the key of before
	do(true, nil, "key", "list")
	do(true, nil, "make", "--force", "members.yaml")
	do(true, nil, "cert", "remove", "--force", "pass.n7")
	do(true, nil, "backup", "backup-2")
	do(false, []string{"PASSMILL_KEY=" + strings.Replace(mustRead(t, s.path("passmill.key")), ".", ".9", 1)}, "make", "--force", "members.yaml")
	files := c.walk(t, s, database == "")
	api.stop()
	said.WriteString(api.log.String())
	if err := open.Close(); err != nil {
		t.Error(err)
	}
	do(true, nil, "restore", "--force", "backup-1")
	do(true, nil, "fsck", "--root", "root.pem", "members.yaml")
	files += c.walk(t, s, false)
	if database != "" {
		files += c.dumps(t, s, "backup-1", "backup-2")
	}
	if found := c.look(said.Bytes()); len(found) > 0 {
		t.Errorf("said: %q", found)
	}
	for _, m := range server.all() {
		if found := c.look([]byte(m)); len(found) > 0 {
			t.Errorf("mailed: %q", found)
		}
	}
	if found := c.look([]byte(mustRead(t, s.path("passmill.key")))); len(found) == 0 {
		t.Error("the scan does not find the key-encryption key where it is")
	}
	t.Logf("%d forms of secrets looked for in %d bytes that were said, %d mails and %d files: 0 found", len(c.needles), said.Len(), len(server.all()), files)
}

// served does over the API what there is to do with certificates, keys and passwords,
// right and wrong, and takes down what it answers.
func (c *canaries) served(api *served, outside string, said *bytes.Buffer) {
	api.t.Helper()
	c.add("an API key", []byte(api.secret))
	wrong := "canary-" + rand.Text()
	c.add("a wrong API key", []byte(wrong))
	tell := func(method, path, as string, members map[string]any) int {
		api.t.Helper()
		return api.tell(said, method, path, as, members)
	}
	want := func(code, want int) {
		api.t.Helper()
		if code != want {
			api.t.Errorf("answered %d, want %d\n%s", code, want, said)
		}
	}
	for n := range 50 {
		name := fmt.Sprintf("pass%d.p12", n)
		p12 := base64.StdEncoding.EncodeToString([]byte(mustRead(api.t, filepath.Join(outside, name))))
		c.add(name, []byte(p12[100:164]))
		password := string(c.needles[fmt.Sprintf("password %d", n)])
		put := map[string]any{"certificate": p12, "password": password}
		want(tell("POST", "/v1/certificates", "", put), http.StatusOK) // it is there
		if n%10 > 0 {
			continue
		}
		want(tell("POST", "/v1/certificates", wrong, put), http.StatusUnauthorized)
		want(tell("POST", "/v1/certificates", "", map[string]any{"certificate": p12, "password": password + "x"}), http.StatusUnprocessableEntity)
		want(tell("POST", "/v1/certificates", "", map[string]any{"certificate": p12, "password": password, "passphrase": password}), http.StatusBadRequest)
		want(tell("POST", "/v1/certificates", "", map[string]any{"certificate": password, "password": p12}), http.StatusUnprocessableEntity)
		want(tell("PUT", "/v1/certificates/"+password, "", map[string]any{"certificate": p12, "password": password}), http.StatusNotFound)
		want(tell("GET", "/v1/certificates?password="+password, "", nil), http.StatusBadRequest)
		want(tell("DELETE", "/v1/certificates/"+password, "", nil), http.StatusNotFound)
	}
	for _, path := range []string{"/v1/certificates?pageSize=100", "/healthz", "/readyz", "/metrics", "/openapi.json"} {
		want(tell("GET", path, "", nil), http.StatusOK)
	}
}

// tell sends a request and takes down what is answered.
func (v *served) tell(said *bytes.Buffer, method, path, as string, members map[string]any) int {
	v.t.Helper()
	code, body := v.send(method, path, as, members)
	fmt.Fprintf(said, "%s: %d\n%s\n", method, code, body)
	return code
}

// walk looks into every file of the workspace but the one for the key.
func (c *canaries) walk(t *testing.T, s *sandbox, log bool) (files int) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(s.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "passmill.key" {
			return err
		}
		files++
		data, err := os.ReadFile(s.path(name))
		if found := c.look(data); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
		log = log && (name != "passmill.db-wal" || len(data) == 0)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if log {
		t.Error("there was no log of SQLite to look into")
	}
	return files
}

// dumps looks into backups of PostgreSQL, which are compressed, as SQL.
func (c *canaries) dumps(t *testing.T, s *sandbox, names ...string) int {
	t.Helper()
	for _, name := range names {
		out, err := exec.Command("pg_restore", "--file=-", s.path(name)).Output()
		if err != nil || !bytes.Contains(out, []byte("certificate_keys")) {
			t.Errorf("%s: %v", name, err)
		}
		if found := c.look(out); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
	}
	return len(names)
}

// TestCanariesSing: the scan finds a secret in every form that it could leak in.
func TestCanariesSing(t *testing.T) {
	secret := []byte("canary-" + rand.Text())
	var c canaries
	c.add("x", secret)
	for form, text := range map[string]string{
		"as it is":      "password: " + string(secret),
		"quoted":        fmt.Sprintf("%q", secret),
		"hexadecimal":   fmt.Sprintf("%x", "id"+string(secret)),
		"capitals":      fmt.Sprintf("%X", secret),
		"base64":        base64.StdEncoding.EncodeToString(append([]byte("ab"), secret...)),
		"base64, 1":     base64.StdEncoding.EncodeToString(append([]byte("a"), append(secret, "tail"...)...)),
		"base64url":     base64.URLEncoding.EncodeToString(append([]byte("abc"), secret...)),
		"numbers":       fmt.Sprint(secret),
		"a struct of %": fmt.Sprintf("%v", struct{ B []byte }{secret}),
	} {
		if len(c.look([]byte(text))) == 0 {
			t.Errorf("%s: not found in %s", form, text)
		}
	}
	if found := c.look([]byte("nothing of it")); len(found) > 0 {
		t.Errorf("found in nothing: %q", found)
	}
}
