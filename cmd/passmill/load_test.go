package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// loadVariable says how many phones TestLoad has: 10000 for the figures of
// docs/updates.md. Without it the test is short, and measures nothing.
const loadVariable = "PASSMILL_LOAD"

// loadKept is how many passes are fetched over and again, so that all are kept in memory.
const loadKept = 500

// A loadTest is a server that listens, and phones with their passes.
type loadTest struct {
	*walletTest
	phones  int
	address string
	tokens  []string
	dates   []string // of the newest versions
}

// TestLoad: as many phones register at once as there are; none fails, and none is lost.
// Then they fetch, passes that they have and passes that they have not. The rates stand
// beside those of a handler that does nothing, in the same process: the machine may be
// slow.
func TestLoad(t *testing.T) {
	phones, period := 200, 200*time.Millisecond
	if text := os.Getenv(loadVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is no number of phones", loadVariable)
		}
		phones, period = n, 5*time.Second
	}
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			l := newLoadTest(t, phones, database(t))
			registered := load{l.address, min(1000, phones)}.run(t, l.upTo(phones, l.registration), nil)
			t.Logf("registrations: %v", registered)
			if registered.err != nil || registered.codes[http.StatusCreated] != phones {
				t.Errorf("registered %v, %v", registered.codes, registered.err)
			}
			if devices, all, err := l.serving.db.CountDevices(t.Context()); err != nil || devices != phones || all != phones {
				t.Errorf("%d devices, %d registrations are there, %v; want %d", devices, all, err, phones)
			}
			bare := l.timed(period, l.bare(), l.registration)
			t.Logf("a bare handler: %v", bare)
			for _, c := range []struct {
				what string
				ask  func(i int) []byte
				code int
			}{
				{"unchanged passes", l.unchanged, http.StatusNotModified},
				{"passes from memory", l.fetch, http.StatusOK},
				{"lists", l.list, http.StatusOK},
			} {
				l.timed(period/4, l.address, c.ask) // warm
				got := l.timed(period, l.address, c.ask)
				t.Logf("%s: %v; for a processor's second, %.2f of what the bare handler does", c.what, got, got.perCPU()/bare.perCPU())
				if got.err != nil || len(got.codes) != 1 || got.codes[c.code] == 0 {
					t.Errorf("%s: %v, %v", c.what, got.codes, got.err)
				}
			}
			l.wrk(period)
		})
	}
}

func newLoadTest(t *testing.T, phones int, database string) *loadTest {
	t.Helper()
	l := &loadTest{walletTest: &walletTest{sandbox: newSandbox(t, phones, database)}, phones: phones}
	l.updated("https://passes.example.com")
	l.make()
	o := l.onDemand()
	l.open(o)
	log, err := os.Create(l.path("serve.log")) // a server has one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	l.serving, err = (&serveCommand{Listen: "127.0.0.1:0"}).serving(t.Context(), o.db, o.space, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	world, _, err := l.serving.handlers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.handler = world
	l.address = l.listen(world)
	return l
}

// open finds out the tokens and dates that all phones have.
func (l *loadTest) open(o *onDemand) {
	l.t.Helper()
	for i := range l.phones {
		token, err := o.Token(l.t.Context(), 1, pretendType, l.serial(i))
		if err != nil {
			l.t.Fatal(err)
		}
		v, err := o.db.Version(l.t.Context(), pretendType, l.serial(i))
		if err != nil {
			l.t.Fatal(err)
		}
		l.tokens, l.dates = append(l.tokens, token), append(l.dates, v.Modified.Format(http.TimeFormat))
	}
}

// listen serves a handler as passmill serve does, and returns its address.
func (l *loadTest) listen(h http.Handler) string {
	l.t.Helper()
	v, err := l.serving.open(l.t.Context(), "127.0.0.1:0", h, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- v.serve() }()
	l.t.Cleanup(func() {
		v.Shutdown(context.WithoutCancel(l.t.Context()))
		if err := <-ended; err != nil {
			l.t.Error(err)
		}
	})
	return v.Addr().String()
}

// bare serves a handler that does nothing.
func (l *loadTest) bare() string {
	return l.listen(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }))
}

func (l *loadTest) serial(i int) string { return fmt.Sprintf("M%05d", i) }

func (l *loadTest) device(i int) string { return fmt.Sprintf("%032x", i) }

func (l *loadTest) registration(i int) []byte {
	i %= l.phones
	return rawRequest("POST", servicePath+"/v1/devices/"+l.device(i)+"/registrations/"+pretendType+"/"+l.serial(i),
		fmt.Sprintf(`{"pushToken":"%064x"}`, i), "Authorization", "ApplePass "+l.tokens[i])
}

func (l *loadTest) fetch(i int) []byte {
	i %= min(l.phones, loadKept)
	return rawRequest("GET", servicePath+"/v1/passes/"+pretendType+"/"+l.serial(i), "", "Authorization", "ApplePass "+l.tokens[i])
}

func (l *loadTest) unchanged(i int) []byte {
	i %= l.phones
	return rawRequest("GET", servicePath+"/v1/passes/"+pretendType+"/"+l.serial(i), "",
		"Authorization", "ApplePass "+l.tokens[i], "If-Modified-Since", l.dates[i])
}

func (l *loadTest) list(i int) []byte {
	return rawRequest("GET", servicePath+"/v1/devices/"+l.device(i%l.phones)+"/registrations/"+pretendType, "")
}

// upTo makes so many requests.
func (l *loadTest) upTo(n int, ask func(i int) []byte) func(i int) []byte {
	return func(i int) []byte {
		if i >= n {
			return nil
		}
		return ask(i)
	}
}

// timed makes requests for some time.
func (l *loadTest) timed(period time.Duration, address string, ask func(i int) []byte) *tally {
	l.t.Helper()
	end := time.Now().Add(period)
	return load{address, 64}.run(l.t, func(i int) []byte {
		if time.Now().After(end) {
			return nil
		}
		return ask(i)
	}, nil)
}

// wrk lets a program that is not ours measure the same, if it is there.
func (l *loadTest) wrk(period time.Duration) {
	program, err := exec.LookPath("wrk")
	if err != nil || period < time.Second {
		return
	}
	var list strings.Builder
	for i := range min(l.phones, loadKept) {
		fmt.Fprintf(&list, "%s %s %s\n", l.serial(i), l.tokens[i], l.dates[i])
	}
	l.write("wrk.txt", list.String())
	for what, header := range map[string]string{"unchanged passes": "If-Modified-Since", "passes from memory": "X-Ignored"} {
		l.write("wrk.lua", fmt.Sprintf(`
local list, n = {}, 0
for line in io.lines(%q) do
  local serial, token, date = line:match("(%%S+) (%%S+) (.+)")
  list[#list + 1] = wrk.format("GET", %q .. serial, {["Host"] = "passes.example.com", ["Authorization"] = "ApplePass " .. token, [%q] = date})
end
request = function()
  n = n %% #list + 1
  return list[n]
end
`, l.path("wrk.txt"), servicePath+"/v1/passes/"+pretendType+"/", header))
		out, err := exec.CommandContext(l.t.Context(), program, "-t1", "-c64", fmt.Sprintf("-d%ds", int(period.Seconds())), "--latency",
			"-s", filepath.Join(l.dir, "wrk.lua"), "http://"+l.address).CombinedOutput()
		if err != nil {
			l.t.Fatalf("wrk: %v\n%s", err, out)
		}
		l.t.Logf("wrk, %s:\n%s", what, out)
	}
}
