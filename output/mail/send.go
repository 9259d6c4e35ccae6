package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"time"

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

// Send hands a mail in and says what became of it. Unless that is [Sent], the
// error says why.
//
// Right before the end of the mail is written, after which nobody can know what
// the server does, ending is called (if it isn't nil); if it fails, the server
// gets no end, and so no mail. From there on the end of ctx is not heeded: the
// server is given its time to answer.
func (s *Server) Send(ctx context.Context, m Message, ending func() error) (Outcome, error) {
	e, err := m.seal()
	if err != nil {
		return Refused, err
	}
	outcome, err := s.send(ctx, e, ending)
	if err != nil {
		err = fmt.Errorf("mail server %s: %w", s.Address, err)
	}
	return outcome, err
}

func (s *Server) send(ctx context.Context, e envelope, ending func() error) (Outcome, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return Later, err
	}
	defer c.conn.Close()
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	body, outcome, err := c.begin(e)
	if err != nil {
		return outcome, cmp.Or(ctx.Err(), err)
	}
	if ending != nil {
		if err := ending(); err != nil {
			return Later, err
		}
	}
	if !stop() {
		return Later, ctx.Err()
	}
	return c.end(body)
}

// begin writes a mail but for its end, and makes sure that the server is still
// there.
func (c *session) begin(e envelope) (io.WriteCloser, Outcome, error) {
	if err := c.extend(); err != nil {
		return nil, Later, err
	}
	if err := c.Mail("<" + e.from + ">"); err != nil {
		return nil, Later, fmt.Errorf("sender: %w", err) // which is a setting that can be mended
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
	if err := fault.Point("mail.body"); err != nil {
		return nil, Later, err
	}
	return body, Later, c.listen()
}

// listen fails if the server has hung up, or said something that nobody asked
// for, as servers do before they hang up.
func (c *session) listen() error {
	if err := c.conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
		return err
	}
	_, err := c.Text.R.Peek(1)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return cmp.Or(err, errors.New("the server broke in while the mail was written"))
	}
	return c.extend()
}

// end writes the end of a mail and hears what the server says.
func (c *session) end(body io.Closer) (Outcome, error) {
	if err := c.extend(); err != nil {
		return Later, err
	}
	err := body.Close()
	if err == nil {
		err = fault.Point("mail.answered")
	}
	if err != nil {
		outcome := answer(err, InDoubt)
		if outcome == InDoubt {
			err = fmt.Errorf("the connection broke before the server said whether it has the mail: %w", err)
		}
		return outcome, err
	}
	_ = c.Quit() // the mail is with the server, however it takes leave
	return Sent, nil
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
