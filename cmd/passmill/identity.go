package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"passmill/sign"
	"passmill/sign/secret"
)

// runMargin is how long a certificate must still be valid when a run starts:
// longer than any run takes.
const runMargin = 24 * time.Hour

// loadIdentity loads the job's certificate and reports everything that makes it
// unfit for a run that starts now.
func (w *work) loadIdentity(now time.Time) error {
	spec := w.job.Certificate
	password, err := w.password()
	if err != nil {
		return err
	}
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
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		*f.to = sign.File{Name: f.name, Data: data}
	}
	id, err := sign.Load(m)
	if errors.Is(err, sign.ErrPassword) && spec.PasswordEnv+spec.PasswordFile == "" {
		return fmt.Errorf("certificate: %s needs a password, and the job names none; write passwordEnv: or passwordFile: under certificate", name)
	}
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	if err := id.Check(now, now.Add(runMargin)); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	w.identity = id
	return nil
}

// password takes the password from where the job says it is.
func (w *work) password() (secret.Text, error) {
	spec := w.job.Certificate
	switch {
	case spec.PasswordEnv != "":
		value, ok := os.LookupEnv(spec.PasswordEnv)
		if !ok {
			return secret.Text{}, fmt.Errorf("certificate: the environment has no variable %s; set it to the password", spec.PasswordEnv)
		}
		return secret.New(value), nil
	case spec.PasswordFile != "":
		text, err := os.ReadFile(w.path(spec.PasswordFile))
		if err != nil {
			return secret.Text{}, fmt.Errorf("certificate: password: %w", err)
		}
		line, _ := bufio.NewReader(bytes.NewReader(text)).ReadString('\n')
		return secret.New(strings.TrimRight(line, "\r\n")), nil
	}
	return secret.Text{}, nil
}

// lacksCertificate says which of the certificate's files, or its password, is not
// where the job says; "" if all are there.
func (w *work) lacksCertificate() string {
	spec := w.job.Certificate
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
