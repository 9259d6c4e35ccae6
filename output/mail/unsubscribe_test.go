package mail_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"passmill/jobs"
	ours "passmill/output/mail"
)

// TestLeaving: to look changes nothing, a POST does, and what is no mark is told so. While
// nobody can tell, or nothing can be written, whoever asks is to ask again.
func TestLeaving(t *testing.T) {
	var left []string
	mux := http.NewServeMux()
	h := ours.Leaving{
		Open: func(mark string) (string, bool, error) {
			if mark == "locked" {
				return "", false, errors.New("the keys can't be opened")
			}
			id, ok := strings.CutPrefix(mark, "good-")
			return id, ok, nil
		},
		Leave: func(_ context.Context, id string) error {
			switch id {
			case "gone":
				return jobs.ErrNotFound
			case "broken":
				return errors.New("disk full")
			}
			left = append(left, id)
			return nil
		},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}.Handler()
	for _, p := range ours.Patterns {
		mux.Handle(p, h)
	}
	for _, c := range []struct {
		method, mark, language string
		code                   int
		want                   string
		left                   int
	}{
		{"GET", "good-1", "", 200, `<form method="post">`, 0},
		{"HEAD", "good-1", "", 200, "", 0},
		{"GET", "good-1", "xx, de-AT;q=0.9, en", 200, `lang="de"`, 0},
		{"GET", "good-1", "ar", 200, `dir="rtl"`, 0},
		{"GET", "evil", "", 404, "This link is not valid", 0},
		{"POST", "evil", "", 404, "This link is not valid", 0},
		{"POST", "good-1", "", 200, "You get no more of these mails", 1},
		{"POST", "good-gone", "", 200, "You get no more of these mails", 0},
		{"POST", "good-broken", "", 503, "Service Unavailable", 0},
		{"POST", "locked", "", 503, "Service Unavailable", 0},
		{"GET", "locked", "", 503, "Service Unavailable", 0},
		{"PUT", "good-1", "", 405, "", 0},
	} {
		left = nil
		r := httptest.NewRequest(c.method, "/u/"+c.mark, strings.NewReader("List-Unsubscribe=One-Click"))
		r.Header.Set("Accept-Language", c.language)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if again := w.Header().Get("Retry-After"); (again != "") != (c.code == 503) {
			t.Errorf("%s %s: Retry-After %q", c.method, c.mark, again)
		}
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) || len(left) != c.left {
			t.Errorf("%s %s: %d, %d left, %s", c.method, c.mark, w.Code, len(left), w.Body)
		}
	}
}
