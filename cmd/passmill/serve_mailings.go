package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"passmill/jobs"
	"passmill/output/mail"
)

// mailingPause is how often a server looks for mails that are due, and bouncePause for
// those that came back.
const (
	mailingPause = 20 * time.Second
	bouncePause  = 5 * time.Minute
)

// leaving serves the pages for unsubscribing. The keys are opened at the first
// request: a server without mailings needs none.
func (s *serving) leaving(work context.Context) http.Handler {
	return mail.Leaving{
		Open: func(mark string) (delivery string, ok bool, err error) {
			keys, err := s.openMarks(work)
			if err != nil {
				return "", false, fmt.Errorf("open the keys of mails: %w", err)
			}
			delivery, ok = keys.delivery(mark)
			return delivery, ok, nil
		},
		Leave: s.db.Unsubscribe, Log: s.log,
	}.Handler()
}

func (s *serving) openMarks(ctx context.Context) (*marks, error) {
	s.marksMu.Lock()
	defer s.marksMu.Unlock()
	if s.marks == nil {
		masters, err := newRing(ctx, s.db, s.space).Masters(ctx, s.db)
		if err != nil {
			return nil, err
		}
		if s.marks, err = newMarks(masters); err != nil {
			return nil, err
		}
	}
	return s.marks, nil
}

// mail sends what is due of all mailings that are open, until ctx ends. A mail that
// has begun comes to its end.
func (s *serving) mail(ctx, _ context.Context) {
	pause := time.NewTicker(mailingPause)
	defer pause.Stop()
	for {
		if err := s.mailOnce(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.log.ErrorContext(context.WithoutCancel(ctx), "mailings", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// bounces reads the mailbox of mails that came back, if there is one, until ctx ends.
func (s *serving) bounces(ctx, _ context.Context) {
	pause := time.NewTicker(bouncePause)
	defer pause.Stop()
	for {
		b := &bounceReader{db: s.db}
		err := b.mailbox(ctx, s.space)
		if err != nil && !errors.Is(err, errNoMailbox) && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "mails that came back", "err", err)
		}
		if b.bounced > 0 {
			s.log.InfoContext(ctx, "mails came back", "bounced", b.bounced, "suppressed", b.muted)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

func (s *serving) mailOnce(ctx context.Context) error {
	all, err := s.db.Mailings(ctx, "")
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range all {
		due, err := s.due(ctx, m)
		if due && err == nil {
			err = s.mailing(ctx, m)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// due reports whether there is something to do about a mailing. What a process was at
// that was killed counts: nothing of it waits before somebody takes the mailing over.
func (s *serving) due(ctx context.Context, m jobs.Mailing) (bool, error) {
	if m.State != jobs.MailingOpen {
		return false, nil
	}
	next, err := s.db.NextDue(ctx, m.ID)
	if err != nil || !next.IsZero() && !next.After(time.Now()) {
		return err == nil, err
	}
	return s.db.Begun(ctx, m.ID)
}

func (s *serving) mailing(ctx context.Context, m jobs.Mailing) (err error) {
	o, err := s.space.outgoing(ctx, s.db) // anew each time: settings may have changed
	if err != nil {
		return err
	}
	unlock, err := s.db.LockMailing(ctx, m.ID)
	if errors.Is(err, jobs.ErrLocked) {
		return nil // somebody is at it
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	sender, sent := o.sender(m), map[jobs.DeliveryState]int{}
	sender.Told = func(_ jobs.Delivery, c jobs.DeliveryChange) {
		if c.Tried {
			sent[c.State]++
		}
	}
	err = sender.Run(ctx, m.ID)
	if len(sent) > 0 {
		s.log.InfoContext(context.WithoutCancel(ctx), "mailed", "job", m.Job, "mailing", m.Name, "sent", sent[jobs.DeliverySent], "refused", sent[jobs.DeliveryRefused],
			"put_off", sent[jobs.DeliveryWaiting], "in_doubt", sent[jobs.DeliveryInDoubt], "given_up", sent[jobs.DeliveryGivenUp])
	}
	return err
}
