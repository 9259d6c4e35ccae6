package caller_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"passmill/jobs/caller"
)

// TestOrigin: only a proxy that is believed says for whom it asks, and only about the
// one before it.
func TestOrigin(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:999", "", "192.0.2.1"},
		{"192.0.2.1:999", "198.51.100.7", "192.0.2.1"},
		{"10.0.0.1:999", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:999", "203.0.113.9, 198.51.100.7, 10.2.2.2", "198.51.100.7"},
		{"10.0.0.1:999", "nonsense", "10.0.0.1"},
		{"[::1]:999", "2001:db8::5", "2001:db8::5"},
		{"[::ffff:192.0.2.1]:999", "", "192.0.2.1"},
		{"nonsense", "", "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := caller.Origin(r, proxies).String(); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

// TestCounts: an address waits once it did something too often, with all of its
// network, until the period is over; others don't.
func TestCounts(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := caller.NewCounts(2, time.Minute, func() time.Time { return now })
	one, neighbour, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8:1::1")
	for i, want := range []time.Duration{0, 0, time.Minute} {
		if got := c.Wait(one); got != want {
			t.Errorf("after %d: waits %v, want %v", i, got, want)
		}
		c.Add(one)
	}
	if c.Wait(neighbour) != time.Minute || c.Wait(other) != 0 {
		t.Errorf("the same network waits %v, another %v", c.Wait(neighbour), c.Wait(other))
	}
	now = now.Add(time.Minute)
	if got := c.Wait(one); got != 0 {
		t.Errorf("when the period is over: waits %v", got)
	}
	// Many addresses make nobody's count last for ever, nor take memory without end.
	for i := range 30_000 {
		c.Add(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	c.Add(one)
	if got := c.Wait(one); got != 0 {
		t.Errorf("after many others: waits %v", got)
	}
}
