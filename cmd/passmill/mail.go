package main

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"path/filepath"
	"strings"

	"passmill/output/mail"
	"passmill/sign"
	"passmill/sign/keyring"
)

// MailSettings are what passmill.yaml says under mail.
type mailSettings struct {
	Server       string `yaml:"server"`       // host:port
	From         string `yaml:"from"`         // the sender
	Operator     string `yaml:"operator"`     // who is warned besides the contacts of certificates
	User         string `yaml:"user"`         // if the server wants one
	PasswordEnv  string `yaml:"passwordEnv"`  // environment variable with the user's password, or …
	PasswordFile string `yaml:"passwordFile"` // … a file whose first line it is
	TLS          string `yaml:"tls"`          // required (the default) | none, which is for this machine's own server
}

// A mailbox sends the mails of a workspace.
type mailbox struct {
	server   *mail.Server
	from     string
	domain   string // of the sender, for the ids of mails
	operator string
}

// mailbox returns what sends the workspace's mails; nil if passmill.yaml has no
// mail settings. Everything that is wrong with them is told at once.
func (w workspace) mailbox() (*mailbox, error) {
	set, err := w.settings()
	if err != nil || set.Mail == (mailSettings{}) {
		return nil, err
	}
	m := set.Mail
	server := &mail.Server{Address: m.Server, User: m.User, Plain: m.TLS == "none"}
	if server.DKIM, err = w.dkim(set.Mailing.DKIM); err != nil {
		return nil, err
	}
	errs := []error{m.check(), server.Check()}
	switch {
	case m.PasswordEnv != "":
		server.Password, err = passwordFromEnv(m.PasswordEnv)
	case m.PasswordFile != "":
		server.Password, err = passwordFromFile(w.path(m.PasswordFile))
	}
	from, fromErr := netmail.ParseAddress(m.From)
	if fromErr != nil {
		from, fromErr = &netmail.Address{}, errors.New("from: is missing or no address; write it like passmill <wallet@example.com>")
	} else {
		fromErr = mail.CheckAddress(from.Address)
	}
	if err := errors.Join(append(errs, err, fromErr)...); err != nil {
		return nil, fmt.Errorf("%s: mail: %s", settingsFile, strings.ReplaceAll(err.Error(), "\n", "\n"+settingsFile+": mail: "))
	}
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	return &mailbox{server: server, from: from.String(), domain: domain, operator: m.Operator}, nil
}

func (m mailSettings) check() error {
	var errs []error
	if m.TLS != "" && m.TLS != "required" && m.TLS != "none" {
		errs = append(errs, fmt.Errorf("tls: is %q; write required or none", m.TLS))
	}
	if m.Operator != "" {
		if err := mail.CheckAddress(m.Operator); err != nil {
			errs = append(errs, fmt.Errorf("operator: %w", err))
		}
	}
	switch has := m.PasswordEnv + m.PasswordFile; {
	case m.PasswordEnv != "" && m.PasswordFile != "":
		errs = append(errs, errors.New("has passwordEnv: and passwordFile:; keep one of them"))
	case m.User != "" && has == "":
		errs = append(errs, errors.New("has user: and no password; add passwordFile: FILE or passwordEnv: VARIABLE"))
	case m.User == "" && has != "":
		errs = append(errs, errors.New("has a password and no user:; add it"))
	}
	return errors.Join(errs...)
}

// path returns where a file of the workspace lies.
func (w workspace) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(w.dir, filepath.FromSlash(name))
}

// states are the outcomes of mails in the words of the registry.
var states = map[mail.Outcome]sign.AlertMailState{
	mail.Sent: sign.AlertMailSent, mail.Refused: sign.AlertMailRefused, mail.Later: sign.AlertMailWaiting, mail.InDoubt: sign.AlertMailInDoubt,
}

// post sends the mail of a warning.
func (b *mailbox) post(ctx context.Context, l keyring.Letter, ending func() error) (sign.AlertMailState, error) {
	outcome, err := b.server.Send(ctx, mail.Message{
		ID: l.ID + "@" + b.domain, From: b.from, To: l.To, Subject: l.Subject, Text: l.Text, Date: l.Date,
	}, ending)
	return states[outcome], err
}
