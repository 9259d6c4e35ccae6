package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"passmill/sign"
	"passmill/sign/keyring"
)

// A certCommand is what people do with the registry of certificates.
type certCommand struct {
	Request certRequestCommand `cmd:"" help:"Make a key and a signing request, and say what remains to be done in Apple's portal."`
	Import  certImportCommand  `cmd:"" help:"Take in the certificate that Apple made, or one with its key."`
	List    certListCommand    `cmd:"" help:"List certificates, and keys that wait for theirs."`
	Show    certShowCommand    `cmd:"" help:"Say everything about one certificate."`
	Default certDefaultCommand `cmd:"" help:"Let jobs that name no certificate use this one."`
	Enable  certEnableCommand  `cmd:"" help:"Let a certificate sign again."`
	Disable certDisableCommand `cmd:"" help:"Keep a certificate from signing."`
	Rename  certRenameCommand  `cmd:"" help:"Change the name of a certificate."`
	Comment certCommentCommand `cmd:"" help:"Change the comment on a certificate."`
	Contact certContactCommand `cmd:"" help:"Change the address that is warned before a certificate expires."`
	Remove  certRemoveCommand  `cmd:"" help:"Remove a certificate with its keys, or a key that waits."`
	History certHistoryCommand `cmd:"" help:"Say who did what with certificates, and what they signed."`
	Check   certCheckCommand   `cmd:"" help:"Fail if a certificate expires soon."`
	Alerts  certAlertsCommand  `cmd:"" help:"Warn of certificates that expire, by mail; for cron."`
}

// A certTarget names one certificate.
type certTarget struct {
	Certificate string `arg:"" help:"Its name, its base name, or the beginning of its id."`
	Tenant      string `placeholder:"NAME" help:"It belongs to this tenant, not to the account."`
}

// find opens the registry and finds the certificate.
func (t certTarget) find(ctx context.Context, all *commands) (*registry, sign.Entry, error) {
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return nil, sign.Entry{}, err
	}
	e, err := r.Find(ctx, t.Tenant, t.Certificate)
	if err != nil {
		return nil, e, errors.Join(err, r.Close())
	}
	return r, e, nil
}

// change changes the certificate, and says so with done.
func (t certTarget) change(ctx context.Context, std streams, all *commands, detail string, f func(*sign.Entry), done string) (err error) {
	r, e, err := t.find(ctx, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f(&e)
	if e, err = r.Update(ctx, e, detail); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s %s\n", title(e), done)
	return nil
}

// title names an entry so that people and eyes on a log know which one it is.
func title(e sign.Entry) string {
	text := e.BaseName
	if e.Name != "" {
		text = fmt.Sprintf("%q (%s)", e.Name, e.BaseName)
	}
	if e.Tenant != "" {
		text += fmt.Sprintf(" of tenant %q", e.Tenant)
	}
	return text
}

type certDefaultCommand struct{ certTarget }

// Run moves the default.
func (c *certDefaultCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, e, err := c.find(ctx, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if e, err = r.MakeDefault(ctx, e); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s is the default now\n", title(e))
	return nil
}

type certEnableCommand struct{ certTarget }

// Run enables the certificate.
func (c *certEnableCommand) Run(ctx context.Context, std streams, all *commands) error {
	return c.change(ctx, std, all, "enabled", func(e *sign.Entry) { e.Enabled = true }, "signs again")
}

type certDisableCommand struct{ certTarget }

// Run disables the certificate.
func (c *certDisableCommand) Run(ctx context.Context, std streams, all *commands) error {
	return c.change(ctx, std, all, "disabled", func(e *sign.Entry) { e.Enabled = false }, "does not sign any more")
}

type certRenameCommand struct {
	certTarget
	Name string `arg:"" help:"The new name."`
}

// Run renames the certificate.
func (c *certRenameCommand) Run(ctx context.Context, std streams, all *commands) error {
	return c.change(ctx, std, all, "name", func(e *sign.Entry) { e.Name = strings.TrimSpace(c.Name) }, "has this name now")
}

type certCommentCommand struct {
	certTarget
	Comment string `arg:"" help:"The new comment; an empty one removes it."`
}

// Run changes the comment.
func (c *certCommentCommand) Run(ctx context.Context, std streams, all *commands) error {
	return c.change(ctx, std, all, "comment", func(e *sign.Entry) { e.Comment = strings.TrimSpace(c.Comment) }, "has this comment now")
}

type certContactCommand struct {
	certTarget
	Address string `arg:"" help:"The new e-mail address."`
}

// Run changes the address.
func (c *certContactCommand) Run(ctx context.Context, std streams, all *commands) error {
	if !bareAddress(c.Address) {
		return status{exitUsage, errors.New("the address must be a bare one, like wallet@example.com")}
	}
	return c.change(ctx, std, all, "contact", func(e *sign.Entry) { e.Contact = c.Address }, "warns "+c.Address+" from now on")
}

type certRemoveCommand struct {
	certTarget
	Force bool `help:"Also if jobs use it."`
}

// Help is the end of the command's -h.
func (certRemoveCommand) Help() string {
	return "The private key is gone then, for good; what it signed stays good. To replace a certificate, import its renewal instead. Exit status: 0 done, 1 not done."
}

// Run removes the certificate, or a key that waits for one.
func (c *certRemoveCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	waiting, err := r.Store.WaitingKeys(ctx)
	if err != nil {
		return err
	}
	for _, k := range waiting {
		if len(c.Certificate) >= 8 && strings.HasPrefix(k.ID, c.Certificate) {
			event := r.Event(sign.ActionDiscard)
			event.Detail = "key " + k.ID[:12] + " for " + keyring.Purpose(k)
			if err := r.Store.DiscardKey(ctx, k.ID, event); err != nil {
				return err
			}
			fmt.Fprintf(std.out, "the key that waited for a certificate for %s is gone\n", keyring.Purpose(k))
			return nil
		}
	}
	e, err := r.Find(ctx, c.Tenant, c.Certificate)
	if err != nil {
		return err
	}
	if err := r.Remove(ctx, e, c.Force); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s is gone, and its private key with it; Apple's portal revokes a certificate that may be in wrong hands\n", title(e))
	return nil
}
