package mail

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"passmill/jobs"
)

// Patterns are what the pages for unsubscribing are served under.
var Patterns = []string{"GET /u/{mark}", "POST /u/{mark}"}

//go:embed defaults/leave.html
var leaveText string

var leavePage = template.Must(template.New("leave").Parse(leaveText))

// Leaving is where recipients say that they want no more mails. To look at the page
// changes nothing, since programs open all links of a mail; its button does, and so
// does the POST of a mail program's own one (RFC 8058).
type Leaving struct {
	// Open returns the delivery of a mark; ok is false if the mark is none of ours. An
	// error says that nobody can tell at the moment.
	Open func(mark string) (delivery string, ok bool, err error)
	// Leave records the wish. [jobs.ErrNotFound] means that nothing is known of
	// the delivery any more.
	Leave func(ctx context.Context, delivery string) error
	Log   *slog.Logger
}

// Handler serves the pages.
func (l Leaving) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		say := leaveIn(r.Header.Get("Accept-Language"))
		delivery, ok, err := l.Open(r.PathValue("mark"))
		switch {
		case err != nil:
			l.fail(w, r, "", err)
			return
		case !ok:
			say.show(w, http.StatusNotFound, say.unknown, "")
			return
		case r.Method != http.MethodPost:
			say.show(w, http.StatusOK, say.ask, say.button)
			return
		}
		// A delivery that is gone was somebody's who was erased, or a trial.
		if err := l.Leave(r.Context(), delivery); err != nil && !errors.Is(err, jobs.ErrNotFound) {
			l.fail(w, r, delivery, err)
			return
		}
		say.show(w, http.StatusOK, say.done, "")
	})
}

// fail asks to be asked again: a mail provider that is told so repeats the wish, and one
// that hears that the link is none gives it up.
func (l Leaving) fail(w http.ResponseWriter, r *http.Request, delivery string, err error) {
	l.Log.ErrorContext(r.Context(), "unsubscribe", "delivery", delivery, "err", err)
	w.Header().Set("Retry-After", "60")
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

// leaveWords are what the pages say in a language.
type leaveWords struct{ language, ask, button, done, unknown string }

var leaveWordings = []leaveWords{
	{"en", "Do you want no more of these mails?", "No more mails", "You get no more of these mails.", "This link is not valid. Please use the one in the newest mail."},
	{"de", "Möchten Sie keine solchen Mails mehr?", "Keine Mails mehr", "Sie bekommen keine solchen Mails mehr.", "Dieser Link gilt nicht. Bitte nehmen Sie den aus der neuesten Mail."},
	{"fr", "Ne plus recevoir ces messages ?", "Ne plus les recevoir", "Vous ne recevrez plus ces messages.", "Ce lien n’est pas valable. Utilisez celui du message le plus récent."},
	{"es", "¿No quiere recibir más estos correos?", "No recibir más", "Ya no recibirá estos correos.", "Este enlace no es válido. Use el del correo más reciente."},
	{"it", "Non vuoi più ricevere queste mail?", "Non ricevere più", "Non riceverai più queste mail.", "Questo link non è valido. Usa quello della mail più recente."},
	{"ja", "今後このメールを受け取りませんか？", "受け取らない", "今後このメールは届きません。", "このリンクは無効です。最新のメールのリンクをご利用ください。"},
	{"ar", "ألا تريد تلقي هذه الرسائل بعد الآن؟", "إيقاف الرسائل", "لن تتلقى هذه الرسائل بعد الآن.", "هذا الرابط غير صالح. استخدم الرابط في أحدث رسالة."},
}

// leaveIn chooses the first language of a browser that there are words in.
func leaveIn(accept string) leaveWords {
	for part := range strings.SplitSeq(accept, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		name, _, _ = strings.Cut(strings.ToLower(name), "-")
		for _, w := range leaveWordings {
			if w.language == name {
				return w
			}
		}
	}
	return leaveWordings[0]
}

func (w leaveWords) show(to http.ResponseWriter, code int, title, button string) {
	h := to.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Vary", "Accept-Language")
	to.WriteHeader(code)
	dir := cmp.Or(map[string]string{"ar": "rtl"}[w.language], "ltr")
	_ = leavePage.Execute(to, map[string]string{"Language": w.language, "Dir": dir, "Title": title, "Button": button}) // the browser has gone
}
