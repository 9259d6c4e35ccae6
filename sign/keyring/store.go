package keyring

import (
	"context"
	"time"

	"passmill/sign"
)

// A Store is what a [Ring] needs of the ledger. Each method that writes is one
// transaction, is safe to repeat with an event of the same id, and writes that
// event in it, with the action that fits if it names none; what it refuses, it
// leaves as it was. All are safe for concurrent
// use, also from several processes.
type Store interface {
	Entries
	Versions
	Keys
	Sealings
	Audit
}

// Entries keeps what people name: see [sign.Entry].
type Entries interface {
	// Entries returns all of them.
	Entries(ctx context.Context) ([]sign.Entry, error)
	// UpdateEntry changes Name, Comment, Contact, Enabled and Default, and
	// returns the entry as it is then. [sign.ErrNoEntry] if there is none, and
	// [sign.ErrDefault] if it would take the default away.
	UpdateEntry(ctx context.Context, e sign.Entry, event sign.Event) (sign.Entry, error)
	// RemoveEntry removes an entry with its versions and keys. Who uses it is
	// for the caller to ask. [sign.ErrNoEntry], [sign.ErrDefault] as above.
	RemoveEntry(ctx context.Context, id string, event sign.Event) error
}

// Versions keeps certificates: see [sign.Version] and [sign.Addition].
type Versions interface {
	// Versions returns those of an entry, or all if entry is empty: of each
	// entry the active one first, then the newest.
	Versions(ctx context.Context, entry string) ([]sign.Version, error)
	// AddVersion makes a certificate the active one of its entry, which is
	// made if there is none. [sign.ErrSealedLater] if its key was sealed with
	// a key-encryption key that seals no longer.
	AddVersion(ctx context.Context, a sign.Addition, event sign.Event) (sign.Entry, error)
	// CertificateUses says what certificates have ever signed. It is quick.
	CertificateUses(ctx context.Context) ([]sign.Use, error)
	// PassesSignedBy says which passes a certificate was the last to sign. It
	// looks at every pass.
	PassesSignedBy(ctx context.Context, certificate string) ([]sign.Use, error)
}

// Keys keeps sealed keys: see [sign.Key].
type Keys interface {
	// Key returns a key, or [sign.ErrNoEntry].
	Key(ctx context.Context, id string) (sign.Key, error)
	// WaitingKeys returns those without a certificate, oldest first.
	WaitingKeys(ctx context.Context) ([]sign.Key, error)
	// AddKey keeps a key that waits. [sign.ErrSealedLater] as above.
	AddKey(ctx context.Context, k sign.Key, event sign.Event) error
	// DiscardKey throws one away that waits; [sign.ErrNoEntry] if none does.
	DiscardKey(ctx context.Context, id string, event sign.Event) error
}

// Sealings knows which key-encryption key seals, and changes sealings.
type Sealings interface {
	// SealingKey returns the one that seals now; the zero value if none ever
	// did.
	SealingKey(ctx context.Context) (sign.SealingKey, error)
	// SetSealingKey lets a newer one seal from now on. [sign.ErrSealedLater]
	// if it isn't newer.
	SetSealingKey(ctx context.Context, k sign.SealingKey, event sign.Event) error
	// SealedBefore returns keys that an older version sealed, by id, from the
	// one after the given id.
	SealedBefore(ctx context.Context, version int, after string, limit int) ([]sign.Key, error)
	// Reseal replaces a sealing, unless it was replaced meanwhile.
	Reseal(ctx context.Context, id string, from, to sign.Sealed) error
}

// Audit keeps events, and adds to them only.
type Audit interface {
	// AddEvent writes an event, once for each id.
	AddEvent(ctx context.Context, e sign.Event) error
	// Events returns events, newest first.
	Events(ctx context.Context, f sign.EventFilter) ([]sign.Event, error)
	// LastSigned returns when a pass was last signed; the zero time if never.
	LastSigned(ctx context.Context) (time.Time, error)
}

// Alerts is what warnings of an expiry need of the ledger. A [Ring] does not use
// it.
type Alerts interface {
	// ClaimAlert says that the caller sets out to give the warning of a step
	// (days before the expiry). One caller is told true; if it doesn't say
	// AlertSent within the patience, the next that asks is. entry is empty for
	// a certificate of Apple's own.
	ClaimAlert(ctx context.Context, entry, certificate string, step int, now time.Time, patience time.Duration) (mine bool, err error)
	// AlertSent says that the warning was given: nobody can claim it again.
	AlertSent(ctx context.Context, entry, certificate string, step int, event sign.Event) error
}
