package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"passmill/output/mail"
	"passmill/sign/keyring"
)

type certAlertsCommand struct {
	DryRun bool `help:"Say what would be mailed, and mail nothing."`
	Test   bool `help:"Send one test mail to the operator's address instead."`
}

// Help is the end of the command's -h.
func (certAlertsCommand) Help() string {
	return "Warns 60, 30, 14, 7, 3 and 1 days before a certificate expires, and on the day: by mail to its contact and to the operator, as passmill.yaml says under mail, and on standard error. Each warning is given once, however often and from however many machines this runs; let it run every hour. Exit status: 0 done, 1 something could not be mailed; what may be tried again is, by the next run."
}

// newAlerter returns what warns of the expiry of a registry's certificates. Its Run
// may be called at any time, by any number of processes.
func newAlerter(r *registry, log *slog.Logger) (*keyring.Alerter, error) {
	box, err := r.space.mailbox()
	if err != nil {
		return nil, err
	}
	a := &keyring.Alerter{Ring: r.Ring, Book: r.db, Log: log}
	if box != nil {
		a.Post, a.Operator = box.post, box.operator
	}
	return a, nil
}

// Run gives the warnings that are due.
func (c *certAlertsCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	if c.Test {
		return c.test(ctx, std, all)
	}
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	a, err := newAlerter(r, slog.New(slog.NewTextHandler(std.err, nil)))
	if err != nil {
		return err
	}
	if a.Post == nil {
		fmt.Fprintf(std.err, "nobody is mailed: %s has no mail: settings\n", settingsFile)
	}
	var given []keyring.Warning
	verb := "warned"
	if c.DryRun {
		verb = "would warn"
		given, err = a.Due(ctx)
	} else {
		given, err = a.Run(ctx)
	}
	for _, w := range given {
		to := "in the log alone"
		if list := a.Recipients(w); len(list) > 0 {
			to = "by mail to " + strings.Join(list, ", ")
		}
		fmt.Fprintf(std.out, "%s that %s %s: %s\n", verb, w.Title(), w.When(time.Now()), to)
	}
	if len(given) == 0 && err == nil {
		fmt.Fprintln(std.out, "nothing to warn of")
	}
	return err
}

// test sends a mail that says that mails arrive.
func (c *certAlertsCommand) test(ctx context.Context, std streams, all *commands) error {
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	box, err := space.mailbox()
	switch {
	case err != nil:
		return err
	case box == nil || box.operator == "":
		return fmt.Errorf("%s names no operator: under mail; a test mail goes there", settingsFile)
	}
	outcome, err := box.server.Send(ctx, mail.Message{
		ID: "test-" + strings.ToLower(rand.Text()) + "@" + box.domain, From: box.from, To: box.operator, Date: time.Now(),
		Subject: "passmill can send mail", Text: "This is the test mail of passmill cert alerts --test.\nWarnings of certificates that expire arrive in the same way.\n",
	}, nil)
	if outcome != mail.Sent {
		return err
	}
	fmt.Fprintf(std.out, "%s has taken a test mail to %s\n", box.server.Address, box.operator)
	return nil
}

// expiring returns a line for each certificate that expires within the time of the
// first warning: those of the registry, and the job's own if it is from a file.
func (m *maker) expiring(ctx context.Context, store keyring.Store) (lines []string) {
	now := time.Now()
	found, err := keyring.Expiring(ctx, store, now)
	if err != nil && ctx.Err() == nil {
		return []string{err.Error()}
	}
	if m.work.chosen.Entry.ID == "" {
		if w, near := keyring.ExpiryOf(m.work.identity.Certificate(), now); near {
			found = append(found, w)
		}
	}
	for _, w := range found {
		lines = append(lines, fmt.Sprintf("%s %s: %s", w.Title(), w.When(now), w.Renewal()))
	}
	return lines
}
