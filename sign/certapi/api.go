package certapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"passmill/jobs/caller"
	"passmill/sign"
	"passmill/sign/keyring"
)

// An API is what the handler is made of.
type API struct {
	// Ring returns the registry as somebody uses it, who stands in its audit.
	// It is called once for each request.
	Ring func(actor string) *keyring.Ring
	// Keys knows who may ask.
	Keys Keys
	// Answers keeps what was answered to requests that named themselves.
	Answers Answers
	// Proxies are the addresses whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// Log hears of errors that are the server's own; nil means silence.
	Log *slog.Logger
	// Now tells the time; nil means [time.Now].
	Now func() time.Time
}

// Keys keeps API keys. It is safe for concurrent use.
type Keys interface {
	// APIKey returns the key of that name, or [sign.ErrNoEntry].
	APIKey(ctx context.Context, name string) (sign.APIKey, error)
	// APIKeyUsed notes when a key was used.
	APIKeyUsed(ctx context.Context, id string, at time.Time) error
}

// Answers keeps answers. It is safe for concurrent use, also from several
// processes, and its methods are safe to repeat.
type Answers interface {
	// BeginAnswer notes a request and returns what is kept under its name:
	// the same request, with or without its answer, or another one.
	BeginAnswer(ctx context.Context, a sign.Answer) (sign.Answer, error)
	// KeepAnswer keeps an answer unless there is one, and returns the one that
	// is kept then.
	KeepAnswer(ctx context.Context, a sign.Answer) (sign.Answer, error)
}

// Revision is the revision of the API: the value of the header Api-Revision.
const Revision = "1.2"

// The header's name, and the API's paths.
const (
	revisionHeader = "Api-Revision"
	collectionPath = "/v1/certificates"
	entryPath      = "/v1/certificates/{id}"
)

// Patterns are those of the paths that the handler answers, for the server that
// mounts it.
var Patterns = []string{collectionPath, collectionPath + "/", documentPath, document30Path}

// A server is an API at work.
type server struct {
	API
	guesses *caller.Counts
	turns   *turns

	changing sync.Mutex // held from reading an entry to writing it
}

// Handler returns the handler of [Patterns].
func (a API) Handler() http.Handler {
	a.Now = orNow(a.Now)
	a.Log = cmp.Or(a.Log, slog.New(slog.DiscardHandler))
	s := &server{API: a, guesses: caller.NewCounts(guessesAllowed, guessesPeriod, a.Now), turns: newTurns()}
	mux := http.NewServeMux()
	api := humago.New(mux, config())
	for _, o := range s.operations(api.OpenAPI().Components.Schemas) {
		op := o.Operation
		api.OpenAPI().AddOperation(&op)
		api.Adapter().Handle(&op, func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			s.serve(w, r, o.scope, o.do)
		})
	}
	serveDocuments(mux, api.OpenAPI())
	mux.HandleFunc(collectionPath, notAllowed("GET, HEAD, POST"))
	mux.HandleFunc(entryPath, notAllowed("GET, HEAD, PUT, DELETE"))
	mux.HandleFunc(collectionPath+"/", func(w http.ResponseWriter, _ *http.Request) { errNoCertificate.reply().write(w) })
	return mux
}

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// notAllowed answers a method that a path does not have.
func notAllowed(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		problem(http.StatusMethodNotAllowed, "this path takes %s", allow).reply().write(w)
	}
}
