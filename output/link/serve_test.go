package link_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"passmill/output/link"
)

const (
	iPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	chromeI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1"
	safari  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
	pixel   = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36"
	windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)

// shop is what links open in a test.
type shop struct {
	mu      sync.Mutex // guards all below
	state   link.State
	limited int // uses that are left; negative for any number
	android bool
	serials []string
	planned int
	pressed int
	broken  error  // of pressing
	last    string // device that was counted last
	opened  int
	got     int
	now     time.Time
}

func (s *shop) Look(_ context.Context, c link.Code) (link.Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := link.Opened{State: s.state, Job: "members", TypeID: "pass.a", Limited: s.limited >= 0, Android: s.android, Serials: s.serials, Code: c}
	if s.limited == 0 {
		o.State = link.Spent
	}
	if c.Sealed == nil || s.planned > 0 {
		o.Versions = make([]string, len(s.serials))
	}
	if c.Plain != nil && c.Plain.Pass == 404 {
		return o, link.ErrUnknown
	}
	if c.Plain != nil && c.Plain.Pass == 500 {
		return o, errors.New("the ledger is away")
	}
	return o, nil
}

func (s *shop) Face(context.Context, link.Opened, int) (link.Face, error) {
	return link.Face{
		JSON: []byte(`{"description":"Card","logoText":"<script>alert(1)</script>","backgroundColor":"red;} body{display:none}","labelColor":"rgb(1, 2, 300)",
			"storeCard":{"primaryFields":[{"key":"a","label":"POINTS","value":42}],"secondaryFields":[{"key":"b","label":"SINCE","value":"2026-11-25T10:00+01:00","dateStyle":"PKDateStyleShort"},
			{"key":"c","label":"SUM","value":1.5,"currencyCode":"EUR"}]},"barcodes":[{"format":"PKBarcodeFormatQR","message":"M1","messageEncoding":"iso-8859-1","altText":"M1"}]}`),
		Strings: map[string]map[string]string{"de": {"POINTS": "PUNKTE"}},
	}, nil
}

func (s *shop) Plan(_ context.Context, o link.Opened) (link.Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned = 1
	o.Versions = make([]string, len(o.Serials))
	return o, nil
}

func (s *shop) Press(_ context.Context, o link.Opened, n int) (link.Pressed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return link.Pressed{}, s.broken
	}
	s.pressed++
	return link.Pressed{Data: []byte(fmt.Sprintf("pass %s of press %d%s", o.Serials[n], s.pressed, strings.Repeat(".", 500))), Name: o.Serials[n], Modified: s.now}, nil
}

func (s *shop) Use(_ context.Context, _ link.Opened, device []byte) (ok, counted bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.last == string(device):
		return true, false, nil
	case s.limited == 0:
		return false, false, nil
	}
	s.limited--
	s.last = string(device)
	return true, true, nil
}

func (s *shop) LinkOpened(context.Context, string)     { s.mu.Lock(); s.opened++; s.mu.Unlock() }
func (s *shop) PassDownloaded(context.Context, string) { s.mu.Lock(); s.got++; s.mu.Unlock() }

// stand is a shop with its handler and codes.
type stand struct {
	*shop
	t       *testing.T
	codes   *link.Codes
	handler http.Handler
	now     time.Time
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{t: t, codes: link.NewCodes(keys(1)), now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	s.shop = &shop{state: link.Open, limited: -1, serials: []string{"M1"}, now: s.now}
	s.handler = s.serve(t, s.shop)
	return s
}

// serve returns what serves passes of a shop.
func (s *stand) serve(t *testing.T, passes link.Passes) http.Handler {
	t.Helper()
	handler, err := link.Service{
		Codes: s.codes, Passes: passes, Events: s.shop, URL: "https://passes.example.com",
		QR: func(text string, _ int) ([]byte, error) {
			if len(text) > 2300 {
				return nil, errors.New("too long for a code")
			}
			return []byte("QR of " + text), nil
		},
		Bundle: func(names []string, _ [][]byte) ([]byte, error) { return []byte(strings.Join(names, ",")), nil },
		Badges: fstest.MapFS{"de.svg": {Data: []byte("<svg/>")}},
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return s.now },
	}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func (s *stand) plain(id int64) string {
	code, err := s.codes.Plain(1, link.Plain{Pass: id})
	if err != nil {
		s.t.Fatal(err)
	}
	return "/p/" + code
}

func (s *stand) sealed() string {
	code, err := s.codes.Sealed(link.Sealed{Issued: s.now, Values: []byte("row")})
	if err != nil {
		s.t.Fatal(err)
	}
	return "/p/" + code
}

// get sends a request; the headers are pairs. The address is another one for each
// agent.
func (s *stand) get(method, path, agent string, header ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, nil)
	r.Header.Set("User-Agent", agent)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDevices: each device is shown what it can use, and nothing else.
func TestDevices(t *testing.T) {
	s := newStand(t)
	s.serials = []string{"M1", "M2"}
	for _, test := range []struct {
		agent, language string
		android         bool
		want, not       []string
	}{
		{iPhone, "en", false, []string{`<html lang="en" dir="ltr">`, "/pass.pkpass", "/1/pass.pkpass", "/passes.pkpasses", "Tap the button"}, []string{"QR of", "Barcode of", "as a file"}},
		{chromeI, "en", false, []string{"/1/pass.pkpass"}, []string{"/passes.pkpasses"}},
		{safari, "de-AT,en;q=0.5", false, []string{`<html lang="de" dir="ltr">`, "data:image/svg&#43;xml", "PUNKTE", "/passes.pkpasses"}, []string{"POINTS", "Barcode"}},
		{windows, "fr", false, []string{`<html lang="fr"`, "data:image/png;base64,UVIgb2Yg", "Code-barres", "fichier"}, []string{`class="add"`}},
		{pixel, "ar", false, []string{`<html lang="ar" dir="rtl">`, "42"}, []string{"pkpass", "الباركود"}},
		{pixel, "ja", true, []string{`<html lang="ja"`, "パスのバーコード"}, []string{"pkpass"}},
		{windows, "xx", false, []string{`<html lang="en"`}, nil},
	} {
		s.android = test.android
		r := s.get("GET", s.plain(1), test.agent, "Accept-Language", test.language)
		body := text(t, r)
		if r.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %s", r.StatusCode, body)
		}
		for _, want := range test.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s in %s: %q is missing", test.agent, test.language, want)
			}
		}
		for _, not := range test.not {
			if strings.Contains(body, not) {
				t.Errorf("%s in %s: %q is there", test.agent, test.language, not)
			}
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "display:none") || strings.Contains(body, "http://") || strings.Contains(body, "src=\"/") {
			t.Errorf("%s: the page runs or loads something", test.agent)
		}
		policy := r.Header.Get("Content-Security-Policy")
		nonce := regexp.MustCompile(`<style nonce="(\w+)">`).FindStringSubmatch(body)
		if nonce == nil || !strings.Contains(policy, "'nonce-"+nonce[1]+"'") || !strings.Contains(policy, "default-src 'none'") || len(r.Cookies()) > 0 {
			t.Errorf("policy %q", policy)
		}
	}
}

// TestDelivery: the pass comes with the headers that Safari wants, by GET and HEAD,
// whole and in parts, and with the same bytes each time.
func TestDelivery(t *testing.T) {
	s := newStand(t)
	path := s.plain(1) + "/pass.pkpass"
	r := s.get("GET", path, iPhone)
	whole := text(t, r)
	for name, want := range map[string]string{
		"Content-Type": "application/vnd.apple.pkpass", "Content-Disposition": `attachment; filename="M1.pkpass"`, "X-Content-Type-Options": "nosniff",
		"Accept-Ranges": "bytes", "Last-Modified": "Wed, 25 Nov 2026 12:00:00 GMT", "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	tag := r.Header.Get("ETag")
	head := s.get("HEAD", path, iPhone)
	if head.StatusCode != http.StatusOK || head.ContentLength != int64(len(whole)) || text(t, head) != "" || head.Header.Get("ETag") != tag {
		t.Errorf("HEAD: %d, %d bytes", head.StatusCode, head.ContentLength)
	}
	rest := s.get("GET", path, iPhone, "Range", "bytes=100-", "If-Range", tag)
	if got := text(t, rest); rest.StatusCode != http.StatusPartialContent || whole[:100]+got != whole {
		t.Errorf("the rest: %d, %q", rest.StatusCode, got)
	}
	if again := s.get("GET", path, iPhone, "If-None-Match", tag); again.StatusCode != http.StatusNotModified {
		t.Errorf("the same again: %d", again.StatusCode)
	}
	if s.pressed != 1 || s.got != 1 {
		t.Errorf("pressed %d times, counted %d times, want once", s.pressed, s.got)
	}
	at := s.get("GET", s.plain(1)+"?add", iPhone)
	if at.StatusCode != http.StatusSeeOther || at.Header.Get("Location") != path {
		t.Errorf("?add: %d to %s", at.StatusCode, at.Header.Get("Location"))
	}
	bundle := s.get("GET", s.plain(1)+"/passes.pkpasses", iPhone)
	if got := text(t, bundle); bundle.Header.Get("Content-Type") != "application/vnd.apple.pkpasses" || got != "1-M1.pkpass" {
		t.Errorf("bundle: %v, %q", bundle.Header, got)
	}
	for _, path := range []string{s.plain(1) + "/7/pass.pkpass", s.plain(1) + "/x/pass.pkpass", s.plain(1) + "/more/and/more", "/p/", "/p/favicon.ico"} {
		if r := s.get("GET", path, windows); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	if r := s.get("POST", path, iPhone); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", r.StatusCode)
	}
}

// TestLongLink: a link that is too long for a QR code has a page without one.
func TestLongLink(t *testing.T) {
	s := newStand(t)
	values := make([]byte, 4000)
	for i, random := 0, rand.New(rand.NewPCG(1, 2)); i < len(values); i++ { // what can't be compressed
		values[i] = byte(random.Uint32())
	}
	code, err := s.codes.Sealed(link.Sealed{Issued: s.now, Values: values})
	if err != nil || len(code) < 2300 {
		t.Fatal(len(code), err)
	}
	r := s.get("GET", "/p/"+code, windows)
	if body := text(t, r); r.StatusCode != http.StatusOK || strings.Contains(body, "Point the camera") || !strings.Contains(body, "Download the pass as a file") {
		t.Errorf("%d\n%s", r.StatusCode, body)
	}
}

// TestRobots: scanners of mails, previews of chats and tools that follow links neither
// use them up, nor count, nor open sealed ones.
func TestRobots(t *testing.T) {
	agents := []string{
		"", "curl/8.14.1", "Wget/1.25", "python-requests/2.32", "Go-http-client/1.1", "okhttp/4.12", "Java/21",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1 (Applebot/0.1; +http://www.apple.com/go/applebot)",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
		"WhatsApp/2.24 A", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "TelegramBot (like TwitterBot)", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 SkypeUriPreview Preview/0.5", "Mozilla/5.0 (compatible; proofpoint urldefense)",
		"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.1)", "BarracudaCentral url scanner",
	}
	for _, agent := range agents {
		s := newStand(t)
		s.limited = 1
		for _, path := range []string{s.plain(1), s.plain(1) + "/pass.pkpass", s.sealed(), s.sealed() + "/pass.pkpass", s.sealed() + "/passes.pkpasses", s.plain(1) + "?add"} {
			for _, method := range []string{"HEAD", "GET"} {
				if r := s.get(method, path, agent, "Range", "bytes=0-10"); r.StatusCode >= 400 {
					t.Errorf("%q, %s: %d", agent, method, r.StatusCode)
				}
				s.get(method, path, agent, "Range", "bytes=5-")
			}
		}
		if s.limited != 1 || s.planned != 0 || s.opened != 0 || s.got != 0 {
			t.Errorf("%q: %d uses are left, %d passes planned, %d opened, %d downloaded", agent, s.limited, s.planned, s.opened, s.got)
		}
	}
	for _, agent := range agents { // what is looked at by none but robots stays sealed, however many devices it is good for
		s := newStand(t)
		for _, method := range []string{"HEAD", "GET"} {
			for _, end := range []string{"", "/pass.pkpass", "/passes.pkpasses"} {
				s.get(method, s.sealed()+end, agent)
			}
		}
		if s.planned != 0 || s.opened != 0 || s.got != 0 {
			t.Errorf("%q: %d passes planned, %d opened, %d downloaded", agent, s.planned, s.opened, s.got)
		}
	}
	for _, app := range []string{"[LinkedInApp]/9.31", "[Pinterest/iOS]", "Telegram/11.2", "Slack/25.10", "TeamsMobile-iOS", "Outlook-iOS/2.0", "[FBAN/FBIOS;FBAV/530.0]", "Instagram 400.0"} {
		s := newStand(t) // a person who opens the link in an app
		s.limited = 1
		if r := s.get("GET", s.sealed()+"/pass.pkpass", chromeI+" "+app); r.StatusCode != http.StatusOK || s.planned != 1 || s.got != 1 {
			t.Errorf("in %s: %d, %d passes planned, %d downloaded", app, r.StatusCode, s.planned, s.got)
		}
	}
	s := newStand(t)
	s.limited = 1
	for _, h := range [][]string{{"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "preview"}, {"X-Purpose", "preview"}} {
		s.get("GET", s.plain(1)+"/pass.pkpass", iPhone, h...)
	}
	s.get("HEAD", s.plain(1)+"/pass.pkpass", iPhone)
	s.get("GET", s.plain(1)+"/pass.pkpass", windows) // no device that has Wallet
	if s.limited != 1 || s.got != 0 {
		t.Errorf("prefetched, looked at and on Windows: %d uses are left, %d downloaded", s.limited, s.got)
	}
}

// TestLimited: a link for one device gives its pass to that, also when the download
// breaks off and goes on, and tells the next why not.
func TestLimited(t *testing.T) {
	s := newStand(t)
	s.limited = 1
	path := s.plain(1) + "/pass.pkpass"
	for _, from := range []string{"bytes=0-", "bytes=100-"} {
		if r := s.get("GET", path, iPhone, "Range", from); r.StatusCode != http.StatusPartialContent {
			t.Errorf("%s: %d", from, r.StatusCode)
		}
	}
	other := s.get("GET", path, safari)
	if body := text(t, other); other.StatusCode != http.StatusGone || !strings.Contains(body, "This link has been used") {
		t.Errorf("the second device: %d %s", other.StatusCode, body)
	}
	if r := s.get("GET", path, iPhone); r.StatusCode != http.StatusOK {
		t.Errorf("the first device again: %d", r.StatusCode)
	}
	if s.got != 1 {
		t.Errorf("%d downloads, want 1", s.got)
	}
}

// TestFailedPress: a pass that can't be pressed uses nothing up and is not counted; the
// device that asks again gets it.
func TestFailedPress(t *testing.T) {
	for _, end := range []string{"/pass.pkpass", "/passes.pkpasses"} {
		for name, code := range map[string]func(*stand) string{"plain": func(s *stand) string { return s.plain(1) }, "sealed": (*stand).sealed} {
			s := newStand(t)
			s.limited, s.broken = 1, errors.New("the key can't be opened")
			path := code(s) + end
			if r := s.get("GET", path, iPhone); r.StatusCode != http.StatusServiceUnavailable || s.limited != 1 || s.got != 0 {
				t.Errorf("%s%s: %d, %d uses are left, %d downloads", name, end, r.StatusCode, s.limited, s.got)
			}
			s.broken = nil
			if r := s.get("GET", path, safari); r.StatusCode != http.StatusOK || s.limited != 0 || s.got != 1 {
				t.Errorf("%s%s, mended: %d, %d uses are left, %d downloads", name, end, r.StatusCode, s.limited, s.got)
			}
			if r := s.get("GET", path, iPhone); r.StatusCode != http.StatusGone {
				t.Errorf("%s%s, used up: %d", name, end, r.StatusCode)
			}
		}
	}
}

// TestWrongCodes: whoever shows a wrong code gets one answer, whatever is wrong with
// it, and an address that tries too many is not heard for a while. A genuine link that
// opens no more explains itself.
func TestWrongCodes(t *testing.T) {
	s := newStand(t)
	good := strings.TrimPrefix(s.plain(1), "/p/")
	want := ""
	nonce := regexp.MustCompile(`nonce="\w+"`)
	for _, code := range []string{"x", "00042", good + "A", good[:len(good)-1], "B" + good[1:], strings.Repeat("A", 300), "%00", "..%2f", strings.TrimPrefix(s.plain(404), "/p/")} {
		r := s.get("GET", "/p/"+code, windows)
		got := fmt.Sprint(r.StatusCode, nonce.ReplaceAllString(text(t, r), ""), len(r.Header))
		if want == "" {
			want = got
		}
		if got != want || r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: another answer than to others: %s", code, got)
		}
	}
	for state, words := range map[link.State]string{link.Expired: "has expired", link.Revoked: "no longer valid"} {
		s.state = state
		for _, path := range []string{s.plain(1), s.plain(1) + "/pass.pkpass"} {
			r := s.get("GET", path, iPhone)
			if body := text(t, r); r.StatusCode != http.StatusGone || !strings.Contains(body, words) {
				t.Errorf("%s: %d %s", state, r.StatusCode, body)
			}
		}
	}
	s.state = link.Open
	if r := s.get("GET", s.plain(500), iPhone); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the ledger is away: %d", r.StatusCode)
	}
	for range 100 {
		s.get("GET", "/p/wrong", windows)
	}
	r := s.get("GET", s.plain(1), windows)
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") == "" {
		t.Errorf("after a hundred wrong codes: %d", r.StatusCode)
	}
	s.now = s.now.Add(time.Hour)
	if r := s.get("GET", s.plain(1), windows); r.StatusCode != http.StatusOK {
		t.Errorf("an hour later: %d", r.StatusCode)
	}
}

// TestRush: many who ask for a pass at once get the same one, pressed once.
func TestRush(t *testing.T) {
	s := newStand(t)
	var all sync.WaitGroup
	bodies := make([]string, 100)
	for i := range bodies {
		all.Go(func() { bodies[i] = text(t, s.get("GET", s.sealed()+"/pass.pkpass", iPhone)) })
	}
	all.Wait()
	for _, b := range bodies {
		if b != bodies[0] || !strings.HasPrefix(b, "pass M1") {
			t.Fatalf("%q and %q", b, bodies[0])
		}
	}
	if s.pressed != 1 {
		t.Errorf("pressed %d times", s.pressed)
	}
}

// TestTranslations: each language has every text, and no page falls back to a key.
func TestTranslations(t *testing.T) {
	files, err := filepath.Glob("languages/*.json")
	if err != nil || len(files) != 7 {
		t.Fatalf("%d languages, %v", len(files), err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil || strings.Contains(string(data), `""`) {
			t.Errorf("%s: has an empty text (%v)", f, err)
		}
	}
}
