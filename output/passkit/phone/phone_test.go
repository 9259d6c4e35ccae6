package phone_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"passmill/output/passkit/phone"
)

// A counter is a web service for one pass, whose answers a test sets. It is used by
// one goroutine at a time.
type counter struct {
	t        *testing.T
	value    int
	modified string
	list     string // 204 if it is empty
	code     int    // of fetches, if it is not 0
	notOften bool   // it ignores If-Modified-Since
	asked    []string
	said     []string
}

const (
	typeID = "pass.com.example.card"
	serial = "N/1 ö"
	token  = "0123456789abcdef"
)

func (c *counter) pass(service string) []byte {
	return fmt.Appendf(nil, `{"passTypeIdentifier": %q, "serialNumber": %q, "webServiceURL": %q, "authenticationToken": %q,
		"organizationName": "Talwind", "storeCard": {"headerFields": [{"key": "p", "value": %d, "changeMessage": "Points changed to %%@"}]}}`,
		typeID, serial, service, token, c.value)
}

// judge reads passes that are a pass.json alone, and refuses negative values.
func judge(data []byte) phone.Contents {
	c := phone.Contents{JSON: data, Hash: string(data)}
	if strings.Contains(string(data), `"value": -`) {
		c.Refused = []string{"Value is negative"}
	}
	return c
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := r.Method + " " + r.URL.RequestURI()
	for _, key := range []string{"Authorization", "If-Modified-Since", "If-None-Match"} {
		if v := r.Header.Get(key); v != "" {
			line += " " + key + ": " + v
		}
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/v1/log"):
		var logs struct{ Logs []string }
		if err := json.Unmarshal(body, &logs); err != nil {
			c.t.Error(err)
		}
		c.said = append(c.said, logs.Logs...)
		return
	case r.Method == http.MethodPost:
		line += " " + string(body)
		w.WriteHeader(http.StatusCreated)
	case strings.Contains(r.URL.Path, "/registrations/") && r.Method == http.MethodGet:
		if c.list == "" {
			w.WriteHeader(http.StatusNoContent)
		}
		io.WriteString(w, c.list)
	case r.Method == http.MethodGet && c.code != 0:
		w.WriteHeader(c.code)
	case r.Method == http.MethodGet && !c.notOften && c.modified != "" && r.Header.Get("If-Modified-Since") == c.modified:
		w.WriteHeader(http.StatusNotModified)
	case r.Method == http.MethodGet:
		if c.modified != "" {
			w.Header().Set("Last-Modified", c.modified)
			w.Header().Set("ETag", `"1"`)
		}
		w.Write(c.pass("http://" + r.Host + "/wallet/"))
	}
	c.asked = append(c.asked, line)
}

// start returns a phone that holds the counter's pass, and what it tells.
func start(t *testing.T, c *counter) (*phone.Phone, *[]string) {
	c.t = t
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	told := new([]string)
	p := &phone.Phone{
		State: phone.State{Library: "d", PushToken: "p"}, HTTP: server.Client(), Judge: judge, Now: time.Now, Tries: 1,
		Tell: func(e phone.Event) {
			*told = append(*told, strings.Join(append([]string{string(e.Kind)}, e.Messages...), " "))
		},
	}
	if _, err := p.Add(t.Context(), c.pass(server.URL+"/wallet/")); err != nil {
		t.Fatal(err)
	}
	return p, told
}

// TestPhone follows a pass from its coming to its going.
func TestPhone(t *testing.T) {
	c := &counter{value: 1}
	p, told := start(t, c)
	c.value, c.modified = 1250, "Wed, 25 Nov 2026 20:00:00 GMT"
	c.list = fmt.Sprintf(`{"serialNumbers": [%q], "lastUpdated": "e.7"}`, serial)
	ctx := t.Context()
	if err := p.Sync(ctx, typeID); err != nil {
		t.Fatal(err)
	}
	c.list = ""
	if err := errors.Join(p.Sync(ctx, typeID), p.Sync(ctx, "another type"), p.Refresh(ctx), p.Remove(ctx, p.Passes[0])); err != nil {
		t.Fatal(err)
	}
	if want := "added | registered | changed Points changed to 1,250 | unchanged | unregistered"; join(*told) != want {
		t.Errorf("it told %q, want %q", join(*told), want)
	}
	const device, pass, auth = "/wallet/v1/devices/d/registrations/pass.com.example.card", "/wallet/v1/passes/pass.com.example.card/N%2F1%20%C3%B6", " Authorization: ApplePass 0123456789abcdef"
	want := []string{
		"POST " + device + "/N%2F1%20%C3%B6" + auth + ` {"pushToken":"p"}`,
		"GET " + device,
		"GET " + pass + auth,
		"GET " + device + "?passesUpdatedSince=e.7",
		"GET " + pass + auth + " If-Modified-Since: " + c.modified + ` If-None-Match: "1"`,
		"DELETE " + device + "/N%2F1%20%C3%B6" + auth,
	}
	if got := strings.Join(c.asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("it asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if len(c.said) > 0 || len(p.Passes) > 0 || len(p.Feeds) > 0 {
		t.Errorf("it complained of %q, and has %d passes and %d feeds left", c.said, len(p.Passes), len(p.Feeds))
	}
}

// TestComplaints lets a server misbehave, and reads its log.
func TestComplaints(t *testing.T) {
	listed := fmt.Sprintf(`{"serialNumbers": [%q], "lastUpdated": "1"}`, serial)
	for _, test := range []struct {
		name, want string
		act        func(ctx context.Context, c *counter, p *phone.Phone) error
	}{
		{"no date", "Server returned the pass data for serial number 'N/1 ö' but did not provide a 'last-modified' header", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.value++
			return p.Refresh(ctx)
		}},
		{"an error", "Get pass task (pass type pass.com.example.card, serial number N/1 ö, if-modified-since (null); with web service url http://127.0.0.1:PORT/wallet/) encountered error: Unexpected response code 404", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.code = http.StatusNotFound
			return p.Refresh(ctx)
		}},
		{"a wrong token", "encountered error: Authentication failure", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.code = http.StatusUnauthorized
			return p.Refresh(ctx)
		}},
		{"a bad pass", "encountered error: Received invalid pass data (Value is negative)", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.value = -1
			return p.Refresh(ctx)
		}},
		{"nothing new", "Server requested update to serial number 'N/1 ö', but the pass was unchanged.", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.modified, c.list = "Wed, 25 Nov 2026 20:00:00 GMT", listed
			return errors.Join(p.Refresh(ctx), p.Sync(ctx, typeID))
		}},
		{"the whole again", "Server ignored the 'if-modified-since' header (Wed, 25 Nov 2026 20:00:00 GMT) and returned the full unchanged pass data for serial number 'N/1 ö'.", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.modified, c.notOften = "Wed, 25 Nov 2026 20:00:00 GMT", true
			return errors.Join(p.Refresh(ctx), p.Refresh(ctx))
		}},
		{"a tag that stays", "included 1 serial numbers but the lastUpdated tag (1) remained the same.", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.modified, c.list = "Wed, 25 Nov 2026 20:00:00 GMT", listed
			return errors.Join(p.Sync(ctx, typeID), p.Sync(ctx, typeID))
		}},
		{"a number as tag", "did not include a lastUpdated tag that is a string", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.list = `{"serialNumbers": [], "lastUpdated": 7}`
			return p.Sync(ctx, typeID)
		}},
		{"a foreign pass", "Update requested for unregistered serial number another", func(ctx context.Context, c *counter, p *phone.Phone) error {
			c.list = `{"serialNumbers": ["another"], "lastUpdated": "7"}`
			return p.Sync(ctx, typeID)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &counter{value: 1}
			p, _ := start(t, c)
			err := test.act(t.Context(), c, p)
			if err != nil && c.code == 0 {
				t.Fatal(err)
			}
			said := strings.Join(c.said, "\n")
			want := test.want
			if at := strings.Index(said, "127.0.0.1:"); at >= 0 {
				port, _, _ := strings.Cut(said[at+len("127.0.0.1:"):], "/")
				want = strings.ReplaceAll(want, "PORT", port)
			}
			if !strings.Contains(said, want) {
				t.Errorf("it said\n%s\nand not\n%s", said, want)
			}
			if c.value < 0 && strings.Contains(string(p.Passes[0].Contents.JSON), "-1") {
				t.Error("the bad version took the place of the good one")
			}
		})
	}
}

// TestBadPassIsNotAdded hands a bad pass to a phone.
func TestBadPassIsNotAdded(t *testing.T) {
	p := &phone.Phone{Judge: judge, Now: time.Now}
	for _, data := range []string{`{"passTypeIdentifier": "t", "serialNumber": "s", "value": -1}`, `{"passTypeIdentifier": "t"}`} {
		_, err := p.Add(t.Context(), []byte(data))
		if _, ok := errors.AsType[*phone.RefusedError](err); !ok || len(p.Passes) > 0 {
			t.Errorf("%s: %v", data, err)
		}
	}
}

// A roundTripper is a function that carries requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestTries takes the time of a phone that tries again, and of one that gives up.
func TestTries(t *testing.T) {
	for _, test := range []struct {
		name  string
		codes []int // 0 is a connection that breaks
		took  time.Duration
		tries int
		good  bool
	}{
		{"at once", []int{201}, 0, 1, true},
		{"the third time", []int{0, 503, 200}, 3 * time.Second, 3, true},
		{"too many at once", []int{429, 201}, time.Second, 2, true},
		{"never", []int{500, 500, 500, 500, 500, 201}, 15 * time.Second, 5, false},
		{"hopeless", []int{401, 201}, 0, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				carry := roundTripper(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/log") {
						return nil, errors.New("no log")
					}
					code := test.codes[tries]
					tries++
					if code == 0 {
						return nil, errors.New("broken")
					}
					return &http.Response{StatusCode: code, Body: http.NoBody}, nil
				})
				p := &phone.Phone{State: phone.NewState(), HTTP: &http.Client{Transport: carry}, Judge: judge, Now: time.Now}
				begun := time.Now()
				pass, err := p.Add(t.Context(), (&counter{}).pass("https://example.com"))
				if took := time.Since(begun); took != test.took || tries != test.tries {
					t.Errorf("it tried %d times in %v, want %d in %v", tries, took, test.tries, test.took)
				}
				if (err == nil) != test.good || pass == nil || pass.Registered != test.good {
					t.Errorf("it is registered: %v, %v; want %v", pass.Registered, err, test.good)
				}
			})
		})
	}
}
