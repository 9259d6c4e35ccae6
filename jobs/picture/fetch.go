package picture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"passmill/jobs"
)

// Bounds of a request for an image.
const (
	MaxFetch     = 2 << 20 // bytes
	fetchTime    = 5 * time.Second
	maxRedirects = 3
	// patience is how often in a row a host may fail to answer before it is
	// not asked any more: a million rows would wait for days.
	patience = 8
)

// A Fetcher fetches images from the hosts that a job allows. It is safe for
// concurrent use.
//
// A request leaves only for a host of the list, by HTTPS, and a connection is
// made only to an address of the public internet. That is looked at when the
// connection is made, after names were resolved, so it does not help a host to
// answer first so and then otherwise. Redirects are looked at in the same way.
// Proxies of the environment are not asked.
type Fetcher struct {
	hosts  []string
	client *http.Client

	mu    sync.Mutex     // guards silent
	quiet map[string]int // by host: how often in a row it did not answer
}

// Net is the way to the network. The zero value is the machine's own.
type Net struct {
	Resolver *net.Resolver
	Roots    *x509.CertPool
	// Allowed reports whether an address may be connected to; nil means
	// Public.
	Allowed func(netip.AddrPort) bool
}

// NewFetcher returns a fetcher for hosts, each as it stands in an address: with
// a port if that is not 443.
func NewFetcher(hosts []string, n Net) *Fetcher {
	f := &Fetcher{quiet: make(map[string]int)}
	for _, h := range hosts {
		f.hosts = append(f.hosts, strings.ToLower(h))
	}
	allowed := n.Allowed
	if allowed == nil {
		allowed = func(a netip.AddrPort) bool { return Public(a.Addr()) }
	}
	dialer := &net.Dialer{Timeout: fetchTime, Resolver: n.Resolver, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(a) {
			return errPrivate
		}
		return nil
	}}
	f.client = &http.Client{
		Timeout: fetchTime,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSClientConfig:     &tls.Config{RootCAs: n.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: fetchTime, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
			MaxConnsPerHost: fetchers, MaxIdleConnsPerHost: fetchers, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errRedirects
			}
			if problem := f.allowed(r.URL); problem != nil {
				return errElsewhere
			}
			return nil
		},
	}
	return f
}

// Close closes connections that are idle.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

var (
	errPrivate   = errors.New("the address is not public")
	errRedirects = errors.New("too many redirects")
	errElsewhere = errors.New("leads on to an address that the job does not allow")
)

// isAddress reports whether a cell names something on the network and not a file.
func isAddress(name string) bool {
	scheme, _, found := strings.Cut(name, ":")
	return found && len(scheme) > 1 && !strings.ContainsAny(scheme, `/\. `) || strings.HasPrefix(name, "//")
}

// allowed returns why an address is not asked, or nil.
func (f *Fetcher) allowed(u *url.URL) *jobs.Finding {
	switch {
	case u.Scheme != "https":
		return refused(codeAddress, "does not begin with https://", "write the address of the image as https://…, or the name of a file")
	case u.Host == "" || u.User != nil || u.Opaque != "":
		return refused(codeAddress, "is no web address of an image", "write it as https://cdn.example.com/photo.jpg")
	}
	host := strings.ToLower(u.Host)
	if !slices.Contains(f.hosts, strings.TrimSuffix(host, ":443")) && !slices.Contains(f.hosts, host) {
		return refused(codeHost, "lies on a host that the job does not allow", "write the host into the job under images: {hosts: […]}, or copy the image beside the rows and name the file")
	}
	return nil
}

// fetch gets the bytes that lie at an address.
func (f *Fetcher) fetch(ctx context.Context, address string) ([]byte, *jobs.Finding) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, refused(codeAddress, "is no web address of an image", "write it as https://cdn.example.com/photo.jpg")
	}
	if problem := f.allowed(u); problem != nil {
		return nil, problem
	}
	if f.silent(u.Host, 0) >= patience {
		return nil, refused(codeUnreachable, "its host did not answer several times, and was not asked again", "run the command again when it does")
	}
	data, problem := f.get(ctx, u)
	if problem != nil && problem.Code == codeUnreachable {
		f.silent(u.Host, 1)
	} else {
		f.silent(u.Host, -1)
	}
	return data, problem
}

// silent counts the times that a host did not answer, up or, with -1, from zero.
func (f *Fetcher) silent(host string, more int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case more > 0:
		f.quiet[host] += more
	case more < 0:
		delete(f.quiet, host)
	}
	return f.quiet[host]
}

func (f *Fetcher) get(ctx context.Context, u *url.URL) ([]byte, *jobs.Finding) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, refused(codeAddress, "is no web address of an image", "write it as https://cdn.example.com/photo.jpg")
	}
	r.Header.Set("User-Agent", "passmill")
	r.Header.Set("Accept", "image/png, image/jpeg, image/gif")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, unreachable(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		fix := "open the address in a browser without being signed in, and correct it"
		return nil, refused(codeStatus, fmt.Sprintf("its host answered with status %d", answer.StatusCode), fix)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, MaxFetch+1))
	switch {
	case err != nil:
		return nil, unreachable(err)
	case len(data) > MaxFetch:
		return nil, tooBig(MaxFetch)
	}
	return data, nil
}

// unreachable says why there was no answer, without the address, which the
// library's errors quote.
func unreachable(err error) *jobs.Finding {
	const again = "open the address in a browser; if it is there, run the command again"
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return refused(codeUnreachable, fmt.Sprintf("its host did not answer within %d seconds", int(fetchTime.Seconds())), again)
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, named := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, lookup := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errPrivate):
		return refused(codePrivate, "its host has an address within a private network", "copy the image beside the rows and name the file")
	case errors.Is(err, errElsewhere):
		return refused(codeHost, errElsewhere.Error(), "write the address that it leads to, and its host into the job under images: {hosts: […]}")
	case errors.Is(err, errRedirects):
		return refused(codeStatus, fmt.Sprintf("leads on to other addresses more than %d times", maxRedirects), "write the last of them")
	case unknown || named || invalid:
		return refused(codeUnreachable, "its host shows no certificate that can be trusted", "ask who runs the host")
	case lookup:
		return refused(codeUnreachable, "its host has no address", "correct the name of the host")
	}
	return refused(codeUnreachable, "its host could not be reached, or broke off", again)
}
