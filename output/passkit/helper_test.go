package passkit_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/passkit"
	"passmill/sign"
)

const (
	typeID  = "pass.com.example.card"
	library = "0123456789abcdef0123456789abcdef"
)

var pushToken = strings.Repeat("ab", 32)

// A shop is a web service over a real ledger, with a maker that signs nothing.
type shop struct {
	t       *testing.T
	db      *ledger.DB
	dsn     string
	maker   *maker
	handler *passkit.Handler
	logged  *lines
	clock   *clock
	runs    int
}

// A clock is what a test says that time is.
type clock struct {
	mu sync.Mutex
	at time.Time // guarded by mu
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Lines are a log.
type lines struct {
	mu  sync.Mutex
	buf strings.Builder // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// open opens a shop; change may say what is special about its service.
func open(t *testing.T, change func(*passkit.Service)) *shop {
	t.Helper()
	s := &shop{t: t, dsn: filepath.Join(t.TempDir(), "passmill.db"), maker: &maker{signer: "c1"}, logged: &lines{}}
	s.clock = &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	db, err := ledger.Open(t.Context(), s.dsn, ledger.Options{Now: s.clock.now})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	s.db, s.maker.db = db, db
	must(t, db.SaveTemplate(t.Context(), jobs.Hash{1}, "card", map[string][]byte{"template.json": []byte("{}")}))
	must(t, db.SaveRecipe(t.Context(), ledger.Recipe{Job: "members"}))
	must(t, db.SaveCertificate(t.Context(), sign.Certificate{ID: "c1", TypeID: typeID, TeamID: "TEAM", DER: []byte{1}}))
	service := passkit.Service{
		Store: db, Maker: s.maker, Prefix: "/wallet", Now: s.clock.now,
		Log: slog.New(slog.NewTextHandler(io.MultiWriter(s.logged, t.Output()), nil)),
	}
	if change != nil {
		change(&service)
	}
	s.handler = service.Handler()
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// make gives passes, by serial number, a new text.
func (s *shop) make(text string, serials ...string) {
	s.t.Helper()
	ctx := s.t.Context()
	s.runs++
	var staged []jobs.Staged
	for i, serial := range serials {
		sum := sha256.Sum256([]byte(serial + text))
		staged = append(staged, jobs.Staged{Row: i + 1, Serial: serial, Fingerprint: jobs.Hash(sum[:16]), Values: []byte(text), Name: serial + ".pkpass"})
	}
	run, err := s.db.Begin(ctx, jobs.RunKey{Job: "members", Source: jobs.Hash{byte(s.runs)}, Sink: "dir:out"}, s.clock.now())
	must(s.t, err)
	must(s.t, s.db.Stage(ctx, run.ID, jobs.Batch{Number: 1, Staged: staged}))
	_, err = s.db.Imported(ctx, run.ID)
	must(s.t, err)
	waiting, err := s.db.Waiting(ctx, run.ID, 0, len(serials)+1)
	must(s.t, err)
	var made []jobs.Made
	for _, w := range waiting {
		made = append(made, jobs.Made{Staged: w, TypeID: typeID, Template: jobs.Hash{1}, Certificate: "c1", Token: 1})
	}
	must(s.t, s.db.Commit(ctx, run.ID, "dir:out", made, nil))
	_, err = s.db.Finish(ctx, run.ID, jobs.RunDone, s.clock.now())
	must(s.t, err)
}

// A maker makes passes of what the ledger says.
type maker struct {
	db *ledger.DB

	mu     sync.Mutex // guards what follows
	signer string
	fails  error
	panics bool
	size   int // of passes; 0 for as long as their text
	made   map[string]int
	gate   chan struct{} // if not nil, each making waits for something to come out
}

func tokenOf(serial string) string { return "token-of-" + serial }

func (m *maker) Token(_ context.Context, _ int, _, serial string) (string, error) {
	return tokenOf(serial), nil
}

func (m *maker) Signer(context.Context, jobs.PassVersion, string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.signer, m.fails
}

func (m *maker) Make(ctx context.Context, v jobs.PassVersion, typeID, serial string) (passkit.Pass, error) {
	c, err := m.db.Content(ctx, typeID, serial)
	if err != nil {
		return passkit.Pass{}, err
	}
	m.mu.Lock()
	if m.made == nil {
		m.made = map[string]int{}
	}
	m.made[serial]++
	gate, fails, size, panics := m.gate, m.fails, m.size, m.panics
	m.mu.Unlock()
	if panics {
		panic("out of range")
	}
	if gate != nil {
		<-gate
	}
	if fails != nil {
		return passkit.Pass{}, fails
	}
	v.Change, v.Modified = c.Change, time.UnixMilli(c.Modified).UTC()
	data := c.Row.Values
	if size > 0 {
		data = make([]byte, size)
	}
	return passkit.Pass{Data: data, Version: v}, nil
}

func (m *maker) times(serial string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.made[serial]
}

func (m *maker) set(change func(m *maker)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

// An answer is what a phone got.
type answer struct {
	code   int
	body   string
	header http.Header
}

// call sends a request. header holds names and values.
func (s *shop) call(method, path, body string, header ...string) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, "/wallet/v1"+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Body.String(), w.Result().Header}
}

// The header of a phone that has the pass with a serial number.
func token(serial string) []string { return []string{"Authorization", "ApplePass " + tokenOf(serial)} }

func registrationPath(library, serial string) string {
	return "/devices/" + library + "/registrations/" + typeID + "/" + serial
}

func passPath(serial string) string { return "/passes/" + typeID + "/" + serial }

func (s *shop) register(library, serial, push string) answer {
	s.t.Helper()
	return s.call("POST", registrationPath(library, serial), `{"pushToken":"`+push+`"}`, token(serial)...)
}

// changed returns what a device is told since a tag, and the next tag.
func (s *shop) changed(library, tag string) (serials, next string) {
	s.t.Helper()
	a := s.call("GET", "/devices/"+library+"/registrations/"+typeID+"?passesUpdatedSince="+tag, "")
	if a.code == http.StatusNoContent && a.body == "" {
		return "", tag
	}
	var list struct {
		SerialNumbers []string `json:"serialNumbers"`
		LastUpdated   string   `json:"lastUpdated"`
	}
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.code != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		s.t.Fatalf("%+v, %v", a, err)
	}
	return fmt.Sprint(list.SerialNumbers), list.LastUpdated
}

func (s *shop) fetch(serial string, header ...string) answer {
	s.t.Helper()
	return s.call("GET", passPath(serial), "", append(token(serial), header...)...)
}
