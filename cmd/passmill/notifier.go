package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/mail"
	"passmill/output/webhook"
)

const (
	// maxNoticeDoubts is how often a mail is sent of which nobody knows whether it
	// arrived: a second copy costs less than silence.
	maxNoticeDoubts = 2
	// maxNoticeTries is how often something is tried: for about three days.
	maxNoticeTries = 20
	// noticeTime is how long one is tried; it is well below the ledger's patience.
	noticeTime = time.Minute
)

// A notifier sends notices: each to each recipient once, also when several processes
// do so. A webhook gets the same id if it gets one again, and a mail that may have
// arrived is sent once more, under the same Message-ID.
type notifier struct {
	db   *ledger.DB
	box  *mailbox      // nil: nobody is mailed
	hook *webhook.Hook // nil: there is none
	log  *slog.Logger
	now  func() time.Time
	soon chan struct{} // gets something when there may be a notice
}

func newNotifier(db *ledger.DB, space workspace, log *slog.Logger) (*notifier, error) {
	box, err := space.mailbox()
	hook, hookErr := space.webhook()
	return &notifier{db: db, box: box, hook: hook, log: log, now: time.Now, soon: make(chan struct{}, 1)}, errors.Join(err, hookErr)
}

// recipients returns whom a notice goes to.
func (n *notifier) recipients() (to []string) {
	if n.box != nil && n.box.operator != "" {
		to = append(to, n.box.operator)
	}
	if n.hook != nil {
		to = append(to, ledger.Webhook)
	}
	return to
}

// deliver sends what is due. What could not be sent is an error, and is tried again
// later.
func (n *notifier) deliver(ctx context.Context) error {
	due, err := n.db.DueSendings(ctx, n.now())
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range due {
		if ctx.Err() != nil {
			break
		}
		switch err := n.send(ctx, s); {
		case errors.Is(err, jobs.ErrFenced): // another process sends it
		case err != nil:
			errs = append(errs, fmt.Errorf("notice of job %q to %s: %w", s.Notice.Job, s.To, err))
		}
	}
	return errors.Join(errs...)
}

// send tries one sending, with what becomes of it written down before and after.
func (n *notifier) send(ctx context.Context, s ledger.Sending) error {
	s, err := n.db.ClaimSending(ctx, s, n.now())
	if err != nil {
		return err
	}
	trying, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	if s.To == ledger.Webhook {
		s, err = n.post(trying, s)
	} else {
		s, err = n.mail(trying, s)
	}
	s.Answer = ""
	if err != nil {
		s.Answer = err.Error()
	}
	if s.State == ledger.SendingWaits {
		s.Due = n.now().Add(noticePause(s.Tries))
		if s.Tries >= maxNoticeTries {
			s.State = ledger.SendingGivenUp
		}
	}
	return errors.Join(err, n.db.SetSending(context.WithoutCancel(ctx), s, n.now()))
}

// noticePause is how long to wait after so many tries.
func noticePause(tries int) time.Duration {
	return min(time.Minute<<min(tries-1, 20), 6*time.Hour)
}

func (n *notifier) post(ctx context.Context, s ledger.Sending) (ledger.Sending, error) {
	s.State = ledger.SendingWaits
	if n.hook == nil {
		return s, fmt.Errorf("%s names no webhook any more", settingsFile)
	}
	err := n.hook.Post(ctx, webhook.Event{ID: s.Notice.ID, Body: s.Notice.Body}, n.now())
	if err == nil {
		s.State = ledger.SendingSent
	}
	return s, err
}

func (n *notifier) mail(ctx context.Context, s ledger.Sending) (ledger.Sending, error) {
	var what notice
	if err := json.Unmarshal(s.Notice.Body, &what); err != nil {
		s.State = ledger.SendingRefused
		return s, err
	}
	if n.box == nil {
		s.State = ledger.SendingWaits
		return s, fmt.Errorf("%s has no mail: settings any more", settingsFile)
	}
	sum := sha256.Sum256([]byte(s.To))
	doubts := s.Doubts
	outcome, err := n.box.server.Send(ctx, mail.Message{
		ID: fmt.Sprintf("notice-%s-%x@%s", s.Notice.ID, sum[:6], n.box.domain), From: n.box.from, To: s.To, Date: s.Notice.Created,
		Subject: visible(what.title()), Text: what.text(),
	}, func() error {
		s.State, s.Doubts = ledger.SendingDoubted, doubts+1
		return n.db.SetSending(ctx, s, n.now())
	})
	if outcome != mail.InDoubt {
		s.Doubts = doubts
	}
	switch {
	case outcome == mail.Sent:
		s.State = ledger.SendingSent
	case outcome == mail.Refused:
		s.State = ledger.SendingRefused
	case outcome == mail.Later:
		s.State = ledger.SendingWaits
	case s.Doubts >= maxNoticeDoubts:
		s.State = ledger.SendingGivenUp
	}
	return s, err
}

// notifyPause is how often a server looks for notices that are due.
const notifyPause = 10 * time.Second

// run sends notices until ctx ends. What it has begun by then goes on while work does.
func (n *notifier) run(ctx, work context.Context) {
	pause := time.NewTicker(notifyPause)
	defer pause.Stop()
	for {
		if err := n.deliver(work); err != nil && !errors.Is(err, context.Canceled) {
			n.log.ErrorContext(work, "notices to the operator", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		case <-n.soon:
		}
	}
}

// wake lets a server that sends notices look for one.
func (n *notifier) wake() {
	select {
	case n.soon <- struct{}{}:
	default: // it will look anyway
	}
}
