package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"passmill/sign/signtest"
	"passmill/sign/verify"
)

const pretendType = "pass.com.example.pretend"

// A walletTest is a server over a sandbox's ledger, as phones see it.
type walletTest struct {
	*sandbox
	serving *serving
	handler http.Handler
	tokens  map[string]string // by serial number
}

// wallet makes the sandbox's passes and returns a server for them, which runs in this
// process and listens nowhere.
func (s *sandbox) wallet() *walletTest {
	s.t.Helper()
	s.updated("https://passes.example.com")
	s.make()
	o := s.onDemand()
	c := &serveCommand{Listen: "127.0.0.1:0"}
	v, err := c.serving(s.t.Context(), o.db, o.space, slog.New(slog.NewJSONHandler(s.t.Output(), nil)))
	if err != nil {
		s.t.Fatal(err)
	}
	world, _, err := v.handlers(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	w := &walletTest{sandbox: s, serving: v, handler: world, tokens: map[string]string{}}
	for i := range s.rows {
		serial := fmt.Sprintf("M%05d", i)
		if w.tokens[serial], err = o.Token(s.t.Context(), 1, pretendType, serial); err != nil {
			s.t.Fatal(err)
		}
	}
	return w
}

// make runs the sandbox's job.
func (s *sandbox) make() {
	s.t.Helper()
	if out, err := s.command(nil, "make", "members.yaml").CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}

// call sends a request as a phone does that has the pass with a serial number.
func (w *walletTest) call(method, path, serial, body string, header ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, servicePath+"/v1"+path, strings.NewReader(body))
	if serial != "" {
		r.Header.Set("Authorization", "ApplePass "+w.tokens[serial])
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

func (w *walletTest) register(device, serial string) int {
	w.t.Helper()
	return w.call("POST", "/devices/"+device+"/registrations/"+pretendType+"/"+serial, serial, `{"pushToken":"`+strings.Repeat("ab", 32)+`"}`).StatusCode
}

// changed returns what a device is told since a tag.
func (w *walletTest) changed(device, tag string) (serials []string, next string) {
	w.t.Helper()
	res := w.call("GET", "/devices/"+device+"/registrations/"+pretendType+"?passesUpdatedSince="+tag, "", "")
	if res.StatusCode == http.StatusNoContent {
		return nil, tag
	}
	var list struct {
		SerialNumbers []string
		LastUpdated   string
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%d, %v", res.StatusCode, err)
	}
	return list.SerialNumbers, list.LastUpdated
}

func bodyOf(t *testing.T, res *http.Response) []byte {
	t.Helper()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// metric returns a value of the server's metrics.
func (w *walletTest) metric(name string) string {
	w.t.Helper()
	_, text := get(w.t, w.handler, "/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestWallet: a phone registers, hears of a changed row, and fetches the new version,
// which is whole; from the file that the run made, or pressed if that is not there.
func TestWallet(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			w := newSandbox(t, 4, database(t)).wallet()
			if a, b := w.register("d1", "M00001"), w.register("d1", "M00001"); a != http.StatusCreated || b != http.StatusOK {
				t.Errorf("registered: %d, then %d", a, b)
			}
			first := w.call("GET", "/passes/"+pretendType+"/M00001", "M00001", "")
			if first.StatusCode != http.StatusOK || first.Header.Get("Content-Type") != "application/vnd.apple.pkpass" {
				t.Fatalf("%d, %v", first.StatusCode, first.Header)
			}
			serials, tag := w.changed("d1", "")
			if fmt.Sprint(serials) != "[M00001]" {
				t.Errorf("without a tag: %v", serials)
			}
			if serials, _ := w.changed("d1", tag); serials != nil {
				t.Errorf("nothing has changed, and yet %v", serials)
			}
			w.members(func(i int) string { return []string{"Gold", "Silver"}[i%2] })
			w.make()
			if err := os.Remove(w.path("out/M00001.pkpass")); err != nil {
				t.Fatal(err)
			}
			serials, next := w.changed("d1", tag)
			if fmt.Sprint(serials) != "[M00001]" || next == tag {
				t.Errorf("after the change: %v, %s after %s", serials, next, tag)
			}
			res := w.call("GET", "/passes/"+pretendType+"/M00001", "M00001", "", "If-Modified-Since", first.Header.Get("Last-Modified"))
			data := bodyOf(t, res)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("%d %s", res.StatusCode, data)
			}
			for _, f := range verify.Pass(data, roots()).Findings {
				t.Errorf("the pass: %+v", f)
			}
			if text, _ := json.Marshal(passMembers(t, data)); !strings.Contains(string(text), "Silver") {
				t.Errorf("the phone shows an old version: %s", text)
			}
			for _, header := range [][]string{{"If-Modified-Since", res.Header.Get("Last-Modified")}, {"If-None-Match", res.Header.Get("ETag")}} {
				if again := w.call("GET", "/passes/"+pretendType+"/M00001", "M00001", "", header...); again.StatusCode != http.StatusNotModified {
					t.Errorf("%v: %d", header, again.StatusCode)
				}
			}
			if code := w.call("GET", "/passes/"+pretendType+"/M00003", "M00003", "").StatusCode; code != http.StatusOK {
				t.Errorf("another: %d", code)
			}
			for name, want := range map[string]string{
				`passmill_passes_fetched_total{from="file"}`: "2", `passmill_passes_fetched_total{from="pressed"}`: "1",
				`passmill_passes_fetched_total{from="failed"}`: "0", "passmill_devices": "1", "passmill_registrations": "1",
				`passmill_http_requests_total{pattern="POST /wallet/v1/devices/{device}/registrations/{type}/{serial}",status="201"}`: "1",
			} {
				if got := w.metric(name); got != want {
					t.Errorf("%s %s, want %s", name, got, want)
				}
			}
			res = w.call("DELETE", "/devices/d1/registrations/"+pretendType+"/M00001", "M00001", "")
			if res.StatusCode != http.StatusOK || w.metric("passmill_devices") != "0" {
				t.Errorf("unregistered: %d, and %s devices are left", res.StatusCode, w.metric("passmill_devices"))
			}
		})
	}
}

// TestWalletWithoutCertificate: a certificate that signs no more lets no phone go away
// empty that asks for what is there; what is not there it gets later, and the operator
// reads why.
func TestWalletWithoutCertificate(t *testing.T) {
	w := newSandbox(t, 2, "").wallet()
	w.write("pass.p12", "no certificate")
	if err := os.Remove(w.path("out/M00001.pkpass")); err != nil {
		t.Fatal(err)
	}
	if code := w.call("GET", "/passes/"+pretendType+"/M00000", "M00000", "").StatusCode; code != http.StatusOK {
		t.Errorf("the pass that is there: %d", code)
	}
	res := w.call("GET", "/passes/"+pretendType+"/M00001", "M00001", "")
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || strings.Contains(string(bodyOf(t, res)), "p12") {
		t.Errorf("the pass that is not: %d, %v", res.StatusCode, res.Header)
	}
	if n := w.metric(`passmill_passes_fetched_total{from="failed"}`); n != "1" {
		t.Errorf("%s failures are counted", n)
	}
	w.certificate(signtest.Options{EC: true})
	w.serving.now = func() time.Time { return time.Now().Add(refusedTime) }
	if code := w.call("GET", "/passes/"+pretendType+"/M00001", "M00001", "").StatusCode; code != http.StatusOK {
		t.Errorf("with a certificate again: %d", code)
	}
}

// TestRushIsSignedOnce: phones that were pushed all come at once, and each pass that
// changed is signed once.
func TestRushIsSignedOnce(t *testing.T) {
	w := newSandbox(t, 5, "").wallet()
	w.members(func(int) string { return "Silver" })
	w.make()
	if err := os.RemoveAll(w.path("out")); err != nil { // files would be sent as they are
		t.Fatal(err)
	}
	var phones sync.WaitGroup
	for i := range 100 {
		phones.Go(func() {
			serial := fmt.Sprintf("M%05d", i%5)
			if res := w.call("GET", "/passes/"+pretendType+"/"+serial, serial, ""); res.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", serial, res.StatusCode)
			}
		})
	}
	phones.Wait()
	if n := w.metric(`passmill_passes_fetched_total{from="pressed"}`); n != "5" {
		t.Errorf("five passes were signed %s times", n)
	}
}
