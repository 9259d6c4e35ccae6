package passkit_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The faults of other servers, by which phones stay at an old version.

// TestListsAllThatChanged: not only the pass that changed last, but those that changed
// before it, too, and the next tag is of the last.
func TestListsAllThatChanged(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A", "B", "C", "D")
	for _, serial := range []string{"A", "B", "C"} {
		s.register(library, serial, pushToken)
	}
	_, tag := s.changed(library, "")
	s.make("two", "A")
	s.clock.pass(time.Hour)
	s.make("two", "C", "D")
	serials, next := s.changed(library, tag)
	if serials != "[A C]" {
		t.Errorf("told of %s, want [A C]", serials)
	}
	if serials, _ := s.changed(library, next); serials != "" {
		t.Errorf("told of %s again", serials)
	}
}

// TestNewPushTokenReplacesTheOld: a device that is known is answered 200, and pushed
// where it says now.
func TestNewPushTokenReplacesTheOld(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	other := strings.Repeat("cd", 32)
	for i, c := range []struct {
		push string
		code int
	}{{pushToken, http.StatusCreated}, {pushToken, http.StatusOK}, {other, http.StatusOK}} {
		if a := s.register(library, "A", c.push); a.code != c.code {
			t.Errorf("time %d: %+v", i, a)
		}
		if got := s.one(`SELECT push_token FROM subscriptions`); got != c.push {
			t.Errorf("time %d: pushes go to %s, want %s", i, got, c.push)
		}
	}
}

// TestTwoDevicesOneToken: the same push token under two devices is two devices.
func TestTwoDevicesOneToken(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	if a, b := s.register("d1", "A", pushToken), s.register("d2", "A", pushToken); a.code != http.StatusCreated || b.code != http.StatusCreated {
		t.Errorf("%+v, %+v", a, b)
	}
	if n := s.one(`SELECT COUNT(*) FROM subscriptions`); n != "2" {
		t.Errorf("%s subscriptions", n)
	}
}

// TestDateIsADate: what the phone sends back is the date that it was given, in the form
// of HTTP, and means that it has this version.
func TestDateIsADate(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	first := s.fetch("A")
	date, tag := first.header.Get("Last-Modified"), first.header.Get("ETag")
	if first.code != http.StatusOK || first.body != "one" || date != "Sat, 21 Nov 2026 12:00:00 GMT" || tag == "" {
		t.Fatalf("%+v", first)
	}
	for _, c := range []struct {
		why    string
		header []string
		code   int
	}{
		{"the date", []string{"If-Modified-Since", date}, http.StatusNotModified},
		{"a later date, of a version that a restored backup lost", []string{"If-Modified-Since", "Sat, 21 Nov 2026 12:00:09 GMT"}, http.StatusOK},
		{"an earlier date", []string{"If-Modified-Since", "Sat, 21 Nov 2026 11:59:59 GMT"}, http.StatusOK},
		{"the older forms of a date", []string{"If-Modified-Since", "Saturday, 21-Nov-26 12:00:00 GMT"}, http.StatusNotModified},
		{"seconds, which are no date", []string{"If-Modified-Since", "1800000000"}, http.StatusOK},
		{"the ETag", []string{"If-None-Match", tag}, http.StatusNotModified},
		{"the ETag among others", []string{"If-None-Match", `"x", ` + tag}, http.StatusNotModified},
		{"the ETag as a strong one", []string{"If-None-Match", strings.TrimPrefix(tag, "W/")}, http.StatusNotModified},
		{"another ETag, which counts more than a date", []string{"If-None-Match", `"x"`, "If-Modified-Since", date}, http.StatusOK},
	} {
		if a := s.fetch("A", c.header...); a.code != c.code || c.code == http.StatusNotModified && (a.body != "" || a.header.Get("ETag") != tag || a.header.Get("Last-Modified") != date) {
			t.Errorf("%s: %+v", c.why, a)
		}
	}
	if a := s.call("HEAD", passPath("A"), "", token("A")...); a.code != http.StatusOK || a.header.Get("Content-Length") != "3" {
		t.Errorf("HEAD: %+v", a)
	}
}

// TestTwoChangesInOneSecond: both are told, and the second is fetched.
func TestTwoChangesInOneSecond(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A", "B")
	s.register(library, "A", pushToken)
	s.register(library, "B", pushToken)
	_, tag := s.changed(library, "")
	date := s.fetch("A").header.Get("Last-Modified")
	for _, text := range []string{"two", "three"} {
		s.clock.pass(100 * time.Millisecond)
		s.make(text, "A")
		serials, next := s.changed(library, tag)
		if serials != "[A]" {
			t.Errorf("%s: told of %q", text, serials)
		}
		a := s.fetch("A", "If-Modified-Since", date)
		if a.code != http.StatusOK || a.body != text {
			t.Errorf("%s: %+v", text, a)
		}
		tag, date = next, a.header.Get("Last-Modified")
	}
	if a := s.fetch("A", "If-Modified-Since", date); a.code != http.StatusNotModified {
		t.Errorf("fetched for ever: %+v", a)
	}
}

// one returns the only value of a query behind the ledger's back.
func (s *shop) one(query string) (value string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.dsn)
	must(s.t, err)
	defer db.Close()
	must(s.t, db.QueryRow(query).Scan(&value))
	return value
}
