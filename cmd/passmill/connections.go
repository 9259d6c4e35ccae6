package main

import (
	"net"
	"net/netip"
	"sync"

	"passmill/jobs/caller"
)

// connectionsOfOne is how many connections one address may hold: many phones of a
// mobile network share one, and yet nobody alone can hold all that there are.
const connectionsOfOne = 500

// A limitedListener closes connections of addresses that hold too many.
type limitedListener struct {
	net.Listener
	most   int
	exempt func(netip.Addr) bool

	mu   sync.Mutex
	open map[netip.Prefix]int // guarded by mu
}

// limitConnections limits the connections of each address but those of this machine and
// of proxies, behind which everybody is.
func limitConnections(l net.Listener, proxies []netip.Prefix) net.Listener {
	return &limitedListener{
		Listener: l, most: connectionsOfOne, open: map[netip.Prefix]int{},
		exempt: func(a netip.Addr) bool { return a.IsLoopback() || caller.Believed(a, proxies) },
	}
}

// Accept waits for a connection that may be.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := caller.Address(conn.RemoteAddr().String())
		if l.exempt(from) {
			return conn, nil
		}
		if who := caller.Network(from); l.take(who) {
			return &limitedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(who) })}, nil
		}
		conn.Close()
	}
}

func (l *limitedListener) take(who netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[who] >= l.most {
		return false
	}
	l.open[who]++
	return true
}

func (l *limitedListener) leave(who netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[who]--; l.open[who] == 0 {
		delete(l.open, who)
	}
}

// A limitedConn is a connection that is counted.
type limitedConn struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
