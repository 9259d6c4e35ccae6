//go:build unix

package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"passmill/jobs"
)

// TestKilledAmidRegistrations: a server that is killed while phones register has kept
// every registration that it said yes to. Apple's phones take a yes for good.
func TestKilledAmidRegistrations(t *testing.T) {
	const phones, enough = 400, 120
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, phones, database(t))
			s.updated("https://passes.example.com")
			s.make()
			l := &loadTest{walletTest: &walletTest{sandbox: s}, phones: phones}
			o := s.onDemand()
			l.open(o)
			server := s.serve()
			var mu sync.Mutex
			yes := map[int]bool{}
			load{strings.TrimPrefix(server.url, "http://"), 40}.run(t, l.upTo(phones, l.registration), func(i, code int) {
				mu.Lock()
				defer mu.Unlock()
				if code != http.StatusCreated {
					t.Errorf("phone %d: %d", i, code)
				}
				if yes[i] = true; len(yes) == enough {
					server.kill()
				}
			})
			if len(yes) < enough || len(yes) == phones {
				t.Fatalf("%d of %d phones were told yes: the server was not killed in their midst", len(yes), phones)
			}
			for i := range yes {
				u, err := o.db.Updates(t.Context(), jobs.DeviceOf(l.device(i)), pretendType, jobs.Tag{})
				if err != nil || fmt.Sprint(u.Serials) != "["+l.serial(i)+"]" {
					t.Errorf("phone %d is lost: %+v, %v", i, u, err)
				}
			}
		})
	}
}
