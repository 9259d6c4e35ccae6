package certapi_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/signtest"
)

// TestNoSecretComesOut sends keys and passwords in right and wrong requests, and
// looks for them in all answers, in the log, and in the ledger.
func TestNoSecretComesOut(t *testing.T) {
	s := newService(t)
	issued, err := signtest.Shared().Issue(signtest.Options{TypeID: "pass.com.example.a"})
	must(t, err)
	data, err := issued.P12(signtest.LegacyDES, password)
	must(t, err)
	private := issued.Key.(*rsa.PrivateKey)
	file := base64.StdEncoding.EncodeToString(data)
	canaries := [][]byte{[]byte(password), []byte(file[200:232]), private.D.Bytes()[:32], private.Primes[0].Bytes()[:32]}
	for _, k := range s.keys {
		canaries = append(canaries, []byte(k))
	}
	const wrong = "canary-of-a-wrong-one"
	canaries = append(canaries, []byte(wrong))

	var seen bytes.Buffer
	note := func(q request) answer {
		a := s.send(t, q)
		seen.WriteString(a.body)
		must(t, a.header.Write(&seen))
		return a
	}
	post := func(members map[string]any, header map[string]string) answer {
		return note(request{method: "POST", path: collection, as: "account", members: members, header: header})
	}
	post(map[string]any{"certificate": file, "password": wrong}, map[string]string{"Idempotency-Key": "wrong"})
	post(map[string]any{"certificate": file, "password": password, "password2": password}, nil)
	post(map[string]any{"certificate": file, "password": []string{password}}, nil)
	post(map[string]any{"certificate": map[string]string{"x": file}, "password": password}, nil)
	post(map[string]any{"certificate": file + "%", "password": password}, nil)
	post(map[string]any{"password": password}, nil)
	post(map[string]any{"certificate": file, "password": password, "enabled": password}, nil)
	note(request{method: "POST", path: collection, as: "account", body: `{"password": "` + password + `", "password": "` + password + `"`})
	note(request{method: "POST", path: collection, as: "account", body: password})
	c := post(map[string]any{"certificate": file, "password": password}, map[string]string{"Idempotency-Key": "right"}).certificate(t, http.StatusCreated)
	note(request{method: "GET", path: collection, as: "account"})
	note(request{method: "PUT", path: collection + "/" + c.ID, as: "account", members: map[string]any{"certificate": file, "password": password}})
	note(request{method: "GET", path: collection + "/" + c.ID, as: "account"})
	s.keys["account"] = wrong
	note(request{method: "GET", path: collection, as: "account"})

	seen.WriteString(s.log.String())
	seen.Write(folder(t, filepath.Dir(s.dsn)))
	for _, canary := range canaries {
		if i := bytes.Index(seen.Bytes(), canary); i >= 0 {
			t.Errorf("%q came out:\n%q", canary, seen.Bytes()[max(0, i-200):min(seen.Len(), i+100)])
		}
	}
	if !bytes.Contains(seen.Bytes(), []byte("pass.com.example.a")) {
		t.Error("nothing was looked through")
	}
}

// folder returns all bytes of the files in a folder.
func folder(t testing.TB, dir string) (all []byte) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		all = append(all, data...)
		return err
	}))
	return all
}

// brokenStore fails with a text that is nobody's business outside.
type brokenStore struct{ keyring.Store }

var errBroken = errors.New("disk /dev/sdz1 is on fire")

func (brokenStore) Entries(context.Context) ([]sign.Entry, error) { return nil, errBroken }

// TestOwnErrors: what goes wrong in the server is in its log, and a client is told
// no more than that.
func TestOwnErrors(t *testing.T) {
	s := newService(t)
	api, logged := s.api(), &log{}
	api.Log = slog.New(slog.NewJSONHandler(logged, nil))
	ring := api.Ring
	api.Ring = func(actor string) *keyring.Ring {
		r := ring(actor)
		r.Store = brokenStore{r.Store}
		return r
	}
	server := httptest.NewServer(api.Handler())
	defer server.Close()
	s.Server = server
	file := p12(t, typed("pass.com.example.a", 100))
	for _, q := range []request{
		{method: "GET", path: collection},
		{method: "GET", path: collection + "/1"},
		{method: "DELETE", path: collection + "/1"},
		{method: "PUT", path: collection + "/1", body: "{}"},
		{method: "POST", path: collection, members: map[string]any{"certificate": file, "password": password}, header: map[string]string{"Idempotency-Key": "one"}},
	} {
		q.as = "account"
		a := s.send(t, q)
		a.refuses(t, "", http.StatusInternalServerError)
		if strings.Contains(a.body, "sdz1") {
			t.Errorf("%s %s: the client is told %s", q.method, q.path, a.body)
		}
	}
	if n := strings.Count(logged.String(), "sdz1"); n != 5 {
		t.Errorf("%d errors are in the log, want 5:\n%s", n, logged)
	}
	s.start(t)
	a := s.send(t, request{method: "POST", path: collection, as: "account", members: map[string]any{"certificate": file, "password": password}, header: map[string]string{"Idempotency-Key": "one"}})
	if a.status != http.StatusCreated {
		t.Errorf("tried again after an error of the server's own: %d %s", a.status, a.body)
	}
}
