package keyring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"passmill/sign"
)

const (
	// alertPatience is how long a warning belongs to who has claimed it.
	alertPatience = 15 * time.Minute
	// alertTime is how long its mails may take; it is well below the patience.
	alertTime = 5 * time.Minute
	// maxDoubts is how often a mail is sent of which nobody knows whether it
	// arrived: silence would cost more than a second copy, but a server that
	// never answers must not get one every quarter of an hour.
	maxDoubts = 2
)

// An AlertBook keeps which warnings were given, and what became of their mails.
type AlertBook interface {
	Alerts
	// Alerts returns the warnings that were given or claimed.
	Alerts(ctx context.Context) ([]sign.Alert, error)
	// AlertMails returns the mails of a warning.
	AlertMails(ctx context.Context, entry, certificate string, step int) ([]sign.AlertMail, error)
	// SetAlertMail writes down what becomes of a mail, for who has claimed the
	// warning at that time; [sign.ErrClaimLost] if somebody else has since.
	SetAlertMail(ctx context.Context, m sign.AlertMail, claimed, now time.Time) error
}

// A Post sends the mail of a warning and says what became of it. Right before the
// end of the mail is written it calls ending, and without its consent writes none.
type Post func(ctx context.Context, l Letter, ending func() error) (sign.AlertMailState, error)

// An Alerter warns of certificates that expire: each step of each one once, also
// when several processes do so. It is safe for concurrent use.
//
// Before a mail is sent, the warning is claimed in the ledger; before the mail's
// end is written, the mail is put in doubt there; after the answer, that is
// settled. A process that dies leaves a claim, which another takes over after a
// quarter of an hour: what was not yet handed over is sent, and what is in doubt is
// sent once more, with the same Message-ID, and then never again.
type Alerter struct {
	Ring     *Ring // whose certificates, actor and clock
	Book     AlertBook
	Post     Post   // nil: warnings are logged, and nobody is mailed
	Operator string // address of who runs all this; may be empty
	Log      *slog.Logger
}

func (a *Alerter) now() time.Time { return a.Ring.now() }

// Due returns the warnings that have to be given now, with whom they are mailed to.
func (a *Alerter) Due(ctx context.Context) ([]Warning, error) {
	found, err := Expiring(ctx, a.Ring.Store, a.now())
	if err != nil || len(found) == 0 {
		return nil, err
	}
	alerts, err := a.Book.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(w Warning) bool {
		return slices.ContainsFunc(alerts, func(g sign.Alert) bool {
			return !g.Given.IsZero() && g.Entry == w.Entry.ID && g.Certificate == w.Certificate.ID && g.Step == w.Step
		})
	}), nil
}

// Recipients returns whom a warning is mailed to.
func (a *Alerter) Recipients(w Warning) []string {
	if a.Post == nil {
		return nil
	}
	return w.recipients(a.Operator)
}

// Run gives every warning that is due, and returns those that it gave. What could
// not be mailed is an error, and is tried again by a later Run; a mail that the
// server refused is one too, and is not.
func (a *Alerter) Run(ctx context.Context) (given []Warning, err error) {
	due, err := a.Due(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, w := range due {
		done, err := a.give(ctx, w)
		if done {
			given = append(given, w)
		}
		if err != nil && !errors.Is(err, sign.ErrClaimLost) {
			errs = append(errs, fmt.Errorf("warning that %s %s: %w", w.Title(), w.When(a.now()), err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return given, errors.Join(errs...)
}

// A giving is one warning while it is given.
type giving struct {
	*Alerter
	Warning
	claimed time.Time
	uses    []sign.Use
	sent    []string // what became of the mails, in words
}

func (a *Alerter) give(ctx context.Context, w Warning) (done bool, err error) {
	g := &giving{Alerter: a, Warning: w, claimed: a.now()}
	mine, err := a.Book.ClaimAlert(ctx, w.Entry.ID, w.Certificate.ID, w.Step, g.claimed, alertPatience)
	if err != nil || !mine {
		return false, err
	}
	mails, err := a.Book.AlertMails(ctx, w.Entry.ID, w.Certificate.ID, w.Step)
	if err != nil {
		return false, err
	}
	recipients := a.Recipients(w)
	if len(mails) == 0 {
		a.Log.WarnContext(ctx, "certificate "+w.When(g.claimed), "certificate", w.Title(), "until", w.Certificate.NotAfter, "step", w.Step, "mails", len(recipients))
	}
	if len(recipients) > 0 {
		if g.uses, err = g.usedBy(ctx); err != nil {
			return false, err
		}
	}
	open, err := g.mailAll(ctx, recipients, mails)
	if open {
		return false, err
	}
	return true, errors.Join(err, a.Book.AlertSent(context.WithoutCancel(ctx), w.Entry.ID, w.Certificate.ID, w.Step, g.event()))
}

// mailAll mails everybody who was not mailed yet. open means that somebody still
// has to be.
func (g *giving) mailAll(ctx context.Context, recipients []string, mails []sign.AlertMail) (open bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, alertTime)
	defer cancel()
	var errs []error
	for _, to := range recipients {
		m := sign.AlertMail{Entry: g.Entry.ID, Certificate: g.Certificate.ID, Step: g.Step, Recipient: to}
		if i := slices.IndexFunc(mails, func(m sign.AlertMail) bool { return m.Recipient == to }); i >= 0 {
			m = mails[i]
		}
		if !settled(m) {
			if m, err = g.mail(ctx, m); err != nil {
				errs = append(errs, fmt.Errorf("mail to %s: %w", to, err))
			}
		}
		if !settled(m) {
			open = true
		}
		g.sent = append(g.sent, fmt.Sprintf("mail to %s: %s", to, m.State))
	}
	return open, errors.Join(errs...)
}

// settled reports whether a mail is not sent any more.
func settled(m sign.AlertMail) bool {
	return m.State == sign.AlertMailSent || m.State == sign.AlertMailRefused || m.State == sign.AlertMailInDoubt && m.Doubts >= maxDoubts
}

// mail sends one mail, with what becomes of it written down before and after.
func (g *giving) mail(ctx context.Context, m sign.AlertMail) (sign.AlertMail, error) {
	set := func(ctx context.Context) error { return g.Book.SetAlertMail(ctx, m, g.claimed, g.now()) }
	doubts := m.Doubts
	m.State = sign.AlertMailTrying
	if err := set(ctx); err != nil {
		return m, err
	}
	state, err := g.Post(ctx, g.letter(m.Recipient, g.uses, g.claimed), func() error {
		m.State, m.Doubts = sign.AlertMailInDoubt, doubts+1
		return set(ctx)
	})
	m.State = state
	if state != sign.AlertMailInDoubt {
		m.Doubts = doubts
	}
	return m, errors.Join(err, set(context.WithoutCancel(ctx))) // the answer has come, whoever wants to stop
}

// usedBy returns what the certificate, and those before it, are used for.
func (g *giving) usedBy(ctx context.Context) ([]sign.Use, error) {
	list, err := g.Ring.List(ctx, func(e sign.Entry) bool { return e.ID == g.Entry.ID })
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var uses []sign.Use
	for _, u := range list[0].Uses {
		if i := slices.IndexFunc(uses, func(o sign.Use) bool { return o.Job == u.Job && o.Template == u.Template }); i >= 0 {
			uses[i].Passes += u.Passes
			continue
		}
		uses = append(uses, u)
	}
	return uses, nil
}

// event is the warning in the audit.
func (g *giving) event() sign.Event {
	detail := fmt.Sprintf("%s %s; %s", g.Entry.BaseName, g.When(g.claimed), cmp.Or(strings.Join(g.sent, ", "), "in the log alone"))
	e := g.Ring.Event(sign.ActionAlert)
	e.Detail = strings.TrimSpace(detail)
	return e
}
