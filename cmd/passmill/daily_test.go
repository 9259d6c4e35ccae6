package main

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"passmill/jobs"
)

// TestDaily: a webhook hears once of each job and day that has ended.
func TestDaily(t *testing.T) {
	s := newSandbox(t, 1, "")
	hook := &receiver{}
	address := httptest.NewServer(hook)
	defer address.Close()
	t.Setenv("HOOK_SECRET", "a secret of the test of webhooks")
	s.updated("https://passes.example.com")
	s.write("passmill.yaml", mustRead(t, s.path("passmill.yaml"))+fmt.Sprintf("webhook: {url: %q, secretEnv: HOOK_SECRET}\n", address.URL))
	s.make()
	v := s.inProcess().serving
	now := time.Date(2026, 11, 25, 0, 6, 0, 0, time.UTC)
	err := v.db.AddFunnel(t.Context(), []jobs.FunnelCount{
		{Job: "members", Day: "2026-11-24", Step: jobs.FunnelOpened, Count: 3}, {Job: "others", Day: "2026-11-24", Step: jobs.FunnelOpened, Count: 1},
		{Job: "members", Day: "2026-11-25", Step: jobs.FunnelOpened, Count: 9}, {Job: "members", Day: "2026-11-01", Step: jobs.FunnelOpened, Count: 9},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Duration{-3 * time.Minute, 0, time.Hour} { // the first is before all servers have written their counts down
		if err := v.tellDays(t.Context(), now.Add(at)); err != nil {
			t.Fatal(err)
		}
		if err := v.notify.deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(hook.all()); got != map[bool]int{true: 0, false: 2}[at < 0] {
			t.Errorf("after %v: told %d times", at, got)
		}
	}
}
