package keyring

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"
	"time"

	"passmill/sign"
	"passmill/sign/secret"
)

// A Ring is the registry of certificates at work. It is safe for concurrent use.
type Ring struct {
	// Store keeps everything.
	Store Store
	// Keyset returns the key-encryption key from where it lies. It is called
	// when a key is first opened or sealed, and again when the ledger says
	// that the key was rotated meanwhile.
	Keyset func() (*Keyset, error)
	// Read takes files of strangers apart; nil means [sign.Read], in this
	// process.
	Read sign.Reader
	// Stored returns the jobs that the ledger holds, which use certificates
	// though they may not have run yet; nil if it holds none.
	Stored func(ctx context.Context) ([]StoredJob, error)
	// Actor is who does all this, for the audit.
	Actor string
	// Now tells the time; nil means [time.Now].
	Now func() time.Time

	mu     sync.Mutex
	keyset *Keyset // nil until it was needed; guarded by mu
}

func (r *Ring) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func (r *Ring) read(f sign.File, password secret.Text) (*sign.Contents, error) {
	if r.Read == nil {
		return sign.Read(f, password)
	}
	return r.Read(f, password)
}

// Event returns a new event of the ring's actor, to be completed.
func (r *Ring) Event(action sign.Action) sign.Event {
	return sign.Event{At: r.now(), Actor: r.Actor, Action: action}
}

// keys returns the key-encryption key; again means from where it lies, not from
// memory.
func (r *Ring) keys(again bool) (*Keyset, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keyset == nil || again {
		k, err := r.Keyset()
		if err != nil {
			return nil, err
		}
		r.keyset = k
	}
	return r.keyset, nil
}

// open opens a key. If it was sealed with a key that is newer than the one in
// memory, the key is read again.
func (r *Ring) open(ctx context.Context, k sign.Key) (crypto.Signer, error) {
	keyset, err := r.keys(false)
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	key, err := keyset.Open(k)
	if !errors.Is(err, ErrUnknownKey) {
		return key, err
	}
	if keyset, err = r.keys(true); err != nil {
		return nil, r.explain(ctx, err)
	}
	key, err = keyset.Open(k)
	if errors.Is(err, ErrUnknownKey) {
		return nil, fmt.Errorf("%w\n%s", err, r.hint(ctx, keyset))
	}
	return key, err
}

// hint says what to do about a key that the key-encryption key did not seal: if that
// is the one that seals now, the one before it was given up already.
func (r *Ring) hint(ctx context.Context, k *Keyset) string {
	if now, err := r.Store.SealingKey(ctx); err == nil && now == k.Sealing() {
		return "the key-encryption key that sealed it was given up as lost: renew the certificate with passmill cert request and passmill cert import; passes on phones stay good"
	}
	return lostHint
}

// lostHint says what can be done without the right key-encryption key.
const lostHint = "find the right one: a passmill.key of this workspace's backup, or the PASSMILL_KEY that was set when the certificate was added\n" +
	"if it is lost, so are the private keys: run passmill key init --lost, then renew each certificate with passmill cert request and passmill cert import; passes on phones stay good"

// explain says what it means that there is no key-encryption key, if keys are
// sealed already.
func (r *Ring) explain(ctx context.Context, err error) error {
	if errors.Is(err, ErrMode) {
		return err // it is there
	}
	if now, storeErr := r.Store.SealingKey(ctx); storeErr == nil && now != (sign.SealingKey{}) {
		return fmt.Errorf("%w\nthe keys in the ledger are sealed with key %s, version %d; %s", err, now.ID, now.Version, lostHint)
	}
	return err
}

// sealed seals a key and lets keep store it, once more if the key-encryption key
// was rotated meanwhile.
func (r *Ring) sealed(ctx context.Context, key crypto.Signer, k sign.Key, keep func(sign.Key) error) error {
	for again := false; ; again = true {
		keyset, err := r.keys(again)
		if err != nil {
			return r.explain(ctx, err)
		}
		if k.Sealed, err = keyset.Seal(key, k); err != nil {
			return err
		}
		err = keep(k)
		if errors.Is(err, sign.ErrSealedLater) {
			if !again {
				continue
			}
			return r.behind(ctx, keyset, err)
		}
		return err
	}
}

// behind says why the ledger takes nothing that a keyset seals.
func (r *Ring) behind(ctx context.Context, k *Keyset, err error) error {
	if now, storeErr := r.Store.SealingKey(ctx); storeErr == nil && k.Has(now) {
		return fmt.Errorf("%w\nthe new key-encryption key is here already, but its rotation has not ended: run passmill key rotate, then this command again", err)
	}
	return fmt.Errorf("%w\n%s", err, lostHint)
}
