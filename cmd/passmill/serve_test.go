package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/jobs/ledger"
	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/signtest"
)

// newServing is a server over a ledger and a key of its own, which does not listen.
func newServing(t *testing.T, c *serveCommand) *serving {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	if code := run(t.Context(), []string{"key", "init"}, io.Discard, io.Discard); code != exitDone {
		t.Fatal("no key-encryption key")
	}
	space := workspace{dir: dir, database: filepath.Join(dir, ledgerFile)}
	db, err := ledger.Open(t.Context(), space.database, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := c.serving(t.Context(), db, space, slog.New(slog.NewJSONHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keep puts a certificate of a type into the registry of a server.
func (s *serving) keep(t *testing.T, tenant, typeID string, days int) {
	t.Helper()
	issued, err := signtest.Shared().Issue(signtest.Options{TypeID: typeID, EC: true, NotAfter: time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	p12, err := issued.P12(signtest.Modern, "")
	if err != nil {
		t.Fatal(err)
	}
	ring := newRing(t.Context(), s.db, s.space)
	ring.Read = sign.Read // this process is the test's, which can't be started again as the program
	_, err = ring.Import(t.Context(), keyring.Import{Kind: sign.KindPass, Tenant: tenant, Certificate: sign.File{Name: "x.p12", Data: p12}})
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w.Code, w.Body.String()
}

// TestHealth: certificates that expire soon or have expired are named, in /healthz
// and in the metrics, with whose they are; that is no reason to restart. A ledger
// that does not answer is.
func TestHealth(t *testing.T) {
	s := newServing(t, &serveCommand{Listen: "127.0.0.1:0"})
	s.keep(t, "", "pass.com.example.long", 200)
	s.keep(t, "north", "pass.com.example.soon", 30)
	s.keep(t, "", "pass.com.example.sooner", 6)
	world, ops, err := s.handlers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	look := func(want string, days map[string]int) {
		t.Helper()
		code, body := get(t, world, "/healthz")
		var h health
		if err := json.Unmarshal([]byte(body), &h); err != nil || code != http.StatusOK || h.Status != want {
			t.Errorf("%d %s (%v), want %s", code, body, err, want)
		}
		got := map[string]int{}
		for _, c := range h.Certificates {
			got[c.BaseName+c.Tenant] = c.DaysLeft
		}
		for name, left := range days {
			if got[name] != left || len(got) != len(days) {
				t.Errorf("days left %v, want %v", got, days)
			}
		}
	}
	look("expiring", map[string]int{"pass.com.example.soonnorth": 30, "pass.com.example.sooner": 6})
	s.now = func() time.Time { return time.Now().AddDate(0, 0, 10) }
	look("expired", map[string]int{"pass.com.example.soonnorth": 20, "pass.com.example.sooner": -4})
	_, metrics := get(t, world, "/metrics")
	for _, want := range []string{
		`passmill_certificate_expiry_days{base_name="pass.com.example.soon",kind="pass",team="PRETEND123",tenant="north"} 20.`,
		`passmill_certificate_expiry_days{base_name="pass.com.example.sooner",kind="pass",team="PRETEND123",tenant=""} -3.9`,
		`passmill_http_requests_total{pattern="GET /healthz",status="200"} 2`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s:\n%s", want, metrics)
		}
	}
	if code, body := get(t, ops, "/healthz"); code != http.StatusNotFound {
		t.Errorf("operations that have no address of their own: %d %s", code, body)
	}
	s.db.Close()
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := get(t, world, path); code != http.StatusServiceUnavailable || !strings.Contains(body, `"down"`) {
			t.Errorf("%s without a ledger: %d %s", path, code, body)
		}
	}
	if _, body := get(t, world, "/metrics"); !strings.Contains(body, "passmill_ledger_up 0") || strings.Contains(body, "expiry_days{") {
		t.Errorf("metrics without a ledger:\n%s", body)
	}
}

// TestStrangersSeeNoNames: on an address that others reach, what names certificates
// is nowhere, or on the address that was given for it.
func TestStrangersSeeNoNames(t *testing.T) {
	for _, c := range []*serveCommand{{Listen: "0.0.0.0:0", PlainHTTP: true}, {Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0"}} {
		world, ops, err := newServing(t, c).handlers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			if code, _ := get(t, world, path); code != http.StatusNotFound {
				t.Errorf("%s on %s: %d", path, c.Listen, code)
			}
			if code, body := get(t, ops, path); code != http.StatusOK {
				t.Errorf("%s for operations: %d %s", path, code, body)
			}
		}
		if code, _ := get(t, world, "/v1/certificates"); code != http.StatusUnauthorized {
			t.Errorf("the API on %s: %d", c.Listen, code)
		}
	}
}

// TestPendingMigrations: a server refuses a ledger that lags behind and names the
// command, which makes it serve.
func TestPendingMigrations(t *testing.T) {
	firstMigration, err := os.ReadFile("../../jobs/ledger/migrations/sqlite/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	s := newServing(t, &serveCommand{})
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	oldLedger(t, s.space.database, firstMigration)
	serve := func() (int, string) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		stderr := watchedBuffer{when: `"msg":"serving"`, then: stop}
		code := run(ctx, []string{"serve", "--listen", "127.0.0.1:0"}, io.Discard, &stderr)
		return code, stderr.String()
	}
	if code, text := serve(); code != exitNotDone || !strings.Contains(text, "run: passmill migrate") {
		t.Errorf("got %d, %s", code, text)
	}
	if code := run(t.Context(), []string{"migrate"}, io.Discard, io.Discard); code != exitDone {
		t.Errorf("migrate: %d", code)
	}
	if code, text := serve(); code != exitDone {
		t.Errorf("after migrate: %d, %s", code, text)
	}
}

// oldLedger puts a ledger of the first version in the place of one.
func oldLedger(t *testing.T, file string, first []byte) {
	t.Helper()
	for _, name := range []string{file, file + "-wal", file + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	raw, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, query := range []string{
		string(first),
		`CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1)`,
		`INSERT INTO templates (version, name, created) VALUES (randomblob(16), 'card', 0)`, // an empty ledger is filled by whoever comes first
	} {
		if _, err := raw.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
}

// A watchedBuffer does something once a text was written to it.
type watchedBuffer struct {
	bytes.Buffer
	when string
	then func()
}

func (b *watchedBuffer) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(b.when)) {
		defer b.then()
	}
	return b.Buffer.Write(p)
}

// TestStopsInOrder: a request that has begun is answered when the server is told
// to stop, a new one isn't taken, and the server is not ready meanwhile.
func TestStopsInOrder(t *testing.T) {
	s := newServing(t, &serveCommand{Listen: "127.0.0.1:0"})
	begun, goOn := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		io.WriteString(w, "whole")
	})
	l, err := s.open(t.Context(), "127.0.0.1:0", slow, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.until(ctx, t.Context(), []listening{l}) }()
	got := make(chan string)
	go func() {
		res, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		got <- string(body)
	}()
	<-begun
	stop()
	for !s.stopping.Load() {
		time.Sleep(time.Millisecond) // the flag is set by another goroutine, over a real network
	}
	if code, body := get(t, s.readyz(), "/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "stopping") {
		t.Errorf("ready while stopping: %d %s", code, body)
	}
	close(goOn)
	if text := <-got; text != "whole" {
		t.Errorf("the request that had begun: %s", text)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + l.Addr().String()); err == nil {
		t.Error("a request was taken after the end")
	}
}

// TestServerIsBounded: no connection may take for ever, or send without end.
func TestServerIsBounded(t *testing.T) {
	s := newServing(t, &serveCommand{})
	l, err := s.open(t.Context(), "127.0.0.1:0", http.NotFoundHandler(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Listener.Close()
	times := []time.Duration{l.ReadHeaderTimeout, l.ReadTimeout, l.WriteTimeout, l.IdleTimeout}
	if slices.Min(times) <= 0 || slices.Max(times) > time.Minute || l.MaxHeaderBytes != 16<<10 {
		t.Errorf("times %v, header of %d bytes", times, l.MaxHeaderBytes)
	}
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "127.9.9.9:1": true, "[::ffff:127.0.0.1]:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "example.com:1": false, "127.0.0.1": false,
	} {
		if isLoopback(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}
