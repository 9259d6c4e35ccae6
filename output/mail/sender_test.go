package mail_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"passmill/jobs"
	"passmill/output/mail"
)

// A memory is an outbox that keeps everything in memory, by the clock of the test.
type memory struct {
	mu   sync.Mutex
	list []jobs.Delivery // guarded by mu
	stop map[string]bool // guarded by mu: ids that must not be sent
	fail error           // of Record; guarded by mu
}

func (o *memory) Claim(_ context.Context, _ int64, n int, except []string) (claimed []jobs.Delivery, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.list {
		d := &o.list[i]
		_, domain, _ := strings.Cut(d.Recipient, "@")
		if len(claimed) == n || d.State != jobs.DeliveryWaiting || d.Next.After(time.Now()) || slices.Contains(except, domain) {
			continue
		}
		d.State = jobs.DeliveryTrying
		if d.First.IsZero() {
			d.First = time.Now()
		}
		claimed = append(claimed, *d)
	}
	return claimed, nil
}

func (o *memory) Record(_ context.Context, changes []jobs.DeliveryChange) (stopped []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range changes {
		i := slices.IndexFunc(o.list, func(d jobs.Delivery) bool { return d.ID == c.ID })
		d := &o.list[i]
		if c.State == jobs.DeliveryInDoubt && !c.Tried && o.stop[c.ID] {
			d.State = jobs.DeliverySuppressed
			stopped = append(stopped, c.ID)
			continue
		}
		if d.State != jobs.DeliveryTrying && d.State != jobs.DeliveryInDoubt {
			continue
		}
		d.State, d.Code, d.Answer, d.Next = c.State, c.Code, c.Answer, c.Next
		if c.Tried {
			d.Tries++
		}
	}
	return stopped, o.fail
}

func (o *memory) NextDue(context.Context, int64) (next time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.list {
		if d.State == jobs.DeliveryWaiting && (next.IsZero() || d.Next.Before(next)) {
			next = d.Next
		}
	}
	return next, nil
}

func waitingFor(recipients ...string) *memory {
	o := &memory{stop: map[string]bool{}}
	for i, to := range recipients {
		o.list = append(o.list, jobs.Delivery{ID: fmt.Sprint("d", i), Recipient: to, State: jobs.DeliveryWaiting, Next: time.Now()})
	}
	return o
}

func (o *memory) states() (states []jobs.DeliveryState) {
	for _, d := range o.list {
		states = append(states, d.State)
	}
	return states
}

func plain(o *memory, server *limited) *mail.Sender {
	return &mail.Sender{
		Server: &mail.Server{Address: "localhost:25", Plain: true, Dial: server.dial}, Outbox: o,
		Compose: func(_ context.Context, d jobs.Delivery) (mail.Message, error) {
			m := message
			m.ID, m.To = d.ID+"@example.com", d.Recipient
			return m, nil
		},
	}
}

// TestPace: so many mails a second, and so many to one domain; other domains need not
// wait for it.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to []string
		for i := range 40 {
			to = append(to, fmt.Sprintf("m%d@big.example", i))
		}
		to = append(to, "a@small.example", "b@other.example")
		o, server := waitingFor(to...), &limited{most: 1000}
		s := plain(o, server)
		s.Connections, s.PerDomain = 4, 2
		start := time.Now()
		small := time.Duration(0)
		s.Told = func(d jobs.Delivery, _ jobs.DeliveryChange) {
			if d.Recipient == "b@other.example" {
				small = time.Since(start)
			}
		}
		must(t, s.Run(t.Context(), 1))
		if took := time.Since(start); took < 18*time.Second || took > 22*time.Second {
			t.Errorf("40 mails to one domain, two a second, took %v", took)
		}
		if small > 5*time.Second {
			t.Errorf("another domain waited %v", small)
		}
		if server.open.Wait(); server.mails != 42 {
			t.Errorf("%d mails", server.mails)
		}

		o, server = waitingFor(to...), &limited{most: 1000}
		s = plain(o, server)
		s.Connections, s.Pace = 4, 10
		start = time.Now()
		must(t, s.Run(t.Context(), 1))
		if took := time.Since(start); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("42 mails, ten a second, took %v", took)
		}
		server.open.Wait()
	})
}

// TestRetries: a mail that the server puts off is tried again after longer and longer
// pauses, up to four hours, and given up after five days.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := waitingFor("late@example.com")
		server := &scripted{at: recipient, reply: "450 4.2.1 later", pipe: true}
		s := plain(o, nil)
		s.Server.Dial = server.dial
		begin, tries := time.Now(), 0
		var pauses []time.Duration
		for {
			must(t, s.Run(t.Context(), 1))
			tries++
			next, _ := o.NextDue(t.Context(), 1)
			if next.IsZero() {
				break
			}
			pauses = append(pauses, time.Until(next).Round(time.Second))
			time.Sleep(time.Until(next))
		}
		server.closed.Wait()
		d := o.list[0]
		if d.State != jobs.DeliveryGivenUp || d.Code != 450 || d.Answer != "4.2.1 later" || d.Tries != tries {
			t.Errorf("%+v after %d tries", d, tries)
		}
		want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, 64 * time.Minute, 128 * time.Minute, 4 * time.Hour, 4 * time.Hour}
		if len(pauses) < 20 || !slices.Equal(pauses[:len(want)], want) {
			t.Errorf("pauses %v", pauses)
		}
		if took := time.Since(begin); took > 5*24*time.Hour || took < 4*24*time.Hour {
			t.Errorf("given up after %v", took)
		}
	})
}

// TestTroubles: a server that is of no use loses nothing and counts as no try; after
// ten failures in a row the sender says so.
func TestTroubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := waitingFor("a@example.com", "b@example.com")
		server := &scripted{at: sender, reply: "550 5.7.1 not you", pipe: true}
		s := plain(o, nil)
		s.Server.Dial = server.dial
		err := s.Run(t.Context(), 1)
		server.closed.Wait()
		if err == nil || !strings.Contains(err.Error(), "10 failures in a row") || !strings.Contains(err.Error(), "not you") {
			t.Errorf("it says %v", err)
		}
		for _, d := range o.list {
			if d.State != jobs.DeliveryWaiting || d.Tries != 0 {
				t.Errorf("%+v", d)
			}
		}
	})
}

// TestStopped: who unsubscribes while the mail is written gets none, and a ledger that
// can't write down a doubt sends nothing.
func TestStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, server := waitingFor("a@example.com", "b@example.com"), &limited{most: 1000}
		o.stop["d0"] = true
		must(t, plain(o, server).Run(t.Context(), 1))
		server.open.Wait()
		if server.mails != 1 || !slices.Equal(o.states(), []jobs.DeliveryState{jobs.DeliverySuppressed, jobs.DeliverySent}) {
			t.Errorf("%d mails, %v", server.mails, o.states())
		}
		o, server = waitingFor("a@example.com"), &limited{most: 1000}
		o.fail = errors.New("disk full")
		err := plain(o, server).Run(t.Context(), 1)
		server.open.Wait()
		if err == nil || server.mails != 0 {
			t.Errorf("%v, %d mails", err, server.mails)
		}
	})
}

// TestInterrupted: when ctx ends, what was not begun waits, and nothing is left trying.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to []string
		for i := range 50 {
			to = append(to, fmt.Sprintf("m%d@example.com", i))
		}
		o, server := waitingFor(to...), &limited{most: 1000}
		s := plain(o, server)
		s.Connections, s.Pace = 3, 5
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		err := s.Run(ctx, 1)
		server.open.Wait()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it says %v", err)
		}
		sent := 0
		for _, d := range o.list {
			if d.State == jobs.DeliverySent {
				sent++
			} else if d.State != jobs.DeliveryWaiting {
				t.Errorf("%+v", d)
			}
		}
		if sent != server.mails || sent < 10 || sent == 50 {
			t.Errorf("%d sent, %d taken", sent, server.mails)
		}
	})
}

// TestWindow: right on ordinary days and on those when clocks change.
func TestWindow(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	at := func(text string) time.Time {
		w, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
		must(t, err)
		return w
	}
	for _, c := range []struct{ window, now, want string }{
		{"09:00-18:00", "2026-11-25 08:59", "2026-11-25 09:00"},
		{"09:00-18:00", "2026-11-25 09:00", "2026-11-25 09:00"},
		{"09:00-18:00", "2026-11-25 17:59", "2026-11-25 17:59"},
		{"09:00-18:00", "2026-11-25 18:00", "2026-11-26 09:00"},
		{"22:00-06:00", "2026-11-25 23:00", "2026-11-25 23:00"},
		{"22:00-06:00", "2026-11-25 05:59", "2026-11-25 05:59"},
		{"22:00-06:00", "2026-11-25 06:00", "2026-11-25 22:00"},
		{"09:00-18:00", "2026-03-28 19:00", "2026-03-29 09:00"}, // the clocks go forward in between
		{"09:00-18:00", "2026-10-24 19:00", "2026-10-25 09:00"}, // and back
		{"02:30-04:00", "2026-03-29 01:00", "2026-03-29 03:30"}, // half past two is not shown
		{"09:00-18:00", "2026-12-31 20:00", "2027-01-01 09:00"},
	} {
		w, err := mail.ParseWindow(c.window, "Europe/Berlin")
		must(t, err)
		if got := w.Opens(at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("%s at %s: %v, want %s", c.window, c.now, got, c.want)
		}
	}
	for _, c := range [][2]string{{"9-18", "UTC"}, {"09:00", "UTC"}, {"09:00-09:00", "UTC"}, {"09:00-25:00", "UTC"}, {"09:00-18:00", ""}, {"09:00-18:00", "Berlin"}} {
		if _, err := mail.ParseWindow(c[0], c[1]); err == nil {
			t.Errorf("%q passes", c)
		}
	}
}

// TestOutsideWindow: nothing is sent while the window is closed.
func TestOutsideWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight UTC
		o, server := waitingFor("a@example.com"), &limited{most: 10}
		s := plain(o, server)
		s.Window, _ = mail.ParseWindow("09:00-18:00", "UTC")
		must(t, s.Run(t.Context(), 1))
		if server.mails != 0 || o.list[0].State != jobs.DeliveryWaiting {
			t.Errorf("at midnight: %d mails, %+v", server.mails, o.list[0])
		}
		time.Sleep(10 * time.Hour)
		must(t, s.Run(t.Context(), 1))
		if server.open.Wait(); server.mails != 1 {
			t.Errorf("at ten: %d mails", server.mails)
		}
	})
}

// TestWindowCloses: what is held back for its domain when the window closes waits for
// the next one.
func TestWindowCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(18*time.Hour - 10*time.Second)
		var to []string
		for i := range 40 {
			to = append(to, fmt.Sprintf("m%d@big.example", i))
		}
		o, server := waitingFor(to...), &limited{most: 1000}
		s := plain(o, server)
		s.PerDomain, s.Connections = 1, 20
		s.Window, _ = mail.ParseWindow("09:00-18:00", "UTC")
		must(t, s.Run(t.Context(), 1))
		if server.open.Wait(); server.mails < 5 || server.mails > 12 {
			t.Errorf("%d mails in ten seconds, one a second", server.mails)
		}
		for _, d := range o.list {
			if d.State != jobs.DeliverySent && d.State != jobs.DeliveryWaiting {
				t.Errorf("%+v", d)
			}
		}
	})
}

// TestUnwritable: a mail that can't be written is tried again after longer and longer
// pauses and given up, as one that the server does not take, and says why in one line.
func TestUnwritable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := waitingFor("a@example.com")
		s := plain(o, &limited{most: 1})
		s.Compose = func(context.Context, jobs.Delivery) (mail.Message, error) {
			return mail.Message{}, errors.New(strings.Repeat("no\n", 1000))
		}
		tries := 0
		for ; tries < 1000; tries++ {
			must(t, s.Run(t.Context(), 1))
			next, _ := o.NextDue(t.Context(), 1)
			if next.IsZero() {
				break
			}
			time.Sleep(time.Until(next))
		}
		if d := o.list[0]; d.State != jobs.DeliveryGivenUp || tries > 50 || len(d.Answer) > 300 || strings.Contains(d.Answer, "\n") {
			t.Errorf("%+v after %d tries", d, tries)
		}
	})
}

// TestSoak sends for two hours of simulated time: memory and goroutines stay as they
// are after the first minutes, and connections are kept.
func TestSoak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to []string
		for i := range 14_400 {
			to = append(to, fmt.Sprintf("m%d@d%d.example", i, i%50))
		}
		o, server := waitingFor(to...), &limited{most: 1000}
		s := plain(o, server)
		s.Connections, s.Pace, s.PerDomain = 4, 2, 1
		type sample struct {
			heap       uint64
			goroutines int
		}
		var samples []sample
		start, next := time.Now(), 10*time.Minute
		s.Told = func(jobs.Delivery, jobs.DeliveryChange) {
			if time.Since(start) < next {
				return
			}
			next += 10 * time.Minute
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			samples = append(samples, sample{m.HeapAlloc, runtime.NumGoroutine()})
		}
		must(t, s.Run(t.Context(), 1))
		server.open.Wait()
		if took := time.Since(start); took < 115*time.Minute || took > 125*time.Minute || server.mails != len(to) {
			t.Errorf("%d mails in %v", server.mails, took)
		}
		first, last := samples[0], samples[len(samples)-1]
		if last.heap > first.heap+4<<20 || last.goroutines > first.goroutines+2 || server.connections > 4*(1+len(to)/4/1000) {
			t.Errorf("heap and goroutines %v, %d connections", samples, server.connections)
		}
		t.Logf("%d mails: heap and goroutines after 10 minutes %v, at the end %v; %d connections", server.mails, first, last, server.connections)
	})
}
