package link

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"passmill/jobs/caller"
)

// Patterns are what the handler serves.
var Patterns = []string{"/p/", "/p/{code}", "/p/{code}/pass.pkpass", "/p/{code}/{n}/pass.pkpass", "/p/{code}/passes.pkpasses"}

// The types of passes, and of several in one file.
const (
	passType   = "application/vnd.apple.pkpass"
	bundleType = "application/vnd.apple.pkpasses"
)

// How many wrong codes an address may show in a while. Codes can't be guessed; this
// keeps the attempts from costing anything.
const (
	wrongAllowed = 60
	wrongPeriod  = 10 * time.Minute
)

// maxWait is how long a pass may take: it is signed on the way.
const maxWait = 20 * time.Second

// A Service is what links open. All but Events and Badges must be set.
type Service struct {
	Codes  *Codes
	Passes Passes
	Events Events // or nil
	// URL is the public address of the server, without a slash at its end.
	URL string
	// QR draws the code of a link, a PNG so many pixels to a side at most.
	QR func(text string, size int) ([]byte, error)
	// Bundle makes one file of several passes.
	Bundle func(names []string, passes [][]byte) ([]byte, error)
	// Badges holds pictures of Apple's badge that the operator has a licence for:
	// en.svg, de.png. Nil, or a language that is not there, means a plain button.
	Badges  fs.FS
	Proxies []netip.Prefix // whose X-Forwarded-For is believed
	Log     *slog.Logger
	Now     func() time.Time
}

// server is a Service at work.
type server struct {
	Service
	tongues *tongues
	page    *template.Template
	wrong   *caller.Counts
	cache   *cache
	salt    [16]byte
}

// Handler returns what serves [Patterns].
func (s Service) Handler() (http.Handler, error) {
	t, err := readTongues(languages)
	if err != nil {
		return nil, err
	}
	page, err := template.ParseFS(pages, "page/page.html")
	if err != nil {
		return nil, err
	}
	v := &server{Service: s, tongues: t, page: page, wrong: caller.NewCounts(wrongAllowed, wrongPeriod, s.Now), cache: newCache()}
	rand.Read(v.salt[:])
	mux := http.NewServeMux()
	mux.HandleFunc("/p/", v.nothing)
	mux.HandleFunc("/p/{code}", v.handle(v.look))
	mux.HandleFunc("/p/{code}/pass.pkpass", v.handle(v.pass))
	mux.HandleFunc("/p/{code}/{n}/pass.pkpass", v.handle(v.pass))
	mux.HandleFunc("/p/{code}/passes.pkpasses", v.handle(v.passes))
	return mux, nil
}

// A visit is a request for what a link opens.
type visit struct {
	*http.Request
	device device
	tongue tongue
	from   netip.Addr
	code   string
	opened Opened
}

// handle finds out what a link opens, and answers in one place for all that goes
// wrong. Whoever shows a wrong code gets one and the same answer, whatever is wrong
// with it.
func (s *server) handle(f func(http.ResponseWriter, *visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), maxWait)
		defer cancel()
		v := &visit{
			Request: r.WithContext(ctx), device: deviceOf(r.Header), tongue: s.tongues.of(r.Header),
			from: caller.Origin(r, s.Proxies), code: r.PathValue("code"),
		}
		harden(w.Header())
		err := s.visit(w, v, f)
		if err == nil || r.Context().Err() != nil { // who has gone hears nothing
			return
		}
		if errors.Is(err, ErrUnknown) {
			s.wrong.Add(v.from)
			s.say(w, v, http.StatusNotFound, "unknown")
			return
		}
		s.Log.ErrorContext(r.Context(), "link not served", "pattern", r.Pattern, "err", err)
		s.say(w, v, http.StatusServiceUnavailable, "failed")
	}
}

func (s *server) visit(w http.ResponseWriter, v *visit, f func(http.ResponseWriter, *visit) error) error {
	if v.Method != http.MethodGet && v.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return nil
	}
	if wait := s.wrong.Wait(v.from); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		s.say(w, v, http.StatusTooManyRequests, "busy")
		return nil
	}
	code, err := s.Codes.Open(v.code)
	if err != nil {
		return err
	}
	if v.opened, err = s.Passes.Look(v.Context(), code); err != nil {
		return err
	}
	if v.opened.State != Open {
		if v.opened.State != Spent || !s.mayRepeat(v) {
			s.say(w, v, http.StatusGone, string(v.opened.State))
			return nil
		}
	}
	return f(w, v)
}

// mayRepeat reports whether a request for a pass of a link that is used up may be of the
// device that has it already: its use is then asked for.
func (s *server) mayRepeat(v *visit) bool {
	return v.device.wallet && !v.device.robot && v.URL.Path != Path(v.code)
}

// Path returns the path of the page of a code.
func Path(code string) string { return "/p/" + code }

// harden sets what holds for all answers: nothing is kept by others, nothing is
// guessed, nobody is told where the visitor comes from.
func harden(h http.Header) {
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// nothing answers for paths under which there is nothing.
func (s *server) nothing(w http.ResponseWriter, r *http.Request) {
	s.handle(func(http.ResponseWriter, *visit) error { return ErrUnknown })(w, r)
}

// pass delivers one pass.
func (s *server) pass(w http.ResponseWriter, v *visit) error {
	n := v.opened.Own
	if text := v.PathValue("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 0 || n >= len(v.opened.Serials) {
			return ErrUnknown
		}
	}
	if ok, err := s.admit(w, v); err != nil || !ok {
		return err
	}
	p, err := s.press(v.Context(), v.opened, n)
	if err != nil {
		return err
	}
	if ok, err := s.count(w, v); err != nil || !ok {
		return err
	}
	s.deliver(w, v, passType, p.Name+".pkpass", p)
	return nil
}

// passes delivers the passes that belong together in one file.
func (s *server) passes(w http.ResponseWriter, v *visit) error {
	if ok, err := s.admit(w, v); err != nil || !ok {
		return err
	}
	var names []string
	var data [][]byte
	whole := Pressed{Name: "passes"}
	for n := range v.opened.Serials {
		p, err := s.press(v.Context(), v.opened, n)
		if err != nil {
			return err
		}
		names, data = append(names, strconv.Itoa(n+1)+"-"+p.Name+".pkpass"), append(data, p.Data)
		if p.Modified.After(whole.Modified) {
			whole.Modified = p.Modified
		}
	}
	bundle, err := s.Bundle(names, data)
	if err != nil {
		return err
	}
	whole.Data = bundle
	if ok, err := s.count(w, v); err != nil || !ok {
		return err
	}
	s.deliver(w, v, bundleType, "passes.pkpasses", whole)
	return nil
}

// person reports whether a person's device asks for a pass.
func (v *visit) person() bool {
	return v.device.wallet && !v.device.robot && v.Method == http.MethodGet
}

// admit decides whether a pass is pressed for a request.
// Robots get what anybody gets; but a link that is good for so many devices gives
// nothing to what is none, and a sealed one that nobody has opened is not opened by
// them.
func (s *server) admit(w http.ResponseWriter, v *visit) (bool, error) {
	fresh := v.opened.Code.Sealed != nil && len(v.opened.Versions) == 0
	if !v.person() && (v.opened.Limited || fresh && (v.device.robot || v.Method == http.MethodHead)) {
		if v.Method == http.MethodHead && !v.device.robot {
			w.Header().Set("Content-Type", passType)
			return false, nil
		}
		http.Redirect(w, v.Request, Path(v.code), http.StatusSeeOther)
		return false, nil
	}
	if fresh {
		var err error
		if v.opened, err = s.Passes.Plan(v.Context(), v.opened); err != nil {
			return false, err
		}
	}
	return true, nil
}

// count counts that a person's device gets a pass, and decides whether it does. The pass
// is at hand by then: one that can't be pressed uses nothing up.
func (s *server) count(w http.ResponseWriter, v *visit) (bool, error) {
	if !v.person() || goesOn(v.Request) && !v.opened.Limited {
		return true, nil
	}
	ok, counted, err := s.Passes.Use(v.Context(), v.opened, s.hash(v.Request, v.from))
	if err != nil {
		return false, err
	}
	if !ok {
		s.say(w, v, http.StatusGone, string(Spent))
		return false, nil
	}
	if counted && s.Events != nil {
		s.Events.PassDownloaded(v.Context(), v.opened.Job)
	}
	return true, nil
}

// press returns the n-th pass, from memory if it was asked for a moment ago.
func (s *server) press(ctx context.Context, o Opened, n int) (Pressed, error) {
	key := o.TypeID + "\x00" + o.Serials[n] + "\x00" + o.Versions[n]
	return s.cache.get(ctx, key, func(ctx context.Context) (Pressed, error) { return s.Passes.Press(ctx, o, n) })
}

func (s *server) deliver(w http.ResponseWriter, v *visit, mime, name string, p Pressed) {
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("ETag", `"`+etag(p.Data)+`"`)
	http.ServeContent(w, v.Request, name, p.Modified, bytes.NewReader(p.Data))
}
