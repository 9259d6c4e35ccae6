package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// A Line sends one mail after another over a connection that it keeps. A
// connection that the server has closed meanwhile is replaced by a new one. A Line
// is not safe for concurrent use: each worker has its own.
type Line struct {
	server *Server
	c      *session // nil while there is no connection
	linger time.Duration
}

// Line returns a line to the server. Nothing is dialled before the first mail.
func (s *Server) Line() *Line { return &Line{server: s} }

// Close takes leave of the server.
func (l *Line) Close() error {
	if l.c == nil {
		return nil
	}
	if l.c.extend() == nil {
		_ = l.c.Quit() // what was sent is with the server, however it takes leave
	}
	return l.drop()
}

func (l *Line) drop() error {
	err := l.c.conn.Close()
	l.c = nil
	return err
}

// Send hands a mail in and says what became of it, as [Server.Send] does.
func (l *Line) Send(ctx context.Context, m Message, ending func() error) (Outcome, error) {
	e, err := m.seal(l.server.DKIM)
	if err != nil {
		return Refused, err
	}
	outcome, err := l.send(ctx, e, ending)
	if err != nil {
		err = fmt.Errorf("mail server %s: %w", l.server.Address, err)
	}
	return outcome, err
}

func (l *Line) send(ctx context.Context, e envelope, ending func() error) (Outcome, error) {
	kept := l.c != nil
	outcome, err := l.once(ctx, e, ending)
	if kept && l.c == nil && ctx.Err() == nil && Troubled(err) {
		return l.once(ctx, e, ending) // the kept connection was too old; nothing of this mail has gone over it
	}
	return outcome, err
}

// once sends over the connection that there is, or a new one. It keeps it if the
// server goes on to listen.
func (l *Line) once(ctx context.Context, e envelope, ending func() error) (Outcome, error) {
	if l.c == nil {
		c, err := l.server.connect(ctx)
		if err != nil {
			return Later, serverError{err}
		}
		l.c = c
	}
	outcome, err := l.mail(ctx, e, ending)
	if code, _ := Answer(err); err != nil && (code == 0 || code == 421 || l.c.again() != nil) {
		l.drop()
	}
	return outcome, err
}

func (l *Line) mail(ctx context.Context, e envelope, ending func() error) (Outcome, error) {
	c := l.c
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	body, outcome, err := c.begin(e)
	if err != nil {
		return outcome, cmp.Or(ctx.Err(), err)
	}
	h := c.hear()
	if h.within(l.linger) {
		return c.broke(h)
	}
	if ending != nil {
		if err := ending(); err != nil {
			return Later, c.leave(h, err)
		}
	}
	if !stop() {
		return Later, c.leave(h, ctx.Err())
	}
	if h.within(0) {
		return c.broke(h)
	}
	return c.end(body, h)
}

// leave hangs up in the midst of a mail, and returns why.
func (c *session) leave(h *hearing, why error) error {
	c.conn.Close()
	<-h.done
	return why
}

// again makes the connection ready for the next mail.
func (c *session) again() error {
	if err := c.extend(); err != nil {
		return err
	}
	return c.Reset()
}

// A serverError is about the server or the settings, and not about a mail.
type serverError struct{ error }

func (e serverError) Unwrap() error { return e.error }

// Troubled reports whether an error of a mail is about the server or its settings:
// the next mail will not fare better.
func Troubled(err error) bool {
	_, ok := errors.AsType[serverError](err)
	return ok
}
