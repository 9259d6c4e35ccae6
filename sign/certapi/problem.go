package certapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"passmill/sign"
	"passmill/sign/keyring"
)

// A Problem is the body of an answer that says what is wrong (RFC 9457). It is an
// error, so that it can be returned from where it is noticed.
type Problem struct {
	Type   string  `json:"type" doc:"Always about:blank: the status says what kind of problem it is." example:"about:blank"`
	Title  string  `json:"title" doc:"The status in words." example:"Unprocessable Entity"`
	Status int     `json:"status" doc:"The HTTP status." example:"422"`
	Detail string  `json:"detail" doc:"What is wrong, and what to do."`
	Errors []Fault `json:"errors,omitempty" nullable:"false" doc:"What is wrong with each field."`
	UsedBy *Users  `json:"usedBy,omitempty" doc:"Who uses the certificate that was to be removed."`
}

// A Fault is what is wrong with one field of a request.
type Fault struct {
	In     string `json:"in" enum:"body,query,header" doc:"Where the field is."`
	Field  string `json:"field" doc:"Its name." example:"password"`
	Detail string `json:"detail" doc:"What is wrong with it."`
}

// Users are who uses a certificate.
type Users struct {
	Jobs      []string `json:"jobs" nullable:"false" doc:"Names of jobs."`
	Templates []string `json:"templates" nullable:"false" doc:"Names of templates."`
}

// Error returns what is wrong.
func (p *Problem) Error() string { return p.Detail }

// reply returns the answer that tells the problem.
func (p *Problem) reply() reply { return answer(p.Status, p) }

// problem returns a problem that is about no field.
func problem(status int, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// faulty returns a problem with fields.
func faulty(status int, faults ...Fault) *Problem {
	p := problem(status, "%s: %s", faults[0].Field, faults[0].Detail)
	if len(faults) > 1 {
		p.Detail = fmt.Sprintf("%d fields are wrong; the first is %s", len(faults), p.Detail)
	}
	p.Errors = faults
	return p
}

// inBody is a fault of a member of the body.
func inBody(field, format string, args ...any) Fault {
	return Fault{In: "body", Field: field, Detail: fmt.Sprintf(format, args...)}
}

var errNoCertificate = problem(http.StatusNotFound, "there is no such certificate")

// unfit are the errors of an import that the certificate is to blame for.
var unfit = []error{
	sign.ErrPassword, sign.ErrNoKey, sign.ErrNoLeaf, sign.ErrKeyMismatch, sign.ErrNotPass, sign.ErrMarker, sign.ErrTypeID, sign.ErrTeamID,
	sign.ErrExpired, sign.ErrNotYetValid, sign.ErrNoIntermediate, sign.ErrWrongIntermediate, sign.ErrIntermediateExpired,
	keyring.ErrNeverAsked,
}

// importProblem turns the error of an import into a problem, or returns it as it
// is if it is the server's own. What the command line would advise is said as this
// API does it, and of others' certificates nothing is told.
func importProblem(err error) error {
	fault := func(field, format string, args ...any) error {
		return faulty(http.StatusUnprocessableEntity, inBody(field, format, args...))
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	switch {
	case errors.Is(err, sign.ErrPassword):
		return fault("password", "does not open the certificate")
	case errors.Is(err, sign.ErrNoIntermediate) && !errors.Is(err, sign.ErrNotPass):
		return fault("certificate", "was issued by an intermediate certificate of Apple's that is not at hand: "+
			"download it from https://www.apple.com/certificateauthority/ and put it into the .p12 file too (openssl pkcs12 -export -certfile)")
	case errors.Is(err, keyring.ErrOlder):
		return fault("certificate", "is valid no longer than the one that signs now: send the newer one")
	case errors.Is(err, keyring.ErrOtherTeam):
		return fault("certificate", "is for a base name that is there with another team: use the certificate of that team")
	case errors.Is(err, keyring.ErrOtherTenant):
		return fault("certificate", "has a key that was made for somebody else: ask for a certificate with a key of your own")
	}
	for _, u := range unfit {
		if errors.Is(err, u) {
			return fault("certificate", "%s", err)
		}
	}
	return err
}

// problemOf turns any error into what is answered. What is unknown is the
// server's own, and a stranger is told no more than that; known says which it was.
func problemOf(err error) (p *Problem, known bool) {
	tooLarge, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	p, isProblem := errors.AsType[*Problem](err)
	switch {
	case isProblem:
		return p, true
	case isTooLarge:
		return problem(http.StatusRequestEntityTooLarge, "the body has more than %d bytes: a .p12 file has a few thousand", tooLarge.Limit), true
	case errors.Is(err, sign.ErrNoEntry):
		return errNoCertificate, true
	case errors.Is(err, sign.ErrDefault):
		return problem(http.StatusConflict, "it is the default, which can only be moved: set default of another certificate to true first"), true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, "the server is stopping, or was too busy: try again"), true
	}
	return problem(http.StatusInternalServerError, "the server could not do it; its log says why"), false
}

// A reply is an answer before it is sent.
type reply struct {
	status int
	body   []byte // JSON; empty for none
}

// answer returns a reply with a body.
func answer(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic("certapi: an answer that is no JSON: " + err.Error())
	}
	return reply{status, append(body, '\n')}
}

// write sends the reply.
func (a reply) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set(revisionHeader, Revision)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	switch {
	case len(a.body) == 0:
	case a.status >= http.StatusBadRequest:
		h.Set("Content-Type", "application/problem+json")
	default:
		h.Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	w.Write(a.body) // that the client went away is no error of ours
}
