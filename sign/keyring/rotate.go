package keyring

import (
	"context"
	"errors"
	"fmt"

	"passmill/sign"
)

// A Rotation says what a rotation did.
type Rotation struct {
	Sealing  sign.SealingKey // that seals now
	Resealed int             // keys that were sealed again
	Lost     int             // keys whose key-encryption key is lost, and that stay as they are
	Resumed  bool            // a new key was there already: an earlier rotation did not end
}

// ErrOldKey means that the ledger knows a newer key-encryption key.
var ErrOldKey = errors.New("key-encryption key is older than the ledger's")

// Rotate makes a new key-encryption key, lets replace put it where the old one
// lies, and seals every key again. The old key stays in the keyset, so that
// whoever has opened the ledger can go on. If it is interrupted, the next call
// goes on; called again, it rotates again. Only one may run at a time.
func (r *Ring) Rotate(ctx context.Context, replace func(*Keyset) error) (Rotation, error) {
	k, err := r.keys(true)
	if err != nil {
		return Rotation{}, r.explain(ctx, err)
	}
	now, err := r.Store.SealingKey(ctx)
	if err != nil {
		return Rotation{}, err
	}
	done := Rotation{}
	left, err := r.left(ctx, k)
	switch {
	case err != nil:
		return done, err
	case now.Version > k.Sealing().Version || now.Version > 0 && !k.Has(now):
		return done, fmt.Errorf("%w: %s, version %d, seals there, and this one is %s, version %d\n%s",
			ErrOldKey, now.ID, now.Version, k.Sealing().ID, k.Sealing().Version, lostHint)
	case left, now.Version < k.Sealing().Version && k.handle.Len() > 1:
		done.Resumed = true
	default:
		if k, err = r.renew(k, replace); err != nil {
			return done, err
		}
	}
	done.Sealing = k.Sealing()
	event := r.Event(sign.ActionReseal)
	event.Detail = fmt.Sprintf("key-encryption key %s, version %d", done.Sealing.ID, done.Sealing.Version)
	if err := r.Store.SetSealingKey(ctx, done.Sealing, event); err != nil {
		return done, err
	}
	return done, r.resealAll(ctx, k, &done)
}

// left reports whether an older key of the keyset still seals something.
func (r *Ring) left(ctx context.Context, k *Keyset) (left bool, err error) {
	err = r.eachOld(ctx, k, func(key sign.Key) error {
		left = left || k.Has(sign.SealingKey{ID: key.Sealed.By, Version: key.Sealed.Version})
		return nil
	})
	return left, err
}

// eachOld calls do for every key that an older key-encryption key has sealed.
func (r *Ring) eachOld(ctx context.Context, k *Keyset, do func(sign.Key) error) error {
	const page = 100
	for after := ""; ; {
		keys, err := r.Store.SealedBefore(ctx, k.Sealing().Version, after, page)
		if err != nil || len(keys) == 0 {
			return err
		}
		for _, key := range keys {
			if err := do(key); err != nil {
				return err
			}
			after = key.ID
		}
	}
}

// renew puts a new key where the old one lies, and reads it from there: nothing
// is sealed with a key that could not be read again.
func (r *Ring) renew(k *Keyset, replace func(*Keyset) error) (*Keyset, error) {
	next, err := k.Next()
	if err != nil {
		return nil, err
	}
	if err := replace(next); err != nil {
		return nil, err
	}
	kept, err := r.keys(true)
	if err != nil {
		return nil, err
	}
	if kept.Sealing() != next.Sealing() {
		return nil, errors.New("the new key-encryption key is not where it was written to; nothing was sealed with it")
	}
	return kept, nil
}

// resealAll seals every key that an older key-encryption key has sealed.
func (r *Ring) resealAll(ctx context.Context, k *Keyset, done *Rotation) error {
	return r.eachOld(ctx, k, func(key sign.Key) error {
		sealed, err := k.Reseal(key)
		if errors.Is(err, ErrUnknownKey) {
			done.Lost++
			return nil
		}
		if err != nil {
			return err
		}
		done.Resealed++
		return r.Store.Reseal(ctx, key.ID, key.Sealed, sealed)
	})
}

// Forget drops the old key-encryption keys, when nothing in the ledger is sealed
// with one any more. What was copied of the ledger before can't be opened then.
func (r *Ring) Forget(ctx context.Context, replace func(*Keyset) error) error {
	k, err := r.keys(true)
	if err != nil {
		return r.explain(ctx, err)
	}
	left, err := r.left(ctx, k)
	if err != nil {
		return err
	}
	if left {
		return errors.New("keys are still sealed with an old key-encryption key; run passmill key rotate again")
	}
	newest, err := k.Newest()
	if err != nil {
		return err
	}
	return replace(newest)
}
