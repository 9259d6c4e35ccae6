package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"passmill/jobs/fault"
)

// An Outcome says what became of a mail.
type Outcome string

// The outcomes.
const (
	Sent    Outcome = "sent"     // the server has taken it
	Refused Outcome = "refused"  // the server will not take it, however often it is asked
	Later   Outcome = "later"    // the server does not have it; it may be tried again
	InDoubt Outcome = "in_doubt" // the server may have it or not: the connection broke before it said so
)

// Send hands a mail in, over a connection of its own, and says what became of it.
// Unless that is [Sent], the error says why.
//
// Right before the end of the mail is written, after which nobody can know what
// the server does, ending is called (if it isn't nil); if it fails, the server
// gets no end, and so no mail. From there on the end of ctx is not heeded: the
// server is given its time to answer.
func (s *Server) Send(ctx context.Context, m Message, ending func() error) (Outcome, error) {
	l := s.Line()
	l.linger = 5 * time.Millisecond
	defer l.Close()
	return l.Send(ctx, m, ending)
}

// begin writes a mail but for its end.
func (c *session) begin(e envelope) (io.WriteCloser, Outcome, error) {
	if err := c.extend(); err != nil {
		return nil, Later, serverError{err}
	}
	if err := c.Mail("<" + e.from + ">"); err != nil {
		return nil, Later, serverError{fmt.Errorf("sender: %w", err)} // which is a setting that can be mended
	}
	if err := c.Rcpt("<" + e.to + ">"); err != nil {
		return nil, answer(err, Later), fmt.Errorf("recipient: %w", err)
	}
	if err := c.extend(); err != nil {
		return nil, Later, err
	}
	body, err := c.Data()
	if err != nil {
		return nil, answer(err, Later), err
	}
	if _, err := body.Write(e.data); err != nil {
		return nil, Later, err
	}
	if err := c.Text.W.Flush(); err != nil {
		return nil, Later, err
	}
	return body, Later, fault.Point("mail.body")
}

// A hearing waits for the next word of the server.
type hearing struct {
	done chan struct{}
	err  error // read it once done is closed
}

// hear listens from now on, while something else is done.
func (c *session) hear() *hearing {
	h := &hearing{done: make(chan struct{})}
	go func() {
		defer close(h.done)
		_, h.err = c.Text.R.Peek(1)
	}()
	return h
}

// within reports whether the server has said something, or hung up.
func (h *hearing) within(d time.Duration) bool {
	if d > 0 {
		select {
		case <-h.done:
			return true
		case <-time.After(d):
			return false
		}
	}
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

// broke says what it means that the server spoke before the end of a mail.
func (c *session) broke(h *hearing) (Outcome, error) {
	if h.err != nil {
		return Later, h.err
	}
	_, _, err := c.Text.ReadResponse(0)
	if err == nil {
		err = errors.New("the server broke in while the mail was written")
	}
	return answer(err, Later), err
}

// end writes the end of a mail and hears what the server says.
func (c *session) end(body io.WriteCloser, h *hearing) (Outcome, error) {
	if err := c.extend(); err != nil {
		return Later, err
	}
	if data, ok := body.(*smtp.DataCloser); ok {
		body = data.WriteCloser // which writes the end, and leaves the answer to us
	}
	err := body.Close()
	<-h.done
	if err == nil {
		err = h.err
	}
	if err == nil {
		_, _, err = c.Text.ReadResponse(250)
	}
	if err == nil {
		err = fault.Point("mail.answered")
	}
	if err == nil {
		return Sent, nil
	}
	outcome := answer(err, InDoubt)
	if outcome == InDoubt {
		err = fmt.Errorf("the connection broke before the server said whether it has the mail: %w", err)
	}
	return outcome, err
}

// answer is the outcome that a server's answer means, or otherwise if the error is
// no answer.
func answer(err error, otherwise Outcome) Outcome {
	said, ok := errors.AsType[*textproto.Error](err)
	switch {
	case !ok:
		return otherwise
	case said.Code >= 500 && said.Code != 521 && said.Code != 530 && said.Code != 535: // those are about us, not about the mail
		return Refused
	}
	return Later
}

// Answer returns what a server said in the error of a mail: its code and its
// words, shortened to one line. The code is 0 if the error is none of a server's.
func Answer(err error) (code int, text string) {
	said, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return 0, ""
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(said.Msg, "?"))
	if runes := []rune(text); len(runes) > maxAnswer {
		text = string(runes[:maxAnswer-1]) + "…"
	}
	return said.Code, text
}

// maxAnswer is how many characters of an answer are kept.
const maxAnswer = 300
