package certapi

import (
	"context"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
)

// maxBody is the largest body that is read: a .p12 file of the greatest size in
// base64, with everything else at its longest.
const maxBody = 128 << 10

// A call is a request whose sender is known.
type call struct {
	*http.Request
	key    sign.APIKey
	secret secret.Text // of the key
	ring   *keyring.Ring
}

// A doer answers a call.
type doer func(ctx context.Context, c *call) (reply, error)

// serve answers a request. Who asks, and whether he may, is seen before anything
// else of it is looked at.
func (s *server) serve(w http.ResponseWriter, r *http.Request, scope sign.Scope, do doer) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	a, err := s.admit(w, r, scope, do)
	if err != nil {
		p, known := problemOf(err)
		if !known {
			s.Log.ErrorContext(r.Context(), "request not answered", "pattern", r.Pattern, "err", err)
		}
		a = p.reply()
	}
	if a.status == http.StatusCreated {
		w.Header().Set("Location", collectionPath+"/"+idOf(a.body))
	}
	a.write(w)
}

// admit lets a request through that may be answered.
func (s *server) admit(w http.ResponseWriter, r *http.Request, scope sign.Scope, do doer) (reply, error) {
	key, shown, err := s.authenticate(w, r)
	if err != nil {
		return reply{}, err
	}
	if !key.May(scope) {
		return reply{}, problem(http.StatusForbidden, "this API key lacks the scope %s: passmill key add makes one that has it", scope)
	}
	if err := checkRevision(r.Header); err != nil {
		return reply{}, err
	}
	return do(r.Context(), &call{r, key, shown, s.Ring("API key " + key.Name)})
}

// checkRevision wants the revision that this is.
func checkRevision(h http.Header) error {
	values := h.Values(revisionHeader)
	if len(values) == 1 && strings.TrimSpace(values[0]) == Revision {
		return nil
	}
	detail := "is not known here: write " + Revision
	switch len(values) {
	case 0:
		detail = "is missing: write " + Revision
	case 1:
	default:
		detail = "is there more than once: write " + Revision
	}
	return faulty(http.StatusBadRequest, Fault{In: "header", Field: revisionHeader, Detail: detail})
}

// query returns the parameters of the call, with what is wrong with their names:
// each must be known and there once.
func (c *call) query(known ...string) (values url.Values, faults []Fault, err error) {
	values, err = url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return nil, nil, problem(http.StatusBadRequest, "the query can't be read")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch {
		case slices.Contains(known, name) && len(values[name]) > 1:
			faults = append(faults, inQuery(name, "is there more than once"))
		case slices.Contains(known, name):
		case len(known) == 0:
			faults = append(faults, inQuery(shown(name), "is no parameter of this request; it has none"))
		default:
			faults = append(faults, inQuery(shown(name), "is no parameter of this request; known are "+strings.Join(known, ", ")))
		}
	}
	return values, faults, nil
}

// noQuery refuses parameters of a call that has none.
func (c *call) noQuery() error {
	_, faults, err := c.query()
	if err == nil && len(faults) > 0 {
		err = faulty(http.StatusBadRequest, faults...)
	}
	return err
}

func inQuery(field, detail string) Fault { return Fault{In: "query", Field: field, Detail: detail} }

// takeFlag reads a parameter that is true or false.
func takeFlag(values url.Values, field string, faults *[]Fault) (o optional[bool]) {
	switch values.Get(field) {
	case "true":
		return optional[bool]{value: true, given: true}
	case "false":
		return optional[bool]{given: true}
	}
	if values.Has(field) {
		*faults = append(*faults, inQuery(field, "must be true or false"))
	}
	return o
}

// body reads the whole body, which must be JSON.
func (c *call) body() ([]byte, error) {
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, problem(http.StatusUnsupportedMediaType, "the body must be JSON: write the header Content-Type: application/json")
	}
	body, err := io.ReadAll(c.Body)
	if _, tooLarge := problemOf(err); err != nil && !tooLarge {
		return nil, problem(http.StatusBadRequest, "the body could not be read to its end")
	}
	return body, err
}

// find returns the entry that the path names, if it is the caller's.
func (c *call) find(ctx context.Context) (keyring.Listed, error) {
	id := c.PathValue("id")
	list, err := c.ring.List(ctx, func(e sign.Entry) bool { return c.owns(e) && e.ID == id })
	if err == nil && len(list) == 0 {
		err = errNoCertificate
	}
	if err != nil {
		return keyring.Listed{}, err
	}
	return list[0], nil
}

// owns reports whether an entry is the caller's, and one that this API shows.
func (c *call) owns(e sign.Entry) bool { return e.Tenant == c.key.Tenant && e.Kind == sign.KindPass }
