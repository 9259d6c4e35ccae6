package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"passmill/output/webhook"
	"passmill/sign/secret"
)

// TestPost: what arrives is what was posted, signed over id, time and body.
func TestPost(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	key := []byte("a secret of thirty-two bytes, so")
	for _, text := range []string{string(key), "whsec_" + base64.StdEncoding.EncodeToString(key)} {
		h := &webhook.Hook{URL: server.URL + "/hook", Secret: secret.New(text), Agent: "passmill/1"}
		if err := h.Check(); err != nil {
			t.Fatal(err)
		}
		if err := h.Post(t.Context(), webhook.Event{ID: "slot-1", Body: []byte(`{"a":1}`)}, time.Unix(1_700_000_000, 0)); err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, `slot-1.1700000000.{"a":1}`)
		want := map[string]string{
			"Webhook-Id": "slot-1", "Webhook-Timestamp": "1700000000", "Content-Type": "application/json", "User-Agent": "passmill/1",
			"Webhook-Signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		}
		for name, value := range want {
			if got.Header.Get(name) != value {
				t.Errorf("%s: %q, want %q", name, got.Header.Get(name), value)
			}
		}
		if string(body) != `{"a":1}` || got.URL.Path != "/hook" || got.Method != http.MethodPost {
			t.Errorf("%s %s: %s", got.Method, got.URL, body)
		}
	}
}

// TestNotArrived: whatever is no good answer is an error, which does not quote the
// address; what sends elsewhere is not followed.
func TestNotArrived(t *testing.T) {
	reached := false
	mux := http.NewServeMux()
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { reached = true })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewServer(mux)
	for path, want := range map[string]string{"/moved?token=s3cret": "status 307", "/broken?token=s3cret": "status 500", "/cut?token=s3cret": "EOF"} {
		h := &webhook.Hook{URL: server.URL + path, Secret: secret.New("0123456789abcdef")}
		err := h.Post(t.Context(), webhook.Event{ID: "x", Body: []byte("{}")}, time.Now())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	server.Close()
	h := &webhook.Hook{URL: server.URL + "?token=s3cret", Secret: secret.New("0123456789abcdef")}
	if err := h.Post(t.Context(), webhook.Event{ID: "x"}, time.Now()); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("nobody there: %v", err)
	}
	if reached {
		t.Error("it went elsewhere")
	}
}

// TestCheck: what is wrong is told at once, without quoting it.
func TestCheck(t *testing.T) {
	for address, good := range map[string]bool{
		"https://example.com/hook": true, "http://127.0.0.1:9000/": true, "http://localhost/x": true, "http://[::1]:1/": true,
		"http://example.com/": false, "ftp://example.com": false, "example.com": false, "https://": false, "https://user:pass@example.com/": false, "": false, "http://127.0.0.1.example.com/": false,
	} {
		if err := (&webhook.Hook{URL: address, Secret: secret.New("0123456789abcdef")}).Check(); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
	err := (&webhook.Hook{URL: "ftp://s3cret", Secret: secret.New("short")}).Check()
	if err == nil || !strings.Contains(err.Error(), "url:") || !strings.Contains(err.Error(), "secret: is shorter") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
	if err := (&webhook.Hook{URL: "https://example.com", Secret: secret.New("whsec_!")}).Check(); err == nil || !strings.Contains(err.Error(), "no base64") {
		t.Errorf("got %v", err)
	}
}
