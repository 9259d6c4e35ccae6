package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"passmill/jobs/ledger"
	"passmill/sign/keyring"
	"passmill/sign/secret"
)

// Where the key-encryption key lies.
const (
	keyVariable     = "PASSMILL_KEY"
	keyFileVariable = "PASSMILL_KEY_FILE"
	keyFileName     = "passmill.key"
)

const emptyRegistry = "passmill cert request asks for a certificate, and passmill cert import takes one in; or name a file in the job, under certificate"

// A registry is the keyring of a workspace, with its ledger open.
type registry struct {
	*keyring.Ring
	db    *ledger.DB
	space workspace
}

// openRegistry opens the registry of a workspace; an SQLite ledger is made.
func openRegistry(ctx context.Context, space workspace) (*registry, error) {
	db, err := space.open(ctx)
	if err != nil {
		return nil, err
	}
	return &registry{newRing(ctx, db, space), db, space}, nil
}

// newRing joins the keyring to a ledger that is open.
func newRing(ctx context.Context, db *ledger.DB, space workspace) *keyring.Ring {
	return &keyring.Ring{Store: db, Keyset: space.keyset, Read: newReader(ctx), Stored: storedUses(db, space), Actor: actor()}
}

// storedUses tells which certificates the jobs of a ledger would sign with, before
// they have run. Those that sign with files are none of the registry's.
func storedUses(db *ledger.DB, space workspace) func(context.Context) ([]keyring.StoredJob, error) {
	return func(ctx context.Context) (uses []keyring.StoredJob, err error) {
		list, err := db.Jobs(ctx)
		if err != nil {
			return nil, err
		}
		for _, stored := range list {
			def, err := restore(ctx, db, space, stored)
			if err != nil { // of a newer program, say: the others are of use all the same
				uses = append(uses, keyring.StoredJob{Name: stored.Name, Err: err})
				continue
			}
			if w := (&work{definition: def, template: def.template}); def.job.Certificate.Registered() {
				uses = append(uses, keyring.StoredJob{Name: stored.Name, Template: def.job.Template, Choice: w.choice()})
			}
		}
		return uses, nil
	}
}

// existingRegistry opens the registry around the current folder for commands that
// have nothing to do without one.
func existingRegistry(ctx context.Context, database string) (*registry, error) {
	space, err := findWorkspace(".", database)
	if err != nil {
		return nil, err
	}
	if !space.hasLedger() {
		return nil, fmt.Errorf("there is no ledger at %s yet; passmill cert request and passmill cert import make it", space.name())
	}
	return openRegistry(ctx, space)
}

// registryToFill opens the registry around the current folder for commands that put
// something into it; the ledger is made, but not for nothing: without a
// key-encryption key they could put nothing there.
func registryToFill(ctx context.Context, database string) (*registry, error) {
	space, err := findWorkspace(".", database)
	if err != nil {
		return nil, err
	}
	if _, err := space.keyset(); err != nil && !space.hasLedger() {
		return nil, err
	}
	return openRegistry(ctx, space)
}

// Close closes the ledger.
func (r *registry) Close() error { return r.db.Close() }

// name is the ledger's name for messages: a URL may hold a password.
func (w workspace) name() string {
	if isURL(w.database) {
		return "that PostgreSQL address"
	}
	return w.database
}

// keyFile returns where the file with the key-encryption key lies.
func (w workspace) keyFile() string {
	return cmp.Or(os.Getenv(keyFileVariable), filepath.Join(w.dir, keyFileName))
}

// hasKey reports whether there is a key-encryption key to try.
func (w workspace) hasKey() bool { return os.Getenv(keyVariable) != "" || exists(w.keyFile()) }

// keyset reads the key-encryption key from the environment or its file.
func (w workspace) keyset() (*keyring.Keyset, error) {
	if text := os.Getenv(keyVariable); text != "" {
		k, err := keyring.ParseKeyset(secret.New(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keyVariable, err)
		}
		return k, nil
	}
	k, err := keyring.ReadFile(w.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key-encryption key at %s, which seals private keys in the ledger; for the first one, run: passmill key init (or set %s or %s to the one there is)",
			w.keyFile(), keyVariable, keyFileVariable)
	}
	return k, err
}

// actor says who runs the program, for the audit.
func actor() string {
	name := cmp.Or(os.Getenv("SUDO_USER"), "somebody")
	if u, err := user.Current(); err == nil && os.Getenv("SUDO_USER") == "" {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
