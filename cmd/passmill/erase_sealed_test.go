package main

import (
	"net/http"
	"testing"
)

// TestEraseSealed: a sealed link that nobody has opened opens no more, by serial number
// or by an address that it carries.
func TestEraseSealed(t *testing.T) {
	s := newSandbox(t, 3, "")
	s.updated("https://passes.example.com")
	s.write("members.yaml", mustRead(t, s.path("members.yaml"))+"links: sealed\n")
	s.ok("links", "members.yaml", "--out", "links.csv")
	w := s.inProcess()
	const mac = "Mozilla/5.0 (Macintosh) Safari/605"
	s.ok("erase", "--serial", "M00001", "--job", "members", "--confirm")
	for i, want := range []bool{true, false, true} {
		if got := w.browse("GET", linkIn(t, s.path("links.csv"), i+1), mac); (got == http.StatusOK) != want {
			t.Errorf("link %d: %d", i, got)
		}
	}
	s.exits(exitPartly, "links", "members.yaml", "--out", "again.csv")
	s.says("is of a person who was erased", mustRead(t, s.path("again.csv")))
	s.ok("erase", "--lift", "M00001")
	if got := w.browse("GET", linkIn(t, s.path("links.csv"), 2), mac); got != http.StatusOK {
		t.Errorf("after she was let back: %d", got)
	}
}
