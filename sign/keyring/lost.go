package keyring

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"passmill/sign"
)

// Lost reports whether a key of the registry was sealed with a key-encryption key
// that is gone for good. If another one seals there than is here, it is only this
// one that is wrong.
func (r *Ring) Lost(ctx context.Context, k sign.Key) (bool, error) {
	_, err := r.open(ctx, k)
	if !errors.Is(err, ErrUnknownKey) {
		return false, nil // what else is wrong, others say
	}
	now, err := r.Store.SealingKey(ctx)
	if err != nil {
		return false, err
	}
	keyset, err := r.keys(false)
	return err == nil && keyset.Sealing() == now, err
}

const foundNote = "its private key was sealed with a key-encryption key that is lost; the one in this file takes its place"

// found seals a key again that was lost in the registry, and came with a file.
func (r *Ring) found(ctx context.Context, key crypto.Signer, k sign.Key) error {
	keyset, err := r.keys(false)
	if err != nil {
		return err
	}
	sealed, err := keyset.Seal(key, k)
	if err != nil {
		return err
	}
	event := r.Event(sign.ActionReseal)
	event.Detail = fmt.Sprintf("private key %s of %s, from a file, after its key-encryption key was lost", k.ID[:12], k.BaseName)
	if err := r.Store.AddEvent(ctx, event); err != nil {
		return err
	}
	return r.Store.Reseal(ctx, k.ID, k.Sealed, sealed)
}
