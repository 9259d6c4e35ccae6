package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"passmill/jobs/ledger"
	"passmill/sign/keyring"
)

// servicePath is where Apple's web service is, below the public address. Phones add
// /v1/… to it.
const servicePath = "/wallet"

// loadService finds out where phones ask for updates of the job's passes, and for a
// run opens the keys that their tokens come from.
func (w *work) loadService(ctx context.Context, signing bool) error {
	if !w.job.Updates {
		return nil
	}
	space, err := w.workspace(w.named)
	if err != nil {
		return err
	}
	public, err := space.public()
	if err != nil {
		return fmt.Errorf("updates: %w", err)
	}
	w.service = public + servicePath
	if !signing {
		return nil
	}
	w.masters, err = openMasters(ctx, space)
	if err != nil {
		return fmt.Errorf("updates: each pass needs a token of its own: %w", err)
	}
	return nil
}

// openMasters opens the master keys of a workspace; the ledger is made if it is not
// there yet.
func openMasters(ctx context.Context, space workspace) (masters *keyring.Masters, err error) {
	if _, err := space.keyset(); err != nil {
		return nil, err
	}
	r, err := openRegistry(ctx, space)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.Masters(ctx, r.db)
}

// public returns the address at which phones and browsers reach the server, without
// a slash at its end.
func (w workspace) public() (string, error) {
	set, err := w.settings()
	if err != nil {
		return "", err
	}
	if set.PublicURL == "" {
		return "", fmt.Errorf("%s does not say where phones reach passmill serve; write publicURL: https://passes.example.com into it", w.path(settingsFile))
	}
	u, err := url.Parse(set.PublicURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%s: publicURL: is no address of a server; write it like https://passes.example.com", settingsFile)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Host+portOf(u))):
		return "", fmt.Errorf("%s: publicURL: must begin with https://, since phones take nothing else (http:// is for trials on this machine alone)", settingsFile)
	}
	return strings.TrimRight(set.PublicURL, "/"), nil
}

// portOf returns the port to be added to a host that names none.
func portOf(u *url.URL) string {
	if u.Port() != "" {
		return ""
	}
	return ":80"
}

// recipe returns what the work's passes can be pressed again with.
func (w *work) recipe(space workspace) (r ledger.Recipe, err error) {
	r = ledger.Recipe{Job: w.job.Name, Definition: w.job.Text()}
	r.Dir, err = space.place(w.dir)
	return r, err
}
