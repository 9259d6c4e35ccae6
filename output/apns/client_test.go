package apns_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sideshow/apns2"

	"passmill/output/apns"
	"passmill/output/apns/pretend"
)

// TestReasons: each reason of Apple's table, as the server gives it, has the verdict
// that it should have.
func TestReasons(t *testing.T) {
	server, o := start(t, pretend.Options{})
	c := client(t, o)
	for reason, want := range map[string]apns.Verdict{
		apns2.ReasonBadCollapseID: apns.Halted, apns2.ReasonBadDeviceToken: apns.Gone, apns2.ReasonBadExpirationDate: apns.Halted,
		apns2.ReasonBadMessageID: apns.Halted, apns2.ReasonBadPriority: apns.Halted, apns2.ReasonBadTopic: apns.Halted,
		apns2.ReasonDeviceTokenNotForTopic: apns.Gone, apns2.ReasonDuplicateHeaders: apns.Halted, apns2.ReasonIdleTimeout: apns.Later,
		apns2.ReasonInvalidPushType: apns.Halted, apns2.ReasonMissingDeviceToken: apns.Halted, apns2.ReasonMissingTopic: apns.Halted,
		apns2.ReasonPayloadEmpty: apns.Halted, apns2.ReasonTopicDisallowed: apns.Halted, apns2.ReasonBadCertificate: apns.Halted,
		apns2.ReasonBadCertificateEnvironment: apns.Halted, apns2.ReasonExpiredProviderToken: apns.Halted, apns2.ReasonForbidden: apns.Halted,
		apns2.ReasonInvalidProviderToken: apns.Halted, apns2.ReasonMissingProviderToken: apns.Halted, apns2.ReasonBadPath: apns.Halted,
		apns2.ReasonMethodNotAllowed: apns.Halted, apns2.ReasonExpiredToken: apns.Gone, apns2.ReasonUnregistered: apns.Gone,
		apns2.ReasonPayloadTooLarge: apns.Halted, apns2.ReasonTooManyProviderTokenUpdates: apns.Later, apns2.ReasonTooManyRequests: apns.Later,
		apns2.ReasonInternalServerError: apns.Later, apns2.ReasonServiceUnavailable: apns.Later, apns2.ReasonShutdown: apns.Later,
	} {
		if !server.Refuse(reason) {
			t.Errorf("%s: the pretend server doesn't know it", reason)
			continue
		}
		a := c.Send(t.Context(), token(1))
		if a.Verdict != want || a.Reason != reason {
			t.Errorf("%s: %+v, want %s", reason, a, want)
		}
		if since := time.Since(a.Since); (a.Status == 410) != (since >= 0 && since < time.Minute) {
			t.Errorf("%s: the token is dead since %v", reason, a.Since)
		}
		if updates := reason == apns2.ReasonTooManyProviderTokenUpdates; a.All != updates || updates && a.After < 20*time.Minute {
			t.Errorf("%s: %+v: only that of provider tokens is about all", reason, a)
		}
	}
	server.Refuse("")
	if a := c.Send(t.Context(), token(1)); a.Verdict != apns.OK || a.Status != 200 {
		t.Errorf("%+v, want ok", a)
	}
	if n := server.Counts().Connections; n > 2 {
		t.Errorf("%d connections", n)
	}
}

// TestUnknownAnswers: what Apple may say one day costs no token and no pushes of
// others, unless it says that we are not welcome.
func TestUnknownAnswers(t *testing.T) {
	for status, want := range map[int]apns.Verdict{400: apns.Later, 401: apns.Halted, 403: apns.Halted, 410: apns.Gone, 418: apns.Later, 500: apns.Later, 502: apns.Later} {
		for body, reason := range map[string]string{"": apns.ReasonUnknown, "<html>": apns.ReasonUnknown, `{"reason":"Novelty"}`: "Novelty"} {
			if a := apns.Read(status, []byte(body)); a.Verdict != want || a.Reason != reason {
				t.Errorf("%d %s: %+v, want %s %s", status, body, a, want, reason)
			}
		}
	}
}

// TestConnections: thousands of pushes, many at a time, take two connections,
// however few streams the server allows.
func TestConnections(t *testing.T) {
	for _, streams := range []int{1, 100, 1000} {
		server, o := start(t, pretend.Options{MaxStreams: streams})
		for i, a := range all(t.Context(), client(t, o), 3000, 200) {
			if a.Verdict != apns.OK {
				t.Fatalf("%d streams: push %d: %+v", streams, i, a)
			}
		}
		if c := server.Counts(); c.Connections > 2 || c.Pushes != 3000 {
			t.Errorf("%d streams: %d connections, %d pushes, want 2 and 3000", streams, c.Connections, c.Pushes)
		}
	}
}

// TestGoAway: connections that are told to go away, or break, are replaced, and no
// push is lost; not one connection more is opened than it takes.
func TestGoAway(t *testing.T) {
	server, o := start(t, pretend.Options{Faults: pretend.Faults{GoAwayEvery: 500}})
	for i, a := range all(t.Context(), client(t, o), 5000, 100) {
		if a.Verdict != apns.OK {
			t.Fatalf("push %d: %+v", i, a)
		}
	}
	c := server.Counts()
	if c.Connections < 9 || c.Connections > 12 || c.MostOpen > 4 {
		t.Errorf("%d connections, %d at a time, for 5000 pushes of which each takes 500", c.Connections, c.MostOpen)
	}
}

// TestFaults: resets, broken connections and stalls are tried again on the spot.
func TestFaults(t *testing.T) {
	server, o := start(t, pretend.Options{Faults: pretend.Faults{
		Share: 0.02, Kinds: []pretend.Kind{pretend.Reset, pretend.Drop, pretend.Stall}, GoAwayEvery: 1000, Seed: 3,
	}})
	o.Timeout = time.Second
	later := 0
	for i, a := range all(t.Context(), client(t, o), 4000, 100) {
		switch a.Verdict {
		case apns.OK:
		case apns.Later:
			later++
		default:
			t.Fatalf("push %d: %+v", i, a)
		}
	}
	c := server.Counts()
	if later > 400 || c.Answers["stall"] == 0 || c.Answers["reset"] == 0 || c.Answers["drop"] == 0 {
		t.Errorf("%d of 4000 were put off; %+v", later, c)
	}
}

// TestStalledServer: a server that takes pushes and says nothing is left for another
// connection, and the push has an end.
func TestStalledServer(t *testing.T) {
	server, o := start(t, pretend.Options{Faults: pretend.Faults{Share: 1, Kinds: []pretend.Kind{pretend.Stall}}})
	o.Timeout = 50 * time.Millisecond
	a := client(t, o).Send(t.Context(), token(1))
	if a.Verdict != apns.Later || a.Reason != apns.ReasonTimeout && a.Reason != apns.ReasonConnection {
		t.Errorf("%+v", a)
	}
	if c := server.Counts(); c.Connections > 3 {
		t.Errorf("%d connections", c.Connections)
	}
}

// TestNoServer: where nobody listens, pushes fail at once, without a storm of
// connections, and say when to try again.
func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c := client(t, apns.Options{Topic: topic, Certificate: sender(t, topic, time.Now().Add(time.Hour)), Server: "https://" + address})
	for range 3 {
		if a := c.Send(t.Context(), token(1)); a.Verdict != apns.Later || a.Reason != apns.ReasonConnection || !a.All || a.After < time.Second {
			t.Errorf("%+v", a)
		}
	}
}

// TestIdleDrop: a connection that the server closed while nothing went on is replaced.
func TestIdleDrop(t *testing.T) {
	server, o := start(t, pretend.Options{})
	c := client(t, o)
	for range 3 {
		if a := c.Send(t.Context(), token(1)); a.Verdict != apns.OK {
			t.Fatalf("%+v", a)
		}
		server.HangUp()
	}
	if n := server.Counts().Connections; n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

// TestRefusals: what is wrong with the sender or the server stops everything, and
// does not look like a dead device.
func TestRefusals(t *testing.T) {
	_, o := start(t, pretend.Options{})
	for name, test := range map[string]struct {
		change func(*apns.Options)
		reason string
	}{
		"a certificate that expired": {func(o *apns.Options) { o.Certificate = sender(t, topic, time.Now().Add(-time.Minute)) }, apns.ReasonExpired},
		"another topic's":            {func(o *apns.Options) { o.Certificate = sender(t, "pass.com.example.other", time.Now().Add(time.Hour)) }, apns2.ReasonTopicDisallowed},
		"a server that nobody knows": {func(o *apns.Options) { o.Roots = nil }, apns.ReasonHandshake},
	} {
		o := o
		test.change(&o)
		if a := client(t, o).Send(t.Context(), token(1)); a.Verdict != apns.Halted || a.Reason != test.reason {
			t.Errorf("%s: %+v, want %s", name, a, test.reason)
		}
	}
}

// TestTokenIsNoAddress: a token that a stranger registered leads nowhere.
func TestTokenIsNoAddress(t *testing.T) {
	server, o := start(t, pretend.Options{})
	c := client(t, o)
	for _, bad := range []string{"", "../../listen", "00?x=", strings.Repeat("0", 300), "zz" + token(1)} {
		if a := c.Send(t.Context(), bad); a.Verdict != apns.Gone {
			t.Errorf("%q: %+v", bad, a)
		}
	}
	if n := server.Counts().Pushes; n != 0 {
		t.Errorf("%d pushes", n)
	}
}

// TestStop: a push ends with its context, and says nothing of the device.
func TestStop(t *testing.T) {
	_, o := start(t, pretend.Options{Faults: pretend.Faults{Share: 1, Kinds: []pretend.Kind{pretend.Stall}}})
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if a := client(t, o).Send(ctx, token(1)); a.Verdict != apns.Later || a.Reason != apns.ReasonStopped || !errors.Is(a.Err, context.DeadlineExceeded) {
		t.Errorf("%+v", a)
	}
}

// TestOptions: what can't work is told at once.
func TestOptions(t *testing.T) {
	certificate := sender(t, topic, time.Now().Add(time.Hour))
	for want, o := range map[string]apns.Options{
		"write it as https://host":              {Topic: topic, Certificate: certificate, Server: "http://127.0.0.1"},
		"tokens of passes are unknown there":    {Topic: topic, Certificate: certificate, Server: "https://api.sandbox.push.apple.com"},
		"need a pass type identifier":           {Certificate: certificate},
		"need a certificate or provider tokens": {Topic: topic},
		"keep at most 4 open":                   {Topic: topic, Certificate: certificate, Connections: 5},
	} {
		if _, err := apns.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestFirstPushGoesAhead: on a new connection one push goes alone, so that a server
// that refuses us is asked by a few and not by all that wait.
func TestFirstPushGoesAhead(t *testing.T) {
	server, o := start(t, pretend.Options{Latency: 100 * time.Millisecond})
	server.Refuse("BadCertificate")
	c := client(t, o)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			if c.Send(ctx, token(i)).Verdict == apns.Halted {
				stop() // as a sender does
			}
		})
	}
	group.Wait()
	if n := server.Counts().Pushes; n > 10 {
		t.Errorf("%d pushes went to a server that refuses all", n)
	}
}

// TestNoStorm: a server that hangs up on everybody is not called again and again.
func TestNoStorm(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	calls := make(chan int)
	go func() {
		n := 0
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
			n++
		}
		calls <- n
	}()
	c := client(t, apns.Options{Topic: topic, Certificate: sender(t, topic, time.Now().Add(time.Hour)), Server: "https://" + l.Addr().String()})
	for i, a := range all(t.Context(), c, 200, 20) {
		if a.Verdict != apns.Later || !a.All {
			t.Fatalf("push %d: %+v", i, a)
		}
	}
	l.Close()
	if n := <-calls; n > 6 {
		t.Errorf("%d calls for 200 pushes", n)
	}
}
