//go:build unix

package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// TestLinksServed: the whole server opens links, and its log says of none what it is.
func TestLinksServed(t *testing.T) {
	s := newSandbox(t, 3, "")
	s.linked("true")
	s.do("make", "members.yaml")
	links, _ := s.links()
	v := s.serve()
	for path, want := range map[string]int{
		links["M00001"]: http.StatusOK, links["M00001"] + "/pass.pkpass": http.StatusOK, links["M00002"] + "/passes.pkpasses": http.StatusOK,
		"/p/wrongcanarycode": http.StatusNotFound, "/p/M00001/pass.pkpass": http.StatusNotFound,
	} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, v.url+path, nil)
		must(t, err)
		r.Header.Set("User-Agent", safariPhone)
		answer, err := http.DefaultClient.Do(r)
		must(t, err)
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
		}
	}
	v.stop()
	log := v.log.String()
	for _, secret := range []string{strings.TrimPrefix(links["M00001"], "/p/"), strings.TrimPrefix(links["M00002"], "/p/"), "wrongcanarycode", "M0000"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	if !strings.Contains(log, `"pattern":"/p/{code}/pass.pkpass"`) {
		t.Errorf("the log:\n%s", log)
	}
}
