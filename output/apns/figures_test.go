package apns_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/output/apns"
	"passmill/output/apns/pretend"
)

// pushes is how many there are in the tests of figures; PUSHES asks for more.
func pushes(t *testing.T) int {
	text := os.Getenv("PUSHES")
	if text == "" {
		return 5000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestFiguresRate measures the sender, over an outbox in memory, beside a bare loop:
// the same number of pushes at a time, over connections of the same kind, without
// outbox, pace, deadlines or retries. It counts connections, and prints ratios of
// pairs of rounds that follow each other.
func TestFiguresRate(t *testing.T) {
	n, rounds := pushes(t), 1
	if os.Getenv("PUSHES") != "" {
		rounds = 5
	}
	var bareRates, rates, ratios []float64
	for range rounds {
		server, o := start(t, pretend.Options{})
		bare := bareLoop(t, o, n)
		if c := server.Counts(); c.Answers["200"] != n {
			t.Fatalf("the bare loop: %+v", c)
		}
		server.Close()
		server, o = start(t, pretend.Options{})
		ours := sending(t, o, n)
		c := server.Counts()
		server.Close()
		if c.Answers["200"] != n || c.Pushes != n || c.Connections > apns.MaxConnections {
			t.Errorf("%+v; want %d pushes over %d connections at most", c, n, apns.MaxConnections)
		}
		bareRates, rates, ratios = append(bareRates, bare), append(rates, ours), append(ratios, ours/bare)
	}
	t.Logf("%d pushes, %d rounds: bare loop %s pushes/s, sender %s pushes/s, ratio %s", n, rounds, spread(bareRates, 0), spread(rates, 0), spread(ratios, 2))
	if slices.Sort(ratios); os.Getenv("PUSHES") != "" && ratios[rounds/2] < 0.8 {
		t.Errorf("the sender reaches %.2f of the rate of a bare loop, want 0.8", ratios[rounds/2])
	}
}

// spread is a median with the least and the greatest.
func spread(list []float64, digits int) string {
	list = slices.Sorted(slices.Values(list))
	return fmt.Sprintf("%.*f [%.*f..%.*f]", digits, list[len(list)/2], digits, list[0], digits, list[len(list)-1])
}

// bareLoop pushes over two connections, as simply as can be, and returns the rate.
func bareLoop(t *testing.T, o apns.Options, n int) float64 {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{Protocols: &protocols, TLSClientConfig: &tls.Config{RootCAs: o.Roots, Certificates: []tls.Certificate{*o.Certificate}}}
	var conns [2]*http.ClientConn
	begin := time.Now()
	for i := range conns {
		c, err := transport.NewClientConn(t.Context(), "https", strings.TrimPrefix(o.Server, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range 256 {
		group.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				r, err := http.NewRequest(http.MethodPost, o.Server+"/3/device/"+token(i), bytes.NewReader([]byte("{}")))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("apns-topic", topic)
				r.Header.Set("apns-push-type", "background")
				r.Header.Set("apns-priority", "5")
				res, err := conns[w%2].RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	group.Wait()
	return float64(n) / time.Since(begin).Seconds()
}

// sending pushes to n devices through a sender and returns the rate.
func sending(t *testing.T, o apns.Options, n int) float64 {
	c := client(t, o)
	box := newPages(n)
	s := &apns.Sender{Outbox: box, Pusher: func(context.Context, string) (apns.Pusher, error) { return c, nil }}
	begin := time.Now()
	counts, err := s.Push(t.Context(), nil, func(jobs.Push) ([]jobs.Push, error) { return box.page(), nil })
	took := time.Since(begin)
	if err != nil || counts[apns.OK] != n || box.settled != n {
		t.Fatalf("%v, %v, %d written down", counts, err, box.settled)
	}
	return float64(n) / took.Seconds()
}

// Pages are an outbox that gives out its pushes once, and costs next to nothing.
type pages struct {
	apns.Outbox
	left    []jobs.Push
	settled int
}

func newPages(n int) *pages {
	p := &pages{}
	for i := range n {
		p.left = append(p.left, jobs.Push{Device: int64(i), TypeID: topic, Token: token(i), Wanted: 1})
	}
	return p
}

func (p *pages) page() []jobs.Push {
	n := min(500, len(p.left))
	page := p.left[:n]
	p.left = p.left[n:]
	return page
}

func (p *pages) SettlePushes(_ context.Context, results []jobs.PushResult) error {
	for _, r := range results {
		if r.Outcome == jobs.PushSent {
			p.settled++
		}
	}
	return nil
}

// A counter counts what is pushed to tokens of which it knows that they are dead.
type counter struct {
	*apns.Client
	mu    sync.Mutex
	dead  map[string]bool
	wrong int
	seen  map[apns.Verdict]int
}

func (c *counter) Send(ctx context.Context, token string) apns.Answer {
	c.mu.Lock()
	if c.dead[token] {
		c.wrong++
	}
	c.mu.Unlock()
	a := c.Client.Send(ctx, token)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[a.Verdict]++
	if a.Verdict == apns.Gone {
		c.dead[token] = true
	}
	return a
}

// TestFiguresFaults pushes through a server that misbehaves in five per cent, in all
// its ways, and sends connections away; passes change again meanwhile, a twentieth of
// the phones does not hear the first push, and a hundredth is gone. In the end every
// phone that lives is at the newest version, and no push went to a token that was
// known to be dead.
func TestFiguresFaults(t *testing.T) {
	n := pushes(t)
	server, o := start(t, pretend.Options{Faults: pretend.Faults{Share: 0.05, GoAwayEvery: 1000, Seed: 5}})
	o.Timeout = 2 * time.Second
	c := &counter{Client: client(t, o), dead: map[string]bool{}, seen: map[apns.Verdict]int{}}
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	box := &fleet{outbox: fill(n, now()), now: now, server: server}
	for i := 0; i < n; i += 100 {
		server.Kill(token(i))
	}
	s := &apns.Sender{Outbox: box, Now: now, Pusher: func(context.Context, string) (apns.Pusher, error) { return c, nil }}
	begin := time.Now()
	changes := 0
	for round := 0; ; round++ {
		_, err := s.Push(t.Context(), nil, func(jobs.Push) ([]jobs.Push, error) {
			at := now()
			return box.ClaimPushes(t.Context(), jobs.PushClaim{Now: at, Until: at.Add(10 * time.Minute), Limit: 500})
		})
		if err != nil {
			t.Fatal(err)
		}
		if changes < 2 { // of every tenth pass, while others are still put off
			changes++
			box.change(10 * changes)
		}
		next, err := box.NextPush(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			break
		}
		ahead.Add(int64(max(0, next.Sub(now()))))
	}
	living, newest, gone := 0, 0, 0
	for i, d := range box.list {
		switch {
		case !server.Dead(token(i)).IsZero():
			gone++
			if d.Token != "" && d.Told < d.Wanted {
				t.Errorf("device %d is dead and still to be pushed", i)
			}
		default:
			living++
			if d.Token != "" && d.Told == d.Wanted {
				newest++
			}
		}
	}
	counts := server.Counts()
	t.Logf("%d devices in %s: %d of %d that live are at the newest version, %d are dead; %v; %d connections, %d at a time; %+v",
		n, time.Since(begin).Round(time.Second), newest, living, gone, c.seen, counts.Connections, counts.MostOpen, counts.Answers)
	if newest != living || living < n*9/10 || gone < n/100 {
		t.Errorf("%d of %d living devices are at the newest version", newest, living)
	}
	if c.wrong > 0 {
		t.Errorf("%d pushes to tokens that were known to be dead", c.wrong)
	}
	if counts.MostOpen > apns.MaxConnections {
		t.Errorf("%d connections at a time", counts.MostOpen)
	}
}

// A fleet is an outbox whose phones ask when they are pushed, but for some that do not
// hear the first push of a change.
type fleet struct {
	*outbox
	now    func() time.Time
	server *pretend.Server
}

func (f *fleet) SettlePushes(ctx context.Context, results []jobs.PushResult) error {
	err := f.outbox.SettlePushes(ctx, results)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range results {
		d := f.list[r.Device]
		if deaf := roll(r.Token, r.Wanted) < 5; r.Outcome == jobs.PushSent && (!deaf || r.Tries > 0) {
			d.Told = max(d.Told, r.Wanted)
		}
		if d.Told >= d.Wanted {
			d.due = time.Time{}
		}
	}
	return err
}

// roll is a number below 100 for a token and a change.
func roll(token string, change int64) uint32 {
	h := fnv.New32a()
	fmt.Fprint(h, token, change)
	return h.Sum32() % 100
}

// change changes the pass of each n-th device again.
func (f *fleet) change(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := 0; i < len(f.list); i += n {
		d := f.list[i]
		d.Wanted, d.Tries = d.Wanted+1, 0
		if d.due = f.now(); d.Token == "" {
			d.due = time.Time{}
		}
	}
}
