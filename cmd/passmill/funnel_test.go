package main

import (
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"passmill/jobs"
)

// TestFunnel lets a customer take all the steps, and reads what was counted.
func TestFunnel(t *testing.T) {
	s := mailed(t, startLetterBox(t), "a@example.com", "b@example.com")
	s.write("members.yaml", mustRead(t, s.path("members.yaml"))+"links: true\n")
	s.make()
	s.ok("mail", "members.yaml", "--confirm", "2")
	s.ok("links", "members.yaml", "--out", "links.csv")
	page := linkIn(t, s.path("links.csv"), 1)

	w := s.inProcess()
	const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
	w.browse("HEAD", page, mac)
	w.browse("GET", page, "Googlebot/2.1 (+http://www.google.com/bot.html)")
	w.browse("GET", page, mac)
	w.browse("GET", page+"/pass.pkpass", mac)
	w.browse("GET", page+"/pass.pkpass", mac) // the same device: a download that broke off
	if a, b := w.register("d1", "M00000"), w.register("d2", "M00000"); a != http.StatusCreated || b != http.StatusCreated {
		t.Fatalf("registered: %d, %d", a, b)
	}
	old := w.call("GET", "/passes/"+pretendType+"/M00000", "M00000", "").Header.Get("ETag") // counts: it had none
	w.call("GET", "/passes/"+pretendType+"/M00000", "M00000", "", "If-None-Match", old)
	w.call("HEAD", "/passes/"+pretendType+"/M00000", "M00000", "")
	s.write("members.csv", strings.ReplaceAll(mustRead(t, s.path("members.csv")), "Gold,0", "Gold,77"))
	s.make()
	if res := w.call("GET", "/passes/"+pretendType+"/M00000", "M00000", "", "If-None-Match", old); res.StatusCode != http.StatusOK {
		t.Fatalf("the newer version: %d", res.StatusCode)
	}
	for _, device := range []string{"d1", "d1", "d2"} {
		w.call("DELETE", "/devices/"+device+"/registrations/"+pretendType+"/M00000", "M00000", "")
	}
	w.register("d1", "M00000") // added again: no first time
	w.serving.steps.flush(t.Context())

	var got map[string]any
	if err := json.Unmarshal([]byte(s.ok("stats", "members", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	for step, want := range map[jobs.FunnelStep]float64{
		jobs.FunnelMade: 2, jobs.FunnelMailed: 2, jobs.FunnelOpened: 1, jobs.FunnelDownloaded: 1,
		jobs.FunnelInstalled: 1, jobs.FunnelUpdated: 2, jobs.FunnelRemoved: 1,
	} {
		if got[string(step)] != want {
			t.Errorf("%s: %v, want %v", step, got[string(step)], want)
		}
	}
}

// inProcess returns a server over the sandbox's ledger, which runs in this process and
// listens nowhere.
func (s *sandbox) inProcess() *walletTest {
	s.t.Helper()
	o := s.onDemand()
	v, err := (&serveCommand{Listen: "127.0.0.1:0"}).serving(s.t.Context(), o.db, o.space, slog.New(slog.NewJSONHandler(s.t.Output(), nil)))
	if err != nil {
		s.t.Fatal(err)
	}
	world, _, err := v.handlers(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	w := &walletTest{sandbox: s, serving: v, handler: world, tokens: map[string]string{}}
	for _, serial := range []string{"M00000", "M00001"} {
		if w.tokens[serial], err = o.Token(s.t.Context(), 1, pretendType, serial); err != nil {
			s.t.Fatal(err)
		}
	}
	return w
}

// browse asks for a page as a browser does, and returns the answer's status.
func (w *walletTest) browse(method, path, agent string) int {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, nil)
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Accept", "text/html")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code
}

// linkIn returns the path of the link in a line of a file that passmill links wrote.
func linkIn(t *testing.T, name string, line int) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range lines[line] {
		if path, ok := strings.CutPrefix(cell, "https://passes.example.com"); ok {
			return path
		}
	}
	t.Fatalf("no link in %q", lines[line])
	return ""
}
