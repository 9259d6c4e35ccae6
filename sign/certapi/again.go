package certapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	"passmill/sign"
)

// How requests name themselves, and how long their answers are kept.
const (
	nameHeader  = "Idempotency-Key"
	maxNameSize = 255
	answerLife  = 24 * time.Hour
)

// again answers a request that may have come before. One that names itself gets
// the answer that was given first, whether it comes later or at the same time;
// nothing of it is done twice, since what is done comes to the same end however
// often it is done. Under a name that another request has, it is refused.
func (s *server) again(ctx context.Context, c *call, body []byte, do func() (reply, error)) (reply, error) {
	name, err := requestName(c.Header)
	if err != nil {
		return reply{}, err
	}
	if name == "" {
		return do()
	}
	now := s.Now()
	request := sign.Answer{KeyID: c.key.ID, Name: name, Request: c.fingerprint(body), Created: now, Expires: now.Add(answerLife)}
	kept, err := s.Answers.BeginAnswer(ctx, request)
	switch {
	case err != nil:
		return reply{}, err
	case !hmac.Equal(kept.Request, request.Request):
		return reply{}, faulty(http.StatusUnprocessableEntity, Fault{In: "header", Field: nameHeader, Detail: "was the name of another request: give each request a name of its own"})
	case kept.Status != 0:
		return reply{kept.Status, kept.Body}, nil
	}
	a, err := do()
	if err != nil {
		p, known := problemOf(err)
		if !known || p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests {
			return reply{}, err // to be tried again
		}
		a = p.reply()
	}
	request.Status, request.Body = a.status, a.body
	// The client may be gone by now, and will ask again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	kept, err = s.Answers.KeepAnswer(ctx, request)
	if err != nil {
		return reply{}, err
	}
	return reply{kept.Status, kept.Body}, nil
}

// requestName returns the name that a request gives itself, if it does.
func requestName(h http.Header) (string, error) {
	values := h.Values(nameHeader)
	if len(values) == 0 {
		return "", nil
	}
	name := values[0]
	unprintable := strings.ContainsFunc(name, func(r rune) bool { return r < '!' || r > '~' })
	if len(values) > 1 || name == "" || len(name) > maxNameSize || unprintable {
		return "", faulty(http.StatusBadRequest, Fault{In: "header", Field: nameHeader, Detail: "must be one text of 1 to 255 letters, digits and signs, without blanks; a UUID is good"})
	}
	return name, nil
}

// fingerprint tells one body from another. It is keyed with the secret of the API
// key, which the ledger does not have: a plain sum would let a thief of the ledger
// try out passwords.
func (c *call) fingerprint(body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(c.secret.Reveal()))
	mac.Write([]byte(c.Method + " " + collectionPath + "\n"))
	mac.Write(body)
	return mac.Sum(nil)
}
