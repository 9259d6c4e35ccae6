package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// callTime is how long a server may take to answer.
const callTime = 60 * time.Second

// maxAnswer bounds an answer; Apple allows 150 MB in a bundle.
const maxAnswer = 150 << 20

// A RefusedError says why a phone does not take a pass.
type RefusedError struct {
	Texts []string // in the words of the phone's log
}

func (e *RefusedError) Error() string {
	return "a phone would not take this pass: " + strings.Join(e.Texts, "; ")
}

// A CodeError is an answer with an HTTP status that the protocol doesn't know.
type CodeError struct {
	Task string // as the phone's log calls it
	Code int
}

func (e *CodeError) Error() string {
	if e.Code == http.StatusUnauthorized {
		return e.Task + " encountered error: Authentication failure"
	}
	return fmt.Sprintf("%s encountered error: Unexpected response code %d", e.Task, e.Code)
}

// Passing reports whether an exchange that ended in an error may succeed later: the
// server did not answer, or was at a loss itself.
func Passing(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if code, ok := errors.AsType[*CodeError](err); ok {
		return code.Code >= 500 || code.Code == http.StatusTooManyRequests || code.Code == http.StatusRequestTimeout
	}
	_, refused := errors.AsType[*RefusedError](err)
	return !refused
}

// A request is one exchange with a web service.
type request struct {
	task    string // as the phone's log calls it
	method  string
	service string
	path    []string // behind the version; escaped here
	query   url.Values
	token   string
	body    any
	header  map[string]string // empty values are not sent
}

type answer struct {
	code   int
	header http.Header
	body   []byte
}

// call sends a request and reads the answer whole.
func (p *Phone) call(ctx context.Context, r request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	req, err := r.build(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.task, err)
	}
	res, err := p.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s encountered error: %w", r.task, withoutURL(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%s encountered error: %w", r.task, err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%s: the answer is larger than %d bytes", r.task, maxAnswer)
	}
	return &answer{res.StatusCode, res.Header, body}, nil
}

// withoutURL leaves out of an error the address, which names the device.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func (r *request) build(ctx context.Context) (*http.Request, error) {
	address := strings.TrimSuffix(r.service, "/") + "/v1"
	for _, part := range r.path {
		address += "/" + url.PathEscape(part)
	}
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, errors.New("webServiceURL is no address")
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "ApplePass "+r.token)
	}
	for key, value := range r.header {
		if value != "" {
			req.Header.Set(key, value)
		}
	}
	return req, nil
}
