package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
)

// runMargin is how long a certificate must still be valid when a run starts:
// longer than any run takes.
const runMargin = 24 * time.Hour

// loadIdentity loads the job's certificate, from files or from the registry, and
// reports everything that makes it unfit for a run that starts now.
func (w *work) loadIdentity(ctx context.Context, now time.Time) error {
	return w.openIdentity(ctx, now, now.Add(runMargin))
}

// openIdentity loads the job's certificate, and reports everything that makes it
// unfit from one moment to another.
func (w *work) openIdentity(ctx context.Context, from, until time.Time) (err error) {
	if w.job.Certificate.Registered() {
		w.identity, w.chosen, err = w.registered(ctx)
	} else {
		w.identity, err = w.fromFiles(ctx)
	}
	if err == nil {
		err = w.identity.Check(from, until)
	}
	if err != nil {
		w.identity = nil
		return fmt.Errorf("certificate: %w", w.renewHint(err))
	}
	return nil
}

// renewHint says how the registry renews what has expired.
func (w *work) renewHint(err error) error {
	if !w.job.Certificate.Registered() || !errors.Is(err, sign.ErrExpired) && !errors.Is(err, sign.ErrExpiresDuring) {
		return err
	}
	return fmt.Errorf("%w\nto renew it: passmill cert request --pass-type %s, then passmill cert import FILE.cer", err, w.chosen.Entry.BaseName)
}

// registered opens the certificate of the registry that the job names, or that
// the template asks for, or the default.
func (w *work) registered(ctx context.Context) (_ *sign.Identity, chosen keyring.Chosen, err error) {
	space, err := w.workspace(w.named)
	if err != nil {
		return nil, chosen, err
	}
	if !space.hasLedger() {
		return nil, chosen, errors.New("the job names no file, and there is no registry here: " + emptyRegistry)
	}
	r, err := openRegistry(ctx, space)
	if err != nil {
		return nil, chosen, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	chosen, err = r.Identity(ctx, w.choice())
	return chosen.Identity, chosen, err
}

// choice says which certificate of the registry the job wants.
func (w *work) choice() keyring.Choice {
	spec := w.job.Certificate
	c := keyring.Choice{Kind: sign.KindPass, Tenant: w.job.Tenant, Name: spec.Name, BaseName: spec.PassType}
	if w.template != nil && c.Name == "" {
		named := w.template.Identity()
		c.TeamID = named.TeamID
		if c.BaseName == "" {
			c.BaseName = named.TypeID
		}
	}
	return c
}

// fromFiles loads the certificate whose files the job names.
func (w *work) fromFiles(ctx context.Context) (*sign.Identity, error) {
	spec := w.job.Certificate
	password, err := w.password()
	errs := []error{err}
	m := sign.Material{Password: password}
	name := spec.P12
	if name == "" {
		name = spec.Cert
	}
	for _, f := range []struct {
		to   *sign.File
		name string
	}{{&m.Certificate, name}, {&m.Key, spec.Key}, {&m.Intermediate, spec.Intermediate}} {
		if f.name == "" {
			continue
		}
		data, err := os.ReadFile(w.path(f.name))
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("there is no file %q; put it there, or name another in the job", w.path(f.name))
		}
		errs = append(errs, err)
		*f.to = sign.File{Name: f.name, Data: data}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	id, err := newReader(ctx).Load(m)
	if errors.Is(err, sign.ErrPassword) && spec.PasswordEnv+spec.PasswordFile == "" {
		return nil, fmt.Errorf("%s needs a password, and the job names none; write passwordEnv: or passwordFile: under certificate", name)
	}
	return id, err
}

// password takes the password from where the job says it is.
func (w *work) password() (secret.Text, error) {
	spec := w.job.Certificate
	switch {
	case spec.PasswordEnv != "":
		return passwordFromEnv(spec.PasswordEnv)
	case spec.PasswordFile != "":
		return passwordFromFile(w.path(spec.PasswordFile))
	}
	return secret.Text{}, nil
}

func passwordFromEnv(name string) (secret.Text, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return secret.Text{}, fmt.Errorf("the environment has no variable %s; set it to the password", name)
	}
	return secret.New(value), nil
}

// passwordFromFile takes the first line of a file.
func passwordFromFile(name string) (secret.Text, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return secret.Text{}, fmt.Errorf("password: %w", noFile(name, err))
	}
	line, _ := bufio.NewReader(bytes.NewReader(text)).ReadString('\n')
	return secret.New(strings.TrimRight(line, "\r\n")), nil
}

// lacksCertificate says which of the certificate's files, or its password, is not
// where the job says, or what the registry lacks; "" if all is there.
func (w *work) lacksCertificate() string {
	spec := w.job.Certificate
	if spec.Registered() {
		return w.lacksRegistry()
	}
	for _, name := range []string{spec.P12, spec.Cert, spec.Key, spec.Intermediate, spec.PasswordFile} {
		if name != "" && !exists(w.path(name)) {
			return fmt.Sprintf("there is no file %q here", w.path(name))
		}
	}
	if _, set := os.LookupEnv(spec.PasswordEnv); spec.PasswordEnv != "" && !set {
		return "the environment has no variable " + spec.PasswordEnv
	}
	return ""
}

// lacksRegistry says that there is no registry here, or no key to open it with.
func (w *work) lacksRegistry() string {
	space, err := w.workspace(w.named)
	switch {
	case err != nil:
		return err.Error()
	case !space.hasLedger():
		return "there is no registry at " + space.name()
	case !space.hasKey():
		return "there is no key-encryption key at " + space.keyFile()
	}
	return ""
}
