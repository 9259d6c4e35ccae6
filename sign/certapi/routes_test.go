package certapi_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"passmill/sign/certapi"
	"passmill/sign/signtest"
)

const collection = "/v1/certificates"

// TestLife takes a certificate from its first upload to its removal.
func TestLife(t *testing.T) {
	s := newService(t)
	a := s.send(t, request{method: "POST", path: collection, as: "account", members: map[string]any{
		"vendor": "Apple", "name": "Members", "comment": "of the club", "enabled": true, "default": false,
		"certificate": p12(t, typed("pass.com.example.a", 100)), "password": password,
	}})
	c := a.certificate(t, http.StatusCreated)
	if _, err := uuid.Parse(c.ID); err != nil || a.header.Get("Location") != collection+"/"+c.ID || a.header.Get("Api-Revision") != "1.2" {
		t.Errorf("id %q, header %v", c.ID, a.header)
	}
	want := certapi.Certificate{
		ID: c.ID, Vendor: "Apple", Name: "Members", BaseName: "pass.com.example.a", Comment: "of the club", TeamIdentifier: "PRETEND123",
		Enabled: true, Default: true, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, ValidityStart: c.ValidityStart, ValidityEnd: c.ValidityEnd,
		Templates: []certapi.Template{},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}
	if days := time.Until(c.ValidityEnd).Hours() / 24; days < 99 || days > 100 || !c.CreatedAt.Equal(c.UpdatedAt) {
		t.Errorf("valid for %v days, created %v, updated %v", days, c.CreatedAt, c.UpdatedAt)
	}

	s.pass(time.Hour)
	longer := p12(t, typed("pass.com.example.a", 200))
	renewed := s.send(t, request{method: "POST", path: collection, as: "account", members: map[string]any{"certificate": longer, "password": password}}).certificate(t, http.StatusOK)
	if renewed.ID != c.ID || renewed.Name != "Members" || renewed.Comment != "of the club" || !renewed.ValidityEnd.After(c.ValidityEnd) ||
		!renewed.CreatedAt.Equal(c.CreatedAt) || !renewed.UpdatedAt.After(c.UpdatedAt) {
		t.Errorf("renewed: %+v", renewed)
	}
	again := s.send(t, request{method: "POST", path: collection, as: "account", members: map[string]any{"certificate": longer, "password": password}}).certificate(t, http.StatusOK)
	if diff := cmp.Diff(renewed, again); diff != "" {
		t.Errorf("the very same again (-want +got):\n%s", diff)
	}

	s.use(t, c)
	shown := s.send(t, request{method: "GET", path: collection + "/" + c.ID, as: "account"}).certificate(t, http.StatusOK)
	if diff := cmp.Diff([]certapi.Template{{ID: "storecard", Name: "storecard"}}, shown.Templates); diff != "" {
		t.Errorf("templates (-want +got):\n%s", diff)
	}
	var refused certapi.Problem
	s.send(t, request{method: "DELETE", path: collection + "/" + c.ID, as: "account"}).read(t, http.StatusConflict, &refused)
	if diff := cmp.Diff(&certapi.Users{Jobs: []string{"members"}, Templates: []string{"storecard"}}, refused.UsedBy); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	if a := s.send(t, request{method: "DELETE", path: collection + "/" + c.ID + "?force=true", as: "account"}); a.status != http.StatusNoContent || a.body != "" {
		t.Errorf("removed: %d %s", a.status, a.body)
	}
	if a := s.send(t, request{method: "GET", path: collection + "/" + c.ID, as: "account"}); a.status != http.StatusNotFound {
		t.Errorf("after it was removed: %d", a.status)
	}
	if text := s.log.String(); text != "" {
		t.Errorf("logged: %s", text)
	}
}

// TestChange: what PUT does with members that are absent, null, or have a value.
func TestChange(t *testing.T) {
	s := newService(t)
	first, second := s.add(t, "account", "pass.com.example.a"), s.add(t, "account", "pass.com.example.b")
	if !first.Default || second.Default {
		t.Fatalf("defaults %v, %v", first.Default, second.Default)
	}
	path := collection + "/" + second.ID
	put := func(body string, want int) certapi.Certificate {
		t.Helper()
		s.pass(time.Second)
		return s.send(t, request{method: "PUT", path: path, as: "account", body: body}).certificate(t, want)
	}
	last := second
	for _, test := range []struct {
		body              string
		name, comment     string
		enabled, standard bool
	}{
		{`{"name": "N", "comment": "two\nlines"}`, "N", "two\nlines", true, false},
		{`{"name": null, "comment": null}`, "N", "two\nlines", true, false},
		{`{"name": null, "comment": null, "enabled": null, "default": null}`, "N", "two\nlines", true, false},
		{`{"name": null}`, "N", "", true, false},
		{`{"comment": "c"}`, "", "c", true, false},
		{`{"name": " trimmed ", "enabled": false}`, "trimmed", "", false, false},
		{`{"name": null, "default": false}`, "trimmed", "", false, false},
		{`{"name": null, "enabled": true, "default": true}`, "trimmed", "", true, true},
		{`{"name": null, "default": true}`, "trimmed", "", true, true},
		{`{}`, "", "", true, true},
	} {
		got := put(test.body, http.StatusOK)
		want := last
		want.Name, want.Comment, want.Enabled, want.Default, want.UpdatedAt = test.name, test.comment, test.enabled, test.standard, got.UpdatedAt
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.body, diff)
		}
		if !got.UpdatedAt.After(last.UpdatedAt) {
			t.Errorf("%s: updated %v, before it %v", test.body, got.UpdatedAt, last.UpdatedAt)
		}
		last = got
	}
	if moved := s.send(t, request{method: "GET", path: collection + "/" + first.ID, as: "account"}).certificate(t, http.StatusOK); moved.Default {
		t.Error("two certificates are the default")
	}
	for body, field := range map[string]string{
		`{"default": false}`: "default",
		`{"certificate": "` + p12(t, typed("pass.com.example.c", 100)) + `", "password": "` + password + `"}`: "certificate",
		`{"certificate": "` + p12(t, typed("pass.com.example.b", 50)) + `", "password": "` + password + `"}`:  "certificate",
		`{"vendor": "Apple"}`: "vendor",
		`{"id": "1"}`:         "id",
	} {
		a := s.send(t, request{method: "PUT", path: path, as: "account", body: body})
		a.refuses(t, field, 400, 409, 422)
	}
	got := put(`{"name": "R", "certificate": "`+p12(t, typed("pass.com.example.b", 200))+`", "password": "`+password+`"}`, http.StatusOK)
	if got.Name != "R" || !got.ValidityEnd.After(last.ValidityEnd) || got.ID != last.ID {
		t.Errorf("renewed by PUT: %+v", got)
	}
	path = collection + "/" + first.ID
	s.send(t, request{method: "PUT", path: path, as: "account", body: `{"enabled": false, "default": true}`}).refuses(t, "default", 409)
	path = collection + "/" + second.ID
	if a := s.send(t, request{method: "DELETE", path: path, as: "account"}); a.status != http.StatusConflict || !strings.Contains(a.body, "moved") {
		t.Errorf("the default removed while there is another: %d %s", a.status, a.body)
	}
}

// refuses wants a problem about a field with one of some statuses.
func (a answer) refuses(t testing.TB, field string, statuses ...int) {
	t.Helper()
	var p certapi.Problem
	a.read(t, a.status, &p)
	if !slices.Contains(statuses, a.status) || p.Status != a.status || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d (%s), want one of %v\n%s", a.status, a.header.Get("Content-Type"), statuses, a.body)
	}
	if p.Title == "" || p.Detail == "" {
		t.Errorf("a problem that says nothing: %s", a.body)
	}
	if field != "" && !slices.ContainsFunc(p.Errors, func(f certapi.Fault) bool { return f.Field == field && f.Detail != "" }) {
		t.Errorf("the problem does not name %s:\n%s", field, a.body)
	}
}

// TestList: filters, order and pages.
func TestList(t *testing.T) {
	s := newService(t)
	for _, name := range []string{"c", "a", "e", "b", "d"} {
		c := s.add(t, "account", "pass.com.example."+name)
		s.pass(time.Minute)
		if name == "e" {
			s.send(t, request{method: "PUT", path: collection + "/" + c.ID, as: "account", body: `{"enabled": false, "name": null}`}).certificate(t, http.StatusOK)
		}
	}
	s.add(t, "north", "pass.com.example.north")
	next := func(n int) *int { return &n }
	for _, test := range []struct {
		query string
		names string
		count int
		next  *int
		page  certapi.Pagination
	}{
		{"", "abcde", 5, nil, certapi.Pagination{Order: "name", Page: 1, Direction: "ASC", PageSize: 25}},
		{"?vendor=Apple&enabled=true", "abcd", 4, nil, certapi.Pagination{Order: "name", Page: 1, Direction: "ASC", PageSize: 25}},
		{"?vendor=APPLE&enabled=false", "e", 1, nil, certapi.Pagination{Order: "name", Page: 1, Direction: "ASC", PageSize: 25}},
		{"?order=createdAt", "caebd", 5, nil, certapi.Pagination{Order: "createdAt", Page: 1, Direction: "ASC", PageSize: 25}},
		{"?order=baseName&direction=DESC&pageSize=2", "ed", 5, next(2), certapi.Pagination{Order: "baseName", Page: 1, Direction: "DESC", PageSize: 2}},
		{"?order=baseName&direction=desc&pageSize=2&page=2", "cb", 5, next(3), certapi.Pagination{Order: "baseName", Page: 2, Start: 2, Direction: "DESC", PageSize: 2}},
		{"?order=baseName&direction=DESC&pageSize=2&page=3", "a", 5, nil, certapi.Pagination{Order: "baseName", Page: 3, Start: 4, Direction: "DESC", PageSize: 2}},
		{"?pageSize=5&page=7", "", 5, nil, certapi.Pagination{Order: "name", Page: 7, Start: 30, Direction: "ASC", PageSize: 5}},
	} {
		var page certapi.Page
		a := s.send(t, request{method: "GET", path: collection + test.query, as: "account"})
		a.read(t, http.StatusOK, &page)
		names := ""
		for _, c := range page.Certificates {
			names += strings.TrimPrefix(c.BaseName, "pass.com.example.")
		}
		if names != test.names || page.Count != test.count {
			t.Errorf("%q: %q, count %d; want %q, %d", test.query, names, page.Count, test.names, test.count)
		}
		if diff := cmp.Diff(test.next, page.NextPage); diff != "" || !strings.Contains(a.body, `"nextPage":`) {
			t.Errorf("%q: next page (-want +got):\n%s", test.query, diff)
		}
		if diff := cmp.Diff(test.page, page.Pagination); diff != "" {
			t.Errorf("%q: pagination (-want +got):\n%s", test.query, diff)
		}
	}
}

// TestRefused: every route with what it must not take, and the field that is to
// blame. Nothing of it is kept.
func TestRefused(t *testing.T) {
	s := newService(t)
	c := s.add(t, "account", "pass.com.example.a")
	one := collection + "/" + c.ID
	good := p12(t, typed("pass.com.example.new", 100))
	with := func(extra string) string {
		return `{"certificate": "` + good + `", "password": "` + password + `"` + extra + `}`
	}
	of := func(o signtest.Options) string {
		return `{"certificate": "` + p12(t, o) + `", "password": "` + password + `"}`
	}
	raw := func(text string) string {
		return `{"certificate": "` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
	}
	issued, err := signtest.Shared().Issue(signtest.Options{EC: true})
	must(t, err)
	tests := []struct {
		name         string
		method, path string
		body         string
		header       map[string]string
		field        string
		status       int
	}{
		{"no revision", "GET", collection, "", map[string]string{"Api-Revision": ""}, "Api-Revision", 400},
		{"another revision", "GET", collection, "", map[string]string{"Api-Revision": "1.3"}, "Api-Revision", 400},
		{"no revision for one", "GET", one, "", map[string]string{"Api-Revision": ""}, "Api-Revision", 400},
		{"revision of POST", "POST", collection, with(""), map[string]string{"Api-Revision": "2"}, "Api-Revision", 400},
		{"revision of PUT", "PUT", one, `{}`, map[string]string{"Api-Revision": "2"}, "Api-Revision", 400},
		{"revision of DELETE", "DELETE", one, "", map[string]string{"Api-Revision": "2"}, "Api-Revision", 400},
		{"unknown parameter", "GET", collection + "?color=red", "", nil, "color", 400},
		{"parameter of POST", "POST", collection + "?force=true", with(""), nil, "force", 400},
		{"parameter of PUT", "PUT", one + "?x=1", `{}`, nil, "x", 400},
		{"parameter of GET on one", "GET", one + "?x=1", "", nil, "x", 400},
		{"parameter twice", "GET", collection + "?page=1&page=2", "", nil, "page", 400},
		{"malformed query", "GET", collection + "?page=%zz", "", nil, "", 400},
		{"page 0", "GET", collection + "?page=0", "", nil, "page", 400},
		{"page as a word", "GET", collection + "?page=two", "", nil, "page", 400},
		{"huge page", "GET", collection + "?page=99999999999999999999", "", nil, "page", 400},
		{"pages of 101", "GET", collection + "?pageSize=101", "", nil, "pageSize", 400},
		{"empty page size", "GET", collection + "?pageSize=", "", nil, "pageSize", 400},
		{"order by password", "GET", collection + "?order=password", "", nil, "order", 400},
		{"direction", "GET", collection + "?direction=sideways", "", nil, "direction", 400},
		{"vendor", "GET", collection + "?vendor=Google", "", nil, "vendor", 400},
		{"enabled", "GET", collection + "?enabled=yes", "", nil, "enabled", 400},
		{"force", "DELETE", one + "?force=1", "", nil, "force", 400},
		{"unknown id", "GET", collection + "/" + uuid.NewString(), "", nil, "", 404},
		{"no id", "GET", collection + "/x", "", nil, "", 404},
		{"deeper path", "GET", one + "/key", "", nil, "", 404},
		{"unknown id of PUT", "PUT", collection + "/" + uuid.NewString(), `{}`, nil, "", 404},
		{"unknown id of DELETE", "DELETE", collection + "/" + uuid.NewString(), "", nil, "", 404},
		{"method of all", "DELETE", collection, "", nil, "", 405},
		{"method of one", "PATCH", one, "{}", nil, "", 405},
		{"form", "POST", collection, "a=b", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "", 415},
		{"no type", "PUT", one, "{}", map[string]string{"Content-Type": ""}, "", 415},
		{"large body", "POST", collection, `{"comment": "` + strings.Repeat("x", 129<<10) + `"}`, nil, "", 413},
		{"empty body", "POST", collection, " ", nil, "", 400},
		{"array", "POST", collection, "[]", nil, "", 400},
		{"cut", "POST", collection, `{"name": "x"`, nil, "", 400},
		{"two objects", "PUT", one, `{} {}`, nil, "", 400},
		{"not UTF-8", "PUT", one, "{\"name\": \"\xff\"}", nil, "", 400},
		{"unknown member", "POST", collection, with(`, "key": "x"`), nil, "key", 400},
		{"member in capitals", "POST", collection, `{"Certificate": "` + good + `"}`, nil, "Certificate", 400},
		{"member twice", "POST", collection, with(`, "password": "x"`), nil, "password", 400},
		{"member twice by an escape", "PUT", one, `{"name": "a", "n\u0061me": "b"}`, nil, "name", 400},
		{"no certificate", "POST", collection, `{"name": "x"}`, nil, "certificate", 422},
		{"certificate null", "POST", collection, `{"certificate": null}`, nil, "certificate", 422},
		{"certificate as a number", "POST", collection, `{"certificate": 7}`, nil, "certificate", 422},
		{"no base64", "POST", collection, `{"certificate": "%%%"}`, nil, "certificate", 422},
		{"base64 of nothing", "POST", collection, `{"certificate": ""}`, nil, "certificate", 422},
		{"vendor of POST", "POST", collection, with(`, "vendor": "Google"`), nil, "vendor", 422},
		{"name as an object", "PUT", one, `{"name": {}}`, nil, "name", 422},
		{"name of two lines", "PUT", one, `{"name": "a\nb"}`, nil, "name", 422},
		{"name that turns around", "PUT", one, `{"name": "a\u202eb"}`, nil, "name", 422},
		{"half a character", "PUT", one, `{"name": "\ud800"}`, nil, "name", 422},
		{"long name", "PUT", one, `{"name": "` + strings.Repeat("ä", 201) + `"}`, nil, "name", 422},
		{"long comment", "PUT", one, `{"comment": "` + strings.Repeat("ä", 2001) + `"}`, nil, "comment", 422},
		{"enabled as a word", "PUT", one, `{"enabled": "true"}`, nil, "enabled", 422},
		{"default as a number", "PUT", one, `{"default": 1}`, nil, "default", 422},
		{"default false", "PUT", one, `{"default": false}`, nil, "default", 409},
		{"default that may not sign", "POST", collection, with(`, "enabled": false, "default": true`), nil, "default", 409},
		{"password alone", "PUT", one, `{"password": "x"}`, nil, "password", 422},
		{"long password", "POST", collection, `{"certificate": "` + good + `", "password": "` + strings.Repeat("x", 1025) + `"}`, nil, "password", 422},
		{"wrong password", "POST", collection, `{"certificate": "` + good + `", "password": "wrong"}`, nil, "password", 422},
		{"no password", "POST", collection, `{"certificate": "` + good + `"}`, nil, "password", 422},
		{"a PDF", "POST", collection, raw("%PDF-1.7"), nil, "certificate", 422},
		{"PEM", "POST", collection, raw(string(issued.PEM())), nil, "certificate", 422},
		{"no key", "POST", collection, raw(string(issued.Certificate.Raw)), nil, "certificate", 422},
		{"damaged", "POST", collection, raw("\x30\x82\x01\x00\x02\x01\x03\x30\x00"), nil, "certificate", 422},
		{"expired", "POST", collection, of(signtest.Options{NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(0, 0, -1)}), nil, "certificate", 422},
		{"not yet valid", "POST", collection, of(signtest.Options{NotBefore: time.Now().AddDate(0, 0, 2)}), nil, "certificate", 422},
		{"another's key", "POST", collection, of(signtest.Options{OtherKey: true}), nil, "certificate", 422},
		{"no pass certificate", "POST", collection, of(signtest.Options{NoMarker: true, NoUsage: true}), nil, "certificate", 422},
		{"contradicts itself", "POST", collection, of(signtest.Options{Marker: "pass.com.example.other"}), nil, "certificate", 422},
		{"without an intermediate", "POST", collection, of(signtest.Options{OtherIntermediate: true}), nil, "certificate", 422},
		{"forged", "POST", collection, of(signtest.Options{Forged: true}), nil, "certificate", 422},
		{"another team's", "POST", collection, of(signtest.Options{TypeID: "pass.com.example.a", TeamID: "OTHERTEAM1"}), nil, "certificate", 422},
		{"older", "POST", collection, of(typed("pass.com.example.a", 99)), nil, "certificate", 422},
		{"empty request name", "POST", collection, with(""), map[string]string{"Idempotency-Key": " "}, "Idempotency-Key", 400},
		{"long request name", "POST", collection, with(""), map[string]string{"Idempotency-Key": strings.Repeat("x", 256)}, "Idempotency-Key", 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.send(t, request{method: test.method, path: test.path, as: "account", body: test.body, header: test.header})
			a.refuses(t, test.field, test.status)
			if a.header.Get("Api-Revision") != "1.2" {
				t.Errorf("revision %q of the answer", a.header.Get("Api-Revision"))
			}
			if strings.Contains(a.body, "--force") || strings.Contains(a.body, good[:40]) {
				t.Errorf("the answer speaks of the command line, or repeats the file: %s", a.body)
			}
		})
	}
	left := s.send(t, request{method: "GET", path: one, as: "account"}).certificate(t, http.StatusOK)
	if diff := cmp.Diff(c, left); diff != "" {
		t.Errorf("something was kept (-want +got):\n%s", diff)
	}
	var page certapi.Page
	s.send(t, request{method: "GET", path: collection, as: "account"}).read(t, http.StatusOK, &page)
	if page.Count != 1 {
		t.Errorf("%d certificates, want 1", page.Count)
	}
	if text := s.log.String(); text != "" {
		t.Errorf("the log holds errors of the server's own:\n%s", text)
	}
}
