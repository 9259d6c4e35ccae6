package passkit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/output/passkit"
)

// TestStrangersLearnNothing: a wrong token, the token of another pass, a pass that isn't
// there and one of another type are answered alike, to the last header.
func TestStrangersLearnNothing(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A", "B")
	for _, c := range []struct{ method, tail string }{{"POST", "register"}, {"DELETE", "register"}, {"GET", "fetch"}, {"HEAD", "fetch"}} {
		ask := func(typeID, serial, authorization string) answer {
			path := "/passes/" + typeID + "/" + serial
			if c.tail == "register" {
				path = "/devices/" + library + "/registrations/" + typeID + "/" + serial
			}
			return s.call(c.method, path, `{"pushToken":"`+pushToken+`"}`, "Authorization", authorization)
		}
		want := ask(typeID, "A", "ApplePass wrong")
		if want.code != http.StatusUnauthorized || want.header.Get("WWW-Authenticate") != "ApplePass" {
			t.Errorf("%s: %+v", c.method, want)
		}
		for why, got := range map[string]answer{
			"another pass's token":        ask(typeID, "A", "ApplePass "+tokenOf("B")),
			"a pass that isn't there":     ask(typeID, "X", "ApplePass "+tokenOf("X")),
			"another type":                ask("pass.com.example.other", "A", "ApplePass "+tokenOf("A")),
			"no token":                    ask(typeID, "A", ""),
			"an empty token":              ask(typeID, "A", "ApplePass "),
			"another scheme":              ask(typeID, "A", "Basic "+tokenOf("A")),
			"a serial number with a NUL":  ask(typeID, "A%00", "ApplePass "+tokenOf("A")),
			"a serial number of 300":      ask(typeID, strings.Repeat("A", 300), "ApplePass "+tokenOf("A")),
			"a serial number of no UTF-8": ask(typeID, "%ff", "ApplePass "+tokenOf("A")),
		} {
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s: %+v, and a wrong token: %+v", c.method, why, got, want)
			}
		}
		if a := ask(typeID, "A", "bearer "+tokenOf("A")); a.code == http.StatusUnauthorized {
			t.Errorf("%s with the older Bearer: %+v", c.method, a)
		}
	}
	for _, tail := range []string{"", "?passesUpdatedSince=nonsense"} {
		if a := s.call("GET", "/devices/nobody/registrations/"+typeID+tail, ""); a.code != http.StatusNoContent {
			t.Errorf("a device that nobody knows: %+v", a)
		}
	}
}

// TestTags: what is no tag, or not one of ours, means everything.
func TestTags(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	s.register(library, "A", pushToken)
	_, tag := s.changed(library, "")
	epoch, number, _ := strings.Cut(tag, ".")
	for _, wrong := range []string{"", "0", "17", number, epoch, epoch + ".", epoch + ".-1", epoch + ".x", epoch + ".999", "other." + number, "%00", tag + ".1", "2026-11-21"} {
		if serials, next := s.changed(library, wrong); serials != "[A]" || next != tag {
			t.Errorf("since %q: %q, %s", wrong, serials, next)
		}
	}
	if serials, _ := s.changed(library, tag); serials != "" {
		t.Errorf("since the tag: %s", serials)
	}
}

// TestBounds: bodies, push tokens and the number of devices are bounded, and what is
// wrong is said.
func TestBounds(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	for why, c := range map[string]struct {
		body string
		code int
	}{
		"no JSON":              {"pushToken=abc", http.StatusBadRequest},
		"nothing":              {"", http.StatusBadRequest},
		"no token":             {"{}", http.StatusBadRequest},
		"no hexadecimal":       {`{"pushToken":"` + strings.Repeat("xy", 32) + `"}`, http.StatusBadRequest},
		"a short token":        {`{"pushToken":"abcd"}`, http.StatusBadRequest},
		"a long token":         {`{"pushToken":"` + strings.Repeat("a", 201) + `"}`, http.StatusBadRequest},
		"a long body":          {`{"x":"` + strings.Repeat("a", 5000) + `","pushToken":"` + pushToken + `"}`, http.StatusRequestEntityTooLarge},
		"a member of tomorrow": {`{"pushToken":"` + pushToken + `","next":1}`, http.StatusCreated},
	} {
		if a := s.call("POST", registrationPath(library, "A"), c.body, token("A")...); a.code != c.code {
			t.Errorf("%s: %+v, want %d", why, a, c.code)
		}
	}
	if a := s.call("POST", registrationPath(strings.Repeat("d", 300), "A"), `{"pushToken":"`+pushToken+`"}`, token("A")...); a.code != http.StatusBadRequest {
		t.Errorf("a long device: %+v", a)
	}
	for i := 1; i < 60; i++ {
		want := http.StatusCreated
		if i >= 50 {
			want = http.StatusForbidden
		}
		if a := s.register(fmt.Sprint("device", i), "A", pushToken); a.code != want {
			t.Errorf("device %d: %+v", i+1, a)
		}
	}
	if !strings.Contains(s.logged.String(), "a device more than a pass may have") {
		t.Error("the operator does not hear of it")
	}
	if a := s.register(library, "A", pushToken); a.code != http.StatusOK {
		t.Errorf("one of the fifty: %+v", a)
	}
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{"PUT", "/log", http.StatusMethodNotAllowed}, {"GET", "/nothing", http.StatusNotFound}, {"POST", passPath("A"), http.StatusMethodNotAllowed},
		{"POST", passPath("A") + "/personalize", http.StatusNotImplemented},
	} {
		if a := s.call(c.method, c.path, "", token("A")...); a.code != c.code {
			t.Errorf("%s %s: %+v", c.method, c.path, a)
		}
	}
}

// TestWrongTokensWait: who tries many tokens is told to wait with wrong ones, by the
// address before a proxy; right ones are taken all the same.
func TestWrongTokensWait(t *testing.T) {
	s := open(t, func(s *passkit.Service) { s.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	s.make("one", "A")
	try := func(from, authorization string) answer {
		return s.call("GET", passPath("A"), "", "Authorization", authorization, "X-Forwarded-For", from)
	}
	for i := range 62 {
		want := http.StatusUnauthorized
		if i >= 60 {
			want = http.StatusTooManyRequests
		}
		if a := try("198.51.100.1", "ApplePass wrong"); a.code != want || (a.header.Get("Retry-After") != "") != (i >= 60) {
			t.Fatalf("time %d: %+v", i, a)
		}
	}
	if a := try("198.51.100.1", "ApplePass "+tokenOf("A")); a.code != http.StatusOK {
		t.Errorf("the right token: %+v", a)
	}
	if a := try("198.51.100.2", "ApplePass wrong"); a.code != http.StatusUnauthorized {
		t.Errorf("another address: %+v", a)
	}
	s.clock.pass(61 * time.Second)
	if a := try("198.51.100.1", "ApplePass wrong"); a.code != http.StatusUnauthorized {
		t.Errorf("later: %+v", a)
	}
}

// TestLog: what phones say is kept by pass and device, bounded, without the identifier
// of the device and what else is secret.
func TestLog(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	say := func(list ...string) answer {
		body, err := json.Marshal(map[string]any{"logs": list})
		must(t, err)
		return s.call("POST", "/log", string(body))
	}
	task := "[2026-11-21 13:00:00 +0100] Register task (for device " + library + ", pass type " + typeID + ", serial number A; with web service url " +
		"https://passes.example.com/wallet) encountered error: Unexpected response code 500"
	if a := say(task, "ApplePass "+strings.Repeat("k", 43)+" \x1b[31mred\n"+pushToken); a.code != http.StatusOK {
		t.Fatalf("%+v", a)
	}
	kept, err := s.db.PhoneLines(t.Context(), "", 10)
	must(t, err)
	if len(kept) != 2 || kept[1].Serial != "A" || kept[1].TypeID != typeID || len(kept[1].Device) != 12 || !strings.Contains(kept[1].Text, "for device "+kept[1].Device+", pass type") {
		t.Errorf("kept %+v", kept)
	}
	if want := `[redacted] \x1b[31mred\n[redacted]`; kept[0].Text != want {
		t.Errorf("kept %q, want %q", kept[0].Text, want)
	}
	long := slices.Repeat([]string{"x"}, 30)
	long[0] = strings.Repeat("ö", 2000)
	say(long...)
	if kept, _ = s.db.PhoneLines(t.Context(), "", 100); len(kept) != 22 || len(kept[19].Text) > 1003 {
		t.Errorf("%d lines are kept, the long one with %d bytes", len(kept), len(kept[19].Text))
	}
	if a := say(strings.Repeat("x", 65<<10)); a.code != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body: %+v", a)
	}
	for _, nothing := range []string{`{}`, `{"logs":[]}`} {
		if a := s.call("POST", "/log", nothing); a.code != http.StatusOK {
			t.Errorf("%s: %+v", nothing, a)
		}
	}
	code := 0
	for range 30 {
		code = say("x").code
	}
	if code != http.StatusTooManyRequests {
		t.Errorf("after many calls: %d", code)
	}
	s.clock.pass(61 * time.Second)
	if a := say("x"); a.code != http.StatusOK {
		t.Errorf("later: %+v", a)
	}
}

// TestNoSecretIsKept: neither the ledger nor a log holds a token or the identifier of a
// device, whatever fails.
func TestNoSecretIsKept(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	s.register(library, "A", pushToken)
	s.changed(library, "")
	s.maker.set(func(m *maker) { m.fails = errors.New("the certificate has expired") })
	if a := s.fetch("A"); a.code != http.StatusServiceUnavailable || strings.Contains(a.body, "certificate") {
		t.Errorf("a pass that can't be made: %+v", a)
	}
	if !strings.Contains(s.logged.String(), "the certificate has expired") {
		t.Error("the operator does not hear of it")
	}
	s.call("POST", "/log", `{"logs":["device `+library+` and again `+library+`"]}`)
	s.call("POST", registrationPath(library, "A"), "{", token("A")...)
	must(t, s.db.Close())
	if code := s.register(library, "A", pushToken).code; code != http.StatusServiceUnavailable {
		t.Errorf("without a ledger: %d", code)
	}
	files, err := os.ReadFile(s.dsn)
	must(t, err)
	for what, text := range map[string]string{"ledger": string(files), "log": s.logged.String()} {
		for _, secret := range []string{library, tokenOf("A")} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: holds %s", what, secret)
			}
		}
	}
	if strings.Contains(s.logged.String(), pushToken) {
		t.Error("the log holds a push token")
	}
}

// TestToldOnceItIsOnItsWay: a device that went away before its answer was not told, and
// is pushed again.
func TestToldOnceItIsOnItsWay(t *testing.T) {
	s := open(t, nil)
	s.make("one", "A")
	s.register(library, "A", pushToken)
	s.make("two", "A")
	ask := func(w http.ResponseWriter) {
		s.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/wallet/v1/devices/"+library+"/registrations/"+typeID, nil))
	}
	ask(goneWriter{httptest.NewRecorder()})
	if told := s.one(`SELECT told FROM subscriptions`); told != "0" {
		t.Errorf("told up to %s what never arrived", told)
	}
	ask(httptest.NewRecorder())
	if told, due := s.one(`SELECT told FROM subscriptions`), s.one(`SELECT due FROM subscriptions`); told != "2" || due != "0" {
		t.Errorf("told up to %s, due %s", told, due)
	}
}

// A goneWriter writes to a connection that is no more.
type goneWriter struct{ *httptest.ResponseRecorder }

func (goneWriter) FlushError() error { return context.Canceled }
