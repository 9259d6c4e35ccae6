package certapi

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// How many wrong keys an address may show in a while. The keys can't be guessed;
// this keeps the attempts from costing anything.
const (
	guessesAllowed = 10
	guessesPeriod  = time.Minute
	guessesKept    = 10_000 // addresses that are remembered
)

// guesses counts wrong API keys by address.
type guesses struct {
	now func() time.Time

	mu sync.Mutex
	by map[netip.Prefix]guess // guarded by mu
}

// A guess is what an address did since some time.
type guess struct {
	since time.Time
	wrong int
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, by: map[netip.Prefix]guess{}}
}

// wait returns how long an address is not heard; 0 if it is.
func (g *guesses) wait(from netip.Addr) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := g.by[network(from)]
	if seen.wrong < guessesAllowed {
		return 0
	}
	return max(0, guessesPeriod-g.now().Sub(seen.since))
}

// wrong counts a wrong key.
func (g *guesses) wrong(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, who := g.now(), network(from)
	seen := g.by[who]
	if now.Sub(seen.since) >= guessesPeriod {
		seen = guess{since: now}
	}
	seen.wrong++
	if len(g.by) >= guessesKept {
		g.forget(now)
	}
	g.by[who] = seen
}

// forget drops the addresses whose time is over, or all if there are none: then a
// whole network attacks, and counting single addresses is of no use.
func (g *guesses) forget(now time.Time) {
	for who, seen := range g.by {
		if now.Sub(seen.since) >= guessesPeriod {
			delete(g.by, who)
		}
	}
	if len(g.by) >= guessesKept {
		clear(g.by)
	}
}

// network returns what is counted as one address: of IPv6 the /64 that one
// customer of a provider gets.
func network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // of the zero address: the zero prefix
	return p
}

// origin returns the address that a request came from: that of the connection, or
// if it is a proxy that is believed, the last one before it in X-Forwarded-For.
func origin(r *http.Request, proxies []netip.Prefix) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	from := address(host)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		believed := slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(from) })
		next := address(strings.TrimSpace(hop))
		if !believed || !next.IsValid() {
			break
		}
		from = next
	}
	return from
}

func address(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}
