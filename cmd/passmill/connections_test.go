package main

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
)

// TestConnectionsOfOne: an address that holds too many connections gets no more until
// it lets one go; others, and proxies, get theirs.
func TestConnectionsOfOne(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limitConnections(inner, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}).(*limitedListener)
	for address, want := range map[string]bool{"127.0.0.1": true, "::1": true, "10.1.2.3": true, "192.0.2.1": false} {
		if l.exempt(netip.MustParseAddr(address)) != want {
			t.Errorf("%s: exempt %v", address, !want)
		}
	}
	l.most, l.exempt = 2, func(netip.Addr) bool { return false }
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: readHeaderTime}
	go server.Serve(l)
	defer server.Close()
	dial := func() (conn net.Conn, answers bool) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return conn, false
		}
		n, err := conn.Read(make([]byte, 100))
		return conn, n > 0 && err == nil
	}
	var held []net.Conn
	for i := range 4 {
		conn, answers := dial()
		defer conn.Close()
		if answers != (i < 2) {
			t.Errorf("connection %d: answers %v", i+1, answers)
		}
		held = append(held, conn)
	}
	held[0].Close()
	for { // the server notices in its own time
		conn, answers := dial()
		conn.Close()
		if answers {
			break
		}
	}
}
