package certapi_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
	"passmill/sign/certapi"
)

func testEvent() sign.Event { return sign.Event{At: time.Now(), Actor: "test"} }

// posting is a POST of a certificate under a name of its own.
func posting(file, name string) request {
	return request{method: "POST", path: collection, as: "account", header: map[string]string{"Idempotency-Key": name}, members: map[string]any{
		"certificate": file, "password": password, "name": "Card",
	}}
}

// TestAgain: the same request under the same name has the same answer, at the same
// time, later, and after a restart; another one is refused; and there is one
// certificate.
func TestAgain(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testAgain(t, newService(t)) })
	t.Run("postgres", func(t *testing.T) { testAgain(t, serviceOn(t, pgtest.Start(t))) })
}

func testAgain(t *testing.T, s *service) {
	file := p12(t, typed("pass.com.example.a", 100))
	answers := make([]answer, 6)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = s.send(t, posting(file, "one")) })
	}
	group.Wait()
	s.start(t) // another process, while the first goes on
	s.pass(23 * time.Hour)
	answers = append(answers, s.send(t, posting(file, "one")))
	for _, a := range answers {
		if a.status != http.StatusCreated || a.body != answers[0].body || a.header.Get("Location") != answers[0].header.Get("Location") {
			t.Errorf("%d %s\n%s", a.status, a.header.Get("Location"), a.body)
		}
	}
	other := posting(p12(t, typed("pass.com.example.b", 100)), "one")
	s.send(t, other).refuses(t, "Idempotency-Key", http.StatusUnprocessableEntity)
	other.as = "north" // whose names are its own
	s.send(t, other).certificate(t, http.StatusCreated)

	wrong := posting(file, "wrong")
	wrong.members["password"] = "wrong"
	first := s.send(t, wrong)
	first.refuses(t, "password", http.StatusUnprocessableEntity)
	if second := s.send(t, wrong); second.status != first.status || second.body != first.body || second.header.Get("Content-Type") != first.header.Get("Content-Type") {
		t.Errorf("a refusal given again: %d %s", second.status, second.body)
	}

	c := answers[0].certificate(t, http.StatusCreated)
	versions, err := s.db.Versions(t.Context(), c.ID)
	must(t, err)
	var page certapi.Page
	s.send(t, request{method: "GET", path: collection, as: "account"}).read(t, http.StatusOK, &page)
	if len(versions) != 1 || page.Count != 1 {
		t.Errorf("%d certificates with %d versions, want 1 with 1", page.Count, len(versions))
	}
	events, err := s.db.Events(t.Context(), sign.EventFilter{Entry: c.ID})
	must(t, err)
	if len(events) != 1 || events[0].Actor != "API key account" {
		t.Errorf("audit: %+v", events)
	}
	must(t, s.db.RemoveEntry(t.Context(), c.ID, testEvent()))
	if a := s.send(t, posting(file, "one")); a.body != answers[0].body {
		t.Errorf("after it was removed: %s", a.body)
	}
	s.send(t, request{method: "GET", path: collection, as: "account"}).read(t, http.StatusOK, &page)
	if page.Count != 0 {
		t.Error("an answer that was given again did something again")
	}
	s.pass(2 * time.Hour)
	s.send(t, posting(file, "one")).certificate(t, http.StatusCreated) // its time is over
}

// TestRenewals: many renew one certificate at a time, by both routes, while others
// change it and make it the default; it ends with the certificate that is valid
// longest, one default, and no error of the server's own.
func TestRenewals(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testRenewals(t, newService(t)) })
	t.Run("postgres", func(t *testing.T) { testRenewals(t, serviceOn(t, pgtest.Start(t))) })
}

func testRenewals(t *testing.T, s *service) {
	c, other := s.add(t, "account", "pass.com.example.a"), s.add(t, "account", "pass.com.example.b")
	const many, moves = 6, 5
	statuses := make(chan answer, many*(2+4*moves))
	var group sync.WaitGroup
	for i := range many {
		file := p12(t, typed("pass.com.example.a", 150+i))
		post := posting(file, "")
		delete(post.header, "Idempotency-Key")
		group.Go(func() { statuses <- s.send(t, post) })
		group.Go(func() {
			members := map[string]any{"certificate": file, "password": password, "name": "put"}
			statuses <- s.send(t, request{method: "PUT", path: collection + "/" + c.ID, as: "account", members: members})
		})
		for _, id := range []string{c.ID, other.ID} {
			group.Go(func() {
				for range moves {
					statuses <- s.send(t, request{method: "PUT", path: collection + "/" + id, as: "account", body: `{"name": null, "default": true}`})
					statuses <- s.send(t, request{method: "PUT", path: collection + "/" + id, as: "account", body: `{"name": null}`})
				}
			})
		}
	}
	group.Wait()
	close(statuses)
	for a := range statuses {
		if !slices.Contains([]int{200, 422}, a.status) { // 422: one that is valid longer was first
			t.Errorf("status %d: %s", a.status, a.body)
		}
	}
	got := s.send(t, request{method: "GET", path: collection + "/" + c.ID, as: "account"}).certificate(t, http.StatusOK)
	if days := time.Until(got.ValidityEnd).Hours() / 24; days < 150+many-2 {
		t.Errorf("ends with a certificate of %v days", days)
	}
	var page certapi.Page
	s.send(t, request{method: "GET", path: collection, as: "account"}).read(t, http.StatusOK, &page)
	defaults := 0
	for _, c := range page.Certificates {
		if c.Default {
			defaults++
		}
	}
	if page.Count != 2 || defaults != 1 {
		t.Errorf("%d certificates, %d of them the default", page.Count, defaults)
	}
	if text := s.log.String(); text != "" {
		t.Errorf("logged: %s", text)
	}
}
