package caller

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Origin returns the address that a request came from: that of the connection, or
// if it is a proxy that is believed, the last one before it in X-Forwarded-For.
func Origin(r *http.Request, proxies []netip.Prefix) netip.Addr {
	from := Address(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next := address(strings.TrimSpace(hop))
		if !Believed(from, proxies) || !next.IsValid() {
			break
		}
		from = next
	}
	return from
}

// Believed reports whether an address is that of a proxy.
func Believed(a netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Address reads the address of a connection, with or without its port. What is none
// becomes the zero address.
func Address(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	return address(text)
}

func address(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// Network returns what is counted as one address: of IPv6 the /64 that one customer
// of a provider gets.
func Network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // of the zero address: the zero prefix
	return p
}
