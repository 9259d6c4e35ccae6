package apns_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"passmill/output/apns"
)

// TestHalt: a sender that is refused stops at once, alarms once, and drops no token;
// one push an hour looks whether it is over, and a new certificate is tried at once.
func TestHalt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(1000, time.Now())
		l := &line{reply: always(apns.Answer{Verdict: apns.Halted, Reason: "BadCertificate", Status: 403})}
		var alarms []apns.Alarm
		s, stop := running(t, o, l, func(s *apns.Sender) {
			s.Alarm = func(_ context.Context, a apns.Alarm) { alarms = append(alarms, a) }
		})
		time.Sleep(30 * time.Minute)
		first := l.count()
		if first > 256 { // those that were under way
			t.Errorf("%d pushes after a refusal", first)
		}
		if len(alarms) != 1 || alarms[0].Again || alarms[0].TypeID != topic || alarms[0].Reason != "BadCertificate" {
			t.Errorf("%+v", alarms)
		}
		if h := s.Halted(); len(h) != 1 || h[topic] != "BadCertificate" {
			t.Errorf("halted: %v", h)
		}
		time.Sleep(5 * time.Hour)
		if n := l.count() - first; n != 5 || len(alarms) != 6 || !alarms[5].Again {
			t.Errorf("%d pushes and %d alarms in five hours, want 5 and 6: %+v", n, len(alarms), alarms)
		}
		l.set("two", always(ok))
		time.Sleep(30 * time.Second) // it looks every ten seconds; one push goes ahead, and then all
		if n := o.count(func(s *subscription) bool { return len(s.sent) == 1 && s.Token != "" && s.Setbacks == 0 }); n != 1000 {
			t.Errorf("%d of 1000 devices were pushed after the certificate was replaced", n)
		}
		if h := s.Halted(); len(h) != 0 {
			t.Errorf("halted: %v", h)
		}
		stop()
	})
}

// TestHaltStays: pushes that set out before a refusal, and are taken all the same,
// don't open what it has closed.
func TestHaltStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(2000, time.Now())
		l := &line{reply: func(_ string, n int) apns.Answer {
			if n == 20 {
				return apns.Answer{Verdict: apns.Halted, Reason: "TopicDisallowed", Status: 400}
			}
			return ok
		}}
		s, stop := running(t, o, l, nil)
		time.Sleep(30 * time.Minute)
		if n := l.count(); n > 256 || len(s.Halted()) != 1 {
			t.Errorf("%d pushes, halted: %v", n, s.Halted())
		}
		stop()
	})
}

// TestNoCertificate: without one, pushes wait, and somebody hears of it.
func TestNoCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(10, time.Now())
		l := &line{reply: always(ok)}
		var missing atomic.Bool
		missing.Store(true)
		var alarms atomic.Int64
		_, stop := running(t, o, l, func(s *apns.Sender) {
			s.Pusher = func(context.Context, string) (apns.Pusher, error) {
				if missing.Load() {
					return nil, errors.New("there is none")
				}
				return l, nil
			}
			s.Alarm = func(_ context.Context, a apns.Alarm) {
				if a.Reason == apns.ReasonCertificate {
					alarms.Add(1)
				}
			}
		})
		time.Sleep(time.Minute)
		missing.Store(false)
		time.Sleep(time.Minute)
		stop()
		if l.count() != 10 || alarms.Load() != 1 {
			t.Errorf("%d pushes, %d alarms, want 10 and 1", l.count(), alarms.Load())
		}
	})
}

// TestCertificateAway: a certificate that can't be had for a moment, in the middle of
// pushes, stops them no longer than that.
func TestCertificateAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(1000, time.Now())
		l := &line{reply: always(ok)}
		var loads atomic.Int64
		var away atomic.Bool
		s, stop := running(t, o, l, func(s *apns.Sender) {
			s.Pusher = func(context.Context, string) (apns.Pusher, error) {
				if away.Load() || loads.Add(1) == 500 {
					away.Store(true)
					return nil, errors.New("the file is locked")
				}
				return l, nil
			}
		})
		time.Sleep(time.Minute)
		if h := s.Halted(); h[topic] != apns.ReasonCertificate {
			t.Errorf("halted: %v", h)
		}
		away.Store(false)
		time.Sleep(time.Minute)
		if n := o.count(func(s *subscription) bool { return len(s.sent) > 0 }); n != 1000 || len(s.Halted()) != 0 {
			t.Errorf("%d of 1000 devices were pushed once the certificate was there again; halted: %v", n, s.Halted())
		}
		stop()
	})
}

// TestAllTokensBad: where every token is called bad, it is not the tokens.
func TestAllTokensBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(200, time.Now())
		bad := apns.Answer{Verdict: apns.Gone, Reason: "BadDeviceToken", Status: 400}
		l := &line{reply: always(bad)}
		s, stop := running(t, o, l, nil)
		time.Sleep(6 * time.Hour)
		if n := o.count(func(s *subscription) bool { return s.Token == "" }); n != 0 || len(s.Halted()) != 1 {
			t.Errorf("%d tokens dropped, halted: %v", n, s.Halted())
		}
		stop()

		o = fill(200, time.Now())
		l = &line{reply: func(tok string, _ int) apns.Answer {
			if tok[len(tok)-1] == '1' {
				return bad
			}
			return ok
		}}
		_, stop = running(t, o, l, nil)
		time.Sleep(10 * time.Second)
		if n := o.count(func(s *subscription) bool { return s.Token == "" || s.answer == "BadDeviceToken" }); n != 13 {
			t.Errorf("%d of 13 bad tokens are known", n)
		}
		time.Sleep(time.Hour)
		stop()
		if n := o.count(func(s *subscription) bool { return s.Token == "" }); n != 13 {
			t.Errorf("%d of 13 bad tokens dropped", n)
		}
	})
}

// TestOneBadToken: the only device there is may have a bad token all the same.
func TestOneBadToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(1, time.Now())
		l := &line{reply: always(apns.Answer{Verdict: apns.Gone, Reason: "BadDeviceToken", Status: 400})}
		_, stop := running(t, o, l, nil)
		time.Sleep(24 * time.Hour)
		stop()
		if o.list[0].Token != "" || l.count() != 4 {
			t.Errorf("%d pushes, token %q; want it dropped after 4", l.count(), o.list[0].Token)
		}
	})
}

// TestRest: where no push could arrive, none is tried, nobody is blamed, and no token
// has a setback.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fill(1000, time.Now())
		l := &line{reply: func(_ string, n int) apns.Answer {
			if n <= 3 {
				return apns.Answer{Verdict: apns.Later, Reason: apns.ReasonConnection, All: true, After: 10 * time.Second}
			}
			return ok
		}}
		s, stop := running(t, o, l, func(s *apns.Sender) {
			s.Alarm = func(context.Context, apns.Alarm) { t.Error("alarm") }
		})
		time.Sleep(5 * time.Second)
		if len(s.Halted()) != 0 {
			t.Error("halted")
		}
		time.Sleep(time.Minute)
		stop()
		if n := o.count(func(s *subscription) bool { return len(s.sent) == 1 && s.Setbacks == 0 }); n != 1000 {
			t.Errorf("%d of 1000 were pushed", n)
		}
	})
}
