package certapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
	"passmill/sign/certapi"
	"passmill/sign/keyring"
	"passmill/sign/signtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A log keeps what is logged, for tests that look into it.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// A service is an API over a ledger of its own, with a clock that tests move.
type service struct {
	*httptest.Server
	dsn    string
	db     *ledger.DB
	log    *log
	keyset *keyring.Keyset
	keys   map[string]string // secrets by name

	mu  sync.Mutex
	now time.Time // guarded by mu
}

// The API keys of a service: names say whose they are and what they may do.
var apiKeys = []sign.APIKey{
	{Name: "account", Scopes: []sign.Scope{sign.ScopeRead, sign.ScopeWrite}},
	{Name: "account-reads", Scopes: []sign.Scope{sign.ScopeRead}},
	{Name: "account-writes", Scopes: []sign.Scope{sign.ScopeWrite}},
	{Name: "account-nothing"},
	{Name: "north", Scopes: []sign.Scope{sign.ScopeRead, sign.ScopeWrite}, Tenant: "north"},
	{Name: "north-reads", Scopes: []sign.Scope{sign.ScopeRead}, Tenant: "north"},
	{Name: "south", Scopes: []sign.Scope{sign.ScopeRead, sign.ScopeWrite}, Tenant: "south"},
}

func newService(t testing.TB) *service {
	t.Helper()
	return serviceOn(t, filepath.Join(t.TempDir(), "passmill.db"))
}

func serviceOn(t testing.TB, dsn string) *service {
	t.Helper()
	keyset, err := keyring.NewKeyset(1)
	must(t, err)
	s := &service{dsn: dsn, log: &log{}, keyset: keyset, keys: map[string]string{}, now: time.Now()}
	s.start(t)
	for _, k := range apiKeys {
		shown := sign.NewAPISecret()
		k.ID, k.Hash, k.Created = "id-"+k.Name, sign.HashAPIKey(shown), s.now
		must(t, s.db.AddAPIKey(t.Context(), k, sign.Event{At: s.now, Actor: "test"}))
		s.keys[k.Name] = shown.Reveal()
	}
	return s
}

// start opens the ledger and serves it, as a process does.
func (s *service) start(t testing.TB) {
	t.Helper()
	db, err := ledger.Open(t.Context(), s.dsn, ledger.Options{})
	must(t, err)
	s.db = db
	s.Server = httptest.NewServer(s.api().Handler())
	server := s.Server
	t.Cleanup(func() {
		server.Close()
		db.Close()
	})
}

func (s *service) api() certapi.API {
	return certapi.API{
		Ring: func(actor string) *keyring.Ring {
			return &keyring.Ring{Store: s.db, Keyset: func() (*keyring.Keyset, error) { return s.keyset, nil }, Actor: actor, Now: s.clock}
		},
		Keys: s.db, Answers: s.db, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Now: s.clock,
	}
}

func (s *service) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *service) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// A request is what a test sends. Members are those of the body.
type request struct {
	method, path string
	as           string // name of an API key
	members      map[string]any
	body         string // instead of members
	header       map[string]string
}

// An answer is what comes back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (s *service) send(t testing.TB, q request) answer {
	t.Helper()
	body := q.body
	if q.members != nil {
		text, err := json.Marshal(q.members)
		must(t, err)
		body = string(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), q.method, s.URL+q.path, strings.NewReader(body))
	must(t, err)
	if q.as != "" {
		r.SetBasicAuth(q.as, s.keys[q.as])
	}
	r.Header.Set("Api-Revision", "1.2")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return answer{res.StatusCode, res.Header, string(text)}
}

// certificate reads an answer that shows one.
func (a answer) certificate(t testing.TB, want int) (c certapi.Certificate) {
	t.Helper()
	a.read(t, want, &c)
	return c
}

func (a answer) read(t testing.TB, want int, v any) {
	t.Helper()
	if a.status != want {
		t.Fatalf("status %d, want %d\n%s", a.status, want, a.body)
	}
	must(t, json.Unmarshal([]byte(a.body), v))
}

// password opens all certificates of the tests.
const password = "hunter2-canary"

// p12 is a certificate of the pretend authority in base64.
func p12(t testing.TB, o signtest.Options) string {
	t.Helper()
	o.EC = true
	issued, err := signtest.Shared().Issue(o)
	must(t, err)
	data, err := issued.P12(signtest.Modern, password)
	must(t, err)
	return base64.StdEncoding.EncodeToString(data)
}

// typed are the options of a certificate of a type, which is valid some days.
func typed(typeID string, days int) signtest.Options {
	return signtest.Options{TypeID: typeID, NotAfter: time.Now().AddDate(0, 0, days)}
}

// add adds a certificate and returns it.
func (s *service) add(t testing.TB, as, typeID string) certapi.Certificate {
	t.Helper()
	return s.send(t, request{method: "POST", path: "/v1/certificates", as: as, members: map[string]any{
		"certificate": p12(t, typed(typeID, 100)), "password": password, "name": "Card " + typeID,
	}}).certificate(t, http.StatusCreated)
}

// use lets a certificate have signed passes of a job.
func (s *service) use(t testing.TB, c certapi.Certificate) {
	t.Helper()
	versions, err := s.db.Versions(t.Context(), c.ID)
	must(t, err)
	useCertificate(t, s.db, versions[0].Certificate.ID)
}
