package certapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"passmill/sign/certapi"
)

// TestMatrix asks for every route with every API key, about a certificate of the
// account and one of a tenant, and wants exactly what the key may.
func TestMatrix(t *testing.T) {
	s := newService(t)
	certificates := map[string]certapi.Certificate{"": s.add(t, "account", "pass.com.example.a"), "north": s.add(t, "north", "pass.com.example.a")}
	file := p12(t, typed("pass.com.example.a", 100))
	routes := []struct {
		name  string
		write bool
		send  func(id string) request
		want  int // if the key may
	}{
		{"list", false, func(string) request { return request{method: "GET", path: collection} }, 200},
		{"show", false, func(id string) request { return request{method: "GET", path: collection + "/" + id} }, 200},
		{"head", false, func(id string) request { return request{method: "HEAD", path: collection + "/" + id} }, 200},
		{"add", true, func(string) request {
			return request{method: "POST", path: collection, members: map[string]any{"certificate": file, "password": "wrong"}}
		}, 422},
		{"change", true, func(id string) request {
			return request{method: "PUT", path: collection + "/" + id, body: `{"name": "changed"}`}
		}, 200},
		{"renew", true, func(id string) request {
			return request{method: "PUT", path: collection + "/" + id, members: map[string]any{"certificate": file, "password": "wrong"}}
		}, 422},
		{"remove", true, func(id string) request { return request{method: "DELETE", path: collection + "/" + id} }, 409},
		{"remove by force", true, func(id string) request { return request{method: "DELETE", path: collection + "/" + id + "?force=true"} }, 409},
	}
	for owner, c := range certificates { // both stay: each is in use, and the default beside another one
		s.use(t, c)
		as := map[string]string{"": "account", "north": "north"}[owner]
		s.add(t, as, "pass.com.example.other")
	}
	for _, k := range apiKeys {
		for owner, c := range certificates {
			for _, route := range routes {
				q := route.send(c.ID)
				q.as = k.Name
				want := route.want
				needs := map[bool]string{false: "certificates:read", true: "certificates:write"}[route.write]
				may := false
				for _, scope := range k.Scopes {
					may = may || string(scope) == needs
				}
				onOne := strings.Contains(q.path, c.ID)
				switch {
				case !may:
					want = http.StatusForbidden
				case onOne && owner != k.Tenant:
					want = http.StatusNotFound
				}
				a := s.send(t, q)
				if a.status != want {
					t.Errorf("%s of a certificate of %q as %s: %d, want %d\n%s", route.name, owner, k.Name, a.status, want, a.body)
				}
				foreign := certificates[map[string]string{"": "north", "north": ""}[k.Tenant]]
				if k.Tenant != "south" && strings.Contains(a.body, foreign.ID) || k.Tenant == "south" && strings.Contains(a.body, c.ID) {
					t.Errorf("%s as %s shows another's certificate:\n%s", route.name, k.Name, a.body)
				}
			}
		}
	}
	for _, c := range certificates {
		if versions, err := s.db.Versions(t.Context(), c.ID); err != nil || len(versions) != 1 {
			t.Errorf("certificate of %s: %d versions, %v", c.BaseName, len(versions), err)
		}
	}
}

// TestUnknownKeys: who shows none, a wrong one, or one that was removed is told
// the same, and gets nothing.
func TestUnknownKeys(t *testing.T) {
	s := newService(t)
	c := s.add(t, "account", "pass.com.example.a")
	s.keys["nobody"], s.keys["north-reads"] = s.keys["account"], s.keys["account"]
	must(t, s.db.RemoveAPIKey(t.Context(), "south", testEvent()))
	for _, as := range []string{"", "nobody", "north-reads", "south"} {
		for _, path := range []string{collection, collection + "/" + c.ID} {
			a := s.send(t, request{method: "GET", path: path, as: as})
			a.refuses(t, "", http.StatusUnauthorized)
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%q: header %v", as, a.header)
			}
		}
	}
	a := s.send(t, request{method: "GET", path: collection, header: map[string]string{"Authorization": "Bearer " + s.keys["account"]}})
	a.refuses(t, "", http.StatusUnauthorized)
}

// TestGuesses: an address that shows wrong keys is not heard for a while, even with
// a right one; another address is.
func TestGuesses(t *testing.T) {
	s := newService(t)
	s.keys["nobody"] = "wrong"
	for range 10 {
		s.send(t, request{method: "GET", path: collection, as: "nobody"}).refuses(t, "", http.StatusUnauthorized)
	}
	for _, as := range []string{"nobody", "account"} {
		a := s.send(t, request{method: "GET", path: collection, as: as})
		a.refuses(t, "", http.StatusTooManyRequests)
		if a.header.Get("Retry-After") == "" {
			t.Error("not said when to come again")
		}
	}
	s.pass(time.Minute)
	s.send(t, request{method: "GET", path: collection, as: "nobody"}).refuses(t, "", http.StatusUnauthorized) // counted anew
	if a := s.send(t, request{method: "GET", path: collection, as: "account"}); a.status != http.StatusOK {
		t.Errorf("after a while: %d", a.status)
	}
}

// TestProxies: callers behind a proxy that is believed are told apart, and whoever
// is none can't make himself another address.
func TestProxies(t *testing.T) {
	for _, test := range []struct {
		name    string
		proxies []netip.Prefix
		forged  string // X-Forwarded-For of each request after the first ten
		want    int
	}{
		{"no proxy", nil, "192.0.2.7", http.StatusTooManyRequests},
		{"another network's proxy", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "192.0.2.7", http.StatusTooManyRequests},
		{"same caller", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, "192.0.2.1", http.StatusTooManyRequests},
		{"caller that puts another before it", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, "192.0.2.7, 192.0.2.1", http.StatusTooManyRequests},
		{"another caller", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, "192.0.2.7", http.StatusOK},
		{"same IPv6 network", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("192.0.2.1/32")}, "2001:db8::2, 192.0.2.1", http.StatusTooManyRequests},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t)
			api := s.api()
			api.Proxies = test.proxies
			server := httptest.NewServer(api.Handler())
			defer server.Close()
			s.Server = server
			s.keys["nobody"] = "wrong"
			first := "192.0.2.1"
			if strings.Contains(test.forged, "2001:") {
				first = "2001:db8::1, 192.0.2.1"
			}
			for range 10 {
				s.send(t, request{method: "GET", path: collection, as: "nobody", header: map[string]string{"X-Forwarded-For": first}}).refuses(t, "", http.StatusUnauthorized)
			}
			a := s.send(t, request{method: "GET", path: collection, as: "account", header: map[string]string{"X-Forwarded-For": test.forged}})
			if a.status != test.want {
				t.Errorf("status %d, want %d", a.status, test.want)
			}
		})
	}
}

// TestLastUse: it is noted when a key was used, and that costs no write for each
// request.
func TestLastUse(t *testing.T) {
	s := newService(t)
	used := func() time.Time {
		k, err := s.db.APIKey(t.Context(), "account")
		must(t, err)
		return k.Used
	}
	if !used().IsZero() {
		t.Fatalf("used %v before it was", used())
	}
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() { s.send(t, request{method: "GET", path: collection, as: "account"}) })
	}
	group.Wait()
	first := used()
	if want := s.clock().UTC().Truncate(time.Hour); !first.Equal(want) {
		t.Errorf("used %v, want %v", first, want)
	}
	s.pass(2 * time.Hour)
	s.send(t, request{method: "GET", path: collection, as: "account"})
	if got := used().Sub(first); got != 2*time.Hour {
		t.Errorf("used %v later, want two hours", got)
	}
}
