package picture_test

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/picture"
)

// A names server answers questions for addresses over UDP, as a hostile one may:
// each time with the next of its answers.
type names struct {
	answers [][]netip.Addr
	asked   atomic.Int64
}

func (n *names) resolver(t testing.TB) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			conn.WriteTo(n.answer(buf[:size]), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// answer builds a message of RFC 1035 with the addresses of the asked kind.
func (n *names) answer(query []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	kind := binary.BigEndian.Uint16(query[end+1:])
	question := query[12 : end+5]
	turn := int(n.asked.Add(1)-1) / 2 // IPv4 and IPv6 are asked side by side
	var records []byte
	count := uint16(0)
	for _, a := range n.answers[min(turn, len(n.answers)-1)] {
		if a.Is4() != (kind == 1) || kind != 1 && kind != 28 {
			continue
		}
		count++
		records = append(records, 0xc0, 12)
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 0, 0, byte(len(a.AsSlice())))
		records = append(records, a.AsSlice()...)
	}
	msg := append([]byte{query[0], query[1], 0x84, 0x00, 0, 1}, 0, 0, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(msg[6:], count)
	return append(append(msg, question...), records...)
}

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// A host is a real server with a certificate for example.com.
type host struct {
	*httptest.Server
	port     string
	requests atomic.Int64
}

func newHost(t testing.TB, handler http.HandlerFunc) *host {
	t.Helper()
	h := &host{}
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests.Add(1)
		handler(w, r)
	}))
	h.Config.ErrorLog = nil
	h.EnableHTTP2 = true
	h.StartTLS()
	t.Cleanup(h.Close)
	u, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.port = u.Port()
	return h
}

// way is a network on which example.com is this host, whose address may be
// connected to and no other.
func (h *host) way(t testing.TB) picture.Net {
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	self := netip.MustParseAddrPort(h.Listener.Addr().String())
	n := &names{answers: [][]netip.Addr{addrs("127.0.0.1")}}
	return picture.Net{Resolver: n.resolver(t), Roots: roots, Allowed: func(a netip.AddrPort) bool { return a == self || picture.Public(a.Addr()) }}
}

// fetching returns an album that may ask the host as example.com.
func (h *host) fetching(t testing.TB, more ...string) (*picture.Album, string) {
	a, _ := album(t, nil)
	a.Fetcher = picture.NewFetcher(append(more, "example.com:"+h.port), h.way(t))
	t.Cleanup(a.Fetcher.Close)
	return a, "https://example.com:" + h.port
}

// TestFetch checks that an image is fetched once in a run, from its host alone.
func TestFetch(t *testing.T) {
	image := jpegOf(t, gradient(300, 300))
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html") // which counts for nothing
		w.Write(image)
	})
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // nobody's
	a, base := h.fetching(t)
	for range 3 {
		if f := take(t, a, base+"/a.jpg"); f.Findings != nil {
			t.Fatal(f.Findings)
		}
	}
	if n := h.requests.Load(); n != 1 {
		t.Errorf("%d requests for one image", n)
	}
	file, _ := album(t, map[string][]byte{"a.jpg": image})
	if take(t, a, base+"/a.jpg").ID != take(t, file, "a.jpg").ID {
		t.Error("the same bytes from a file are another image")
	}
}

// TestFetchFindings checks what is said of each kind of answer.
func TestFetchFindings(t *testing.T) {
	image := pngOf(t, gradient(300, 300))
	var other *host
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			http.NotFound(w, r)
		case "/big":
			w.Write(make([]byte, picture.MaxFetch+1))
		case "/endless":
			for range 100 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		case "/page":
			w.Write([]byte("<html>sign in</html>"))
		case "/short":
			w.Header().Set("Content-Length", "1000")
			w.Write(image[:100])
		case "/moved":
			http.Redirect(w, r, "/image", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, "/circle", http.StatusFound)
		case "/elsewhere":
			http.Redirect(w, r, other.URL+"/image", http.StatusFound)
		case "/plain":
			http.Redirect(w, r, "http://"+r.Host+"/image", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/metadata":
			http.Redirect(w, r, "https://169.254.169.254/latest", http.StatusFound)
		case "/squeezed":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(image)
		default:
			w.Write(image)
		}
	})
	other = newHost(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(image) })
	a, base := h.fetching(t)
	for path, want := range map[string]string{
		"/image": "", "/moved": "", "/squeezed": "", "/image?x=1#y": "",
		"/missing": "image-status", "/big": "image-too-big", "/endless": "image-too-big", "/page": "image-type", "/short": "image-unreachable", "/circle": "image-status",
		"/elsewhere": "image-host", "/plain": "image-host", "/file": "image-host", "/metadata": "image-host",
	} {
		found := take(t, a, base+path).Findings
		if got := refusal(found); got != want {
			t.Errorf("%s: got %v, want %q", path, found, want)
		}
		for _, f := range found {
			if strings.Contains(f.Message+f.Fix, "example.com:") || strings.Contains(f.Message+f.Fix, path) {
				t.Errorf("%s: the message quotes the address: %v", path, f)
			}
		}
	}
	if n := other.requests.Load(); n != 0 {
		t.Errorf("%d requests to a host that is not on the list", n)
	}
	for address, want := range map[string]string{
		"http://example.com/a.png": "image-address", "https://user:pass@example.com:" + h.port + "/": "image-address", "https:///a.png": "image-address", "HTTPS://EXAMPLE.COM:" + h.port + "/image": "",
		"https://example.com/": "image-host", "https://www.example.com:" + h.port + "/": "image-host", "https://example.com.:" + h.port + "/": "image-host", "https://example.com:" + h.port + "@evil.example/": "image-address",
		"https://evil.example/example.com:" + h.port: "image-host", "https://example.com:" + h.port + ".evil.example/": "image-address", "https://[::1%25lo]/": "image-host", "https:example.com": "image-address",
	} {
		if got := refusal(take(t, a, address).Findings); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

// TestFetchCertificate checks that nobody is believed without a certificate.
func TestFetchCertificate(t *testing.T) {
	h := newHost(t, func(w http.ResponseWriter, _ *http.Request) { t.Error("a request was made") })
	h.Config.ErrorLog = nil
	way := h.way(t)
	for name, n := range map[string]picture.Net{"unknown issuer": {Resolver: way.Resolver, Allowed: way.Allowed, Roots: x509.NewCertPool()}, "other name": way} {
		a, _ := album(t, nil)
		host := map[string]string{"unknown issuer": "example.com:", "other name": "other.test:"}[name] + h.port
		a.Fetcher = picture.NewFetcher([]string{host}, n)
		f := take(t, a, "https://"+host+"/a.png")
		if refusal(f.Findings) != "image-unreachable" || !strings.Contains(f.Findings[0].Message, "certificate") {
			t.Errorf("%s: got %v", name, f.Findings)
		}
	}
}

// TestSilentHost checks that a host that does not answer is not asked for ever,
// and that one answer makes good again what was before it.
func TestSilentHost(t *testing.T) {
	var connections atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			conn.Close()
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	n := &names{answers: [][]netip.Addr{addrs("127.0.0.1")}}
	a, _ := album(t, nil)
	a.Fetcher = picture.NewFetcher([]string{fmt.Sprint("example.com:", port)}, picture.Net{Resolver: n.resolver(t), Allowed: func(netip.AddrPort) bool { return true }})
	for i := range 30 {
		f := take(t, a, fmt.Sprintf("https://example.com:%d/%d.png", port, i))
		if refusal(f.Findings) != "image-unreachable" || (i >= 8) != strings.Contains(f.Findings[0].Message, "several times") {
			t.Errorf("request %d: %v", i, f.Findings)
		}
	}
	if c := connections.Load(); c == 0 || c > 16 {
		t.Errorf("%d connections", c)
	}
}

// TestSlowHost checks that a host which never ends its answer is given up.
func TestSlowHost(t *testing.T) {
	release := make(chan struct{})
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	a, base := h.fetching(t)
	start := time.Now()
	f := take(t, a, base+"/a.png")
	if refusal(f.Findings) != "image-unreachable" || !strings.Contains(f.Findings[0].Message, "within 5 seconds") {
		t.Errorf("got %v", f.Findings)
	}
	if d := time.Since(start); d < 4*time.Second {
		t.Errorf("given up after %v", d)
	}
}

// spellings are ways to write this machine, its network and the metadata of
// clouds. All are put on the list of hosts, as a careless job could.
var spellings = strings.Fields(`
	localhost LOCALHOST localhost. localhost.localdomain ip6-localhost ip6-loopback
	127.0.0.1 127.0.0.1. 127.1 127.0.1 127.255.255.254 127.000.000.001 0127.0.0.1 0177.0.0.1 0177.0.0.0x1 0x7f.0.0.1 0x7f.1 0x7f000001 0X7F000001 2130706433 017700000001 0 0.0.0.0 00000000
	①②⑦.⓪.⓪.① 127。0。0。1 127.0.0.1.nip.test
	[::1] [::] [0:0:0:0:0:0:0:1] [0000::0001] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] [fe80::1%25lo] [fc00::1] [fd00:ec2::254] [ff02::1] [2001:db8::1] [100::1]
	169.254.169.254 [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] 2852039166 0xa9fea9fe 0251.0376.0251.0376 metadata.google.internal 169.254.170.2 100.100.100.200 192.0.0.192
	10.0.0.1 10.1 172.16.0.1 172.31.255.255 192.168.0.1 192.168.1 100.64.0.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 [::ffff:10.0.0.1] [::ffff:192.168.0.1]
`)

// TestNoPrivateAddress asks for each spelling, with a name server that knows
// this machine by every name, and counts who is connected to: nobody.
func TestNoPrivateAddress(t *testing.T) {
	if len(spellings) < 60 {
		t.Fatalf("%d spellings, want 60 at least", len(spellings))
	}
	var connections atomic.Int64
	port := 0
	for _, address := range []string{"127.0.0.1", "[::1]"} {
		listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", address, port))
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		port = listener.Addr().(*net.TCPAddr).Port
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				connections.Add(1)
				conn.Close()
			}
		}()
	}
	for _, spelling := range spellings {
		n := &names{answers: [][]netip.Addr{addrs("127.0.0.1", "::1")}}
		a, _ := album(t, nil)
		a.Fetcher = picture.NewFetcher([]string{fmt.Sprintf("%s:%d", spelling, port)}, picture.Net{Resolver: n.resolver(t)})
		f := take(t, a, fmt.Sprintf("https://%s:%d/latest/meta-data", spelling, port))
		if refusal(f.Findings) == "" {
			t.Errorf("%s was fetched", spelling)
		}
	}
	if c := connections.Load(); c != 0 {
		t.Errorf("%d connections were made", c)
	}
}

// TestRebinding checks a name that is public when it is asked first and then
// this machine, in both orders and mixed: the connection is what counts.
func TestRebinding(t *testing.T) {
	var connections atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			conn.Close()
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	local := addrs("127.0.0.1")
	for _, answers := range [][][]netip.Addr{{local}, {nil, local}, {addrs("::1"), local}, {addrs("127.0.0.2", "127.0.0.1", "::1")}, {addrs("::ffff:127.0.0.1", "10.0.0.1")}} {
		n := &names{answers: answers}
		a, _ := album(t, nil)
		a.Fetcher = picture.NewFetcher([]string{fmt.Sprint("example.com:", port)}, picture.Net{Resolver: n.resolver(t)})
		for i := range 4 {
			f := take(t, a, fmt.Sprintf("https://example.com:%d/%d.png", port, i))
			if code := refusal(f.Findings); code != "image-private" && code != "image-unreachable" {
				t.Errorf("%v: %v", answers, f.Findings)
			}
		}
		if n.asked.Load() == 0 {
			t.Error("the name server was not asked: the test tests nothing")
		}
	}
	if c := connections.Load(); c != 0 {
		t.Errorf("%d connections were made", c)
	}
}

// TestPublic checks addresses on either side of the borders.
func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "9.255.255.255": true, "11.0.0.0": true, "172.15.255.255": true, "172.32.0.0": true, "100.63.255.255": true, "100.128.0.0": true, "223.255.255.255": true,
		"2606:4700::1111": true, "2a00:1450::1": true, "::ffff:1.1.1.1": true,
		"0.0.0.0": false, "10.255.255.255": false, "172.16.0.0": false, "192.168.255.255": false, "100.64.0.0": false, "169.254.0.0": false, "224.0.0.0": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:0:0": false, "::ffff:127.0.0.1": false, "64:ff9b::1.1.1.1": false, "2001::1": false, "2002:7f00:1::": false, "fe80::1": false, "fe80::1%eth0": false, "2606:4700::1%eth0": false, "fc00::1": false, "ff02::1": false, "4000::1": false,
	} {
		if got := picture.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %v, want %v", text, got, want)
		}
	}
	if picture.Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

var _ jobs.Images = (*picture.Album)(nil)
