package apns_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/output/apns"
)

// running starts a sender over a line; stop stops it and waits.
func running(t *testing.T, o apns.Outbox, l *line, change func(*apns.Sender)) (s *apns.Sender, stop func()) {
	s = &apns.Sender{Outbox: o, Pusher: func(context.Context, string) (apns.Pusher, error) { return l, nil }}
	if change != nil {
		change(s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx, context.WithoutCancel(ctx))
	}()
	return s, func() {
		cancel()
		<-done
	}
}

// TestRepeats: a phone that does not ask is pushed again after an hour and a day, and
// no more; one that asks is not.
func TestRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		o := fill(2, begin)
		l := &line{reply: always(ok)}
		_, stop := running(t, o, l, nil)
		time.Sleep(10 * time.Second)
		o.mu.Lock()
		o.list[1].Told = 1
		o.mu.Unlock()
		time.Sleep(30 * time.Hour)
		stop()
		var hours []int
		for _, at := range o.sent(0) {
			hours = append(hours, int(at.Sub(begin).Round(time.Hour).Hours()))
		}
		if diff := gocmp(hours, []int{0, 1, 25}); diff != "" {
			t.Error(diff)
		}
		if n := len(o.sent(1)); n != 1 || o.list[1].pushed != 1 {
			t.Errorf("a phone that has asked was pushed %d times", n)
		}
	})
}

func gocmp(got, want []int) string { return cmp.Diff(want, got) }

// TestBackoff: what comes to nothing is tried again after 1, 4, 16, 64 and 240
// minutes, or when the server says.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		o := fill(1, begin)
		l := &line{reply: always(apns.Answer{Verdict: apns.Later, Reason: "TooManyRequests", Status: 429})}
		_, stop := running(t, o, l, nil)
		time.Sleep(12 * time.Hour)
		stop()
		var minutes []int
		for i := 1; i < len(l.at); i++ {
			minutes = append(minutes, int(l.at[i].Sub(l.at[i-1]).Round(time.Minute).Minutes()))
		}
		if diff := gocmp(minutes, []int{1, 4, 16, 64, 240, 240}); diff != "" {
			t.Error(diff)
		}
	})
}

// TestGone: a dead token is dropped and never pushed again.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(3, time.Now())
		dead := apns.Answer{Verdict: apns.Gone, Reason: "Unregistered", Status: 410, Since: time.Now().Add(time.Second)}
		l := &line{reply: func(tok string, _ int) apns.Answer {
			if tok == token(1) {
				return dead
			}
			return ok
		}}
		_, stop := running(t, o, l, nil)
		time.Sleep(30 * time.Hour)
		stop()
		if n := o.count(func(s *subscription) bool { return s.Token == "" }); n != 1 || l.count() != 3+2*2 {
			t.Errorf("%d tokens dropped, %d pushes, want 1 and 7", n, l.count())
		}
	})
}

// TestQuietHours: no push arrives in them, unless another job of the device's has none;
// all do when they end.
func TestQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet, err := jobs.PushesSpec{Quiet: "23:00-07:00", Timezone: "UTC"}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now() // synctest begins at midnight, UTC
		o := fill(3, begin)
		o.list[1].Jobs = []string{"members", "awake"}
		o.list[2].Jobs = []string{"awake"}
		l := &line{reply: always(ok)}
		_, stop := running(t, o, l, func(s *apns.Sender) {
			s.Quiet = func(context.Context) map[string]jobs.Quiet { return map[string]jobs.Quiet{"members": quiet} }
		})
		time.Sleep(6*time.Hour + 59*time.Minute)
		if n := len(o.sent(0)); n != 0 || len(o.sent(1)) == 0 || len(o.sent(2)) == 0 {
			t.Errorf("%d pushes in quiet hours", n)
		}
		time.Sleep(2 * time.Minute)
		stop()
		if n := len(o.sent(0)); n != 1 || o.sent(0)[0].Sub(begin) > 7*time.Hour+2*time.Second {
			t.Errorf("%d pushes after quiet hours: %v", n, o.sent(0))
		}
	})
}

// TestPace: no more pushes a second than were allowed, and no fewer.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		o := fill(1000, begin)
		l := &line{reply: always(ok)}
		_, stop := running(t, o, l, func(s *apns.Sender) { s.Pace = 50 })
		time.Sleep(30 * time.Second)
		stop()
		seconds := map[int]int{}
		last := 0
		for _, at := range l.at {
			second := int(at.Sub(begin).Seconds())
			seconds[second]++
			last = max(last, second)
		}
		if len(l.at) != 1000 || last < 18 || last > 22 {
			t.Errorf("%d pushes in %d seconds, want 1000 in 20", len(l.at), last)
		}
		for second, n := range seconds {
			if n > 56 {
				t.Errorf("%d pushes in second %d", n, second)
			}
		}
	})
}

// TestStopGivesBack: who is told to stop ends what has begun, and leaves the rest due
// as it was.
func TestStopGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		o := fill(2000, begin)
		l := &line{reply: always(ok)}
		_, stop := running(t, o, l, func(s *apns.Sender) { s.Pace = 100 })
		time.Sleep(3 * time.Second)
		stop()
		sent := o.count(func(s *subscription) bool { return len(s.sent) == 1 })
		due := o.count(func(s *subscription) bool { return s.due.Equal(begin) })
		if sent != l.count() || sent+due != 2000 || sent < 200 || sent > 350 {
			t.Errorf("%d pushed, %d written down, %d due as before", l.count(), sent, due)
		}
	})
}

// TestTwoSenders: two that run at once push each device once.
func TestTwoSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(3000, time.Now())
		l := &line{reply: always(ok)}
		_, stopOne := running(t, o, l, nil)
		_, stopTwo := running(t, o, l, nil)
		time.Sleep(time.Minute)
		stopOne()
		stopTwo()
		if n := o.count(func(s *subscription) bool { return len(s.sent) == 1 }); n != 3000 || l.count() != 3000 {
			t.Errorf("%d of 3000 devices were pushed, with %d pushes", n, l.count())
		}
	})
}

// TestPushByHand: what is given is pushed and counted, and the end comes by itself.
func TestPushByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(1200, time.Now())
		l := &line{reply: func(_ string, n int) apns.Answer {
			if n%100 == 0 {
				return apns.Answer{Verdict: apns.Later, Reason: "InternalServerError", Status: 500}
			}
			return ok
		}}
		s := &apns.Sender{Outbox: o, Pusher: func(context.Context, string) (apns.Pusher, error) { return l, nil }}
		counts, err := s.Push(t.Context(), nil, func(jobs.Push) ([]jobs.Push, error) {
			return o.ClaimPushes(t.Context(), jobs.PushClaim{Now: time.Now(), Until: time.Now().Add(time.Minute), Limit: 500})
		})
		if err != nil || counts[apns.OK] != 1188 || counts[apns.Later] != 12 {
			t.Errorf("%v, %v", counts, err)
		}
	})
}
