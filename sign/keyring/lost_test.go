package keyring_test

import (
	"errors"
	"strings"
	"testing"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/signtest"
)

// TestLostAndFound: after the key-encryption key is lost, a file that still holds
// a private key brings it back, and a request is not answered with a key that
// nobody can open.
func TestLostAndFound(t *testing.T) {
	ctx := t.Context()
	old := ring(t)
	file := pass(t, signtest.Options{})
	imported(t, old, file)
	asked, _ := requested(t, old, keyring.Request{BaseName: "pass.com.example.other"}, signtest.Options{TypeID: "pass.com.example.other"})

	with := func(k *keyring.Keyset) *keyring.Ring {
		return &keyring.Ring{Store: old.Store, Keyset: func() (*keyring.Keyset, error) { return k, nil }, Actor: "ada"}
	}
	wrong := with(must(keyring.NewKeyset(1)))
	if done := imported(t, wrong, file); len(done.Notes) > 0 {
		t.Errorf("with a key-encryption key that is only the wrong one: %q", done.Notes)
	}
	if _, err := old.Identity(ctx, keyring.Choice{Kind: sign.KindPass}); err != nil {
		t.Errorf("the right one opens the key no longer: %v", err)
	}

	next := must(keyring.NewKeyset(2))
	anew := with(next)
	if err := old.Store.SetSealingKey(ctx, next.Sealing(), sign.Event{Actor: "ada"}); err != nil {
		t.Fatal(err)
	}
	if _, err := anew.Identity(ctx, keyring.Choice{Kind: sign.KindPass}); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Fatalf("the lost key is opened: %v", err)
	}
	dry := file
	dry.DryRun = true
	if done := imported(t, anew, dry); len(done.Notes) != 1 {
		t.Errorf("a dry run notes %q", done.Notes)
	}
	if _, err := anew.Identity(ctx, keyring.Choice{Kind: sign.KindPass}); err == nil {
		t.Error("a dry run sealed the key")
	}
	if done := imported(t, anew, file); len(done.Notes) != 1 || done.Action != "" {
		t.Errorf("imported again: %+v", done)
	}
	if _, err := anew.Identity(ctx, keyring.Choice{Kind: sign.KindPass}); err != nil {
		t.Errorf("the key that came back: %v", err)
	}
	k, waits, err := anew.Request(ctx, keyring.Request{Kind: sign.KindPass, BaseName: "pass.com.example.other", Email: "a@example.com", EC: true})
	if err != nil || waits || k.ID == asked.ID {
		t.Errorf("asked again: %v, %v; want a new key", waits, err)
	}
}

// TestRotationHalfDone: between the new key-encryption key and the rotation of the
// ledger nothing can be sealed, which is no reason to give keys up for lost.
func TestRotationHalfDone(t *testing.T) {
	r := ring(t)
	imported(t, r, pass(t, signtest.Options{}))
	next := must(keyset().Next())
	r.Keyset = func() (*keyring.Keyset, error) { return next, nil }
	other := &keyring.Ring{Store: r.Store, Keyset: r.Keyset, Actor: "grace"}
	if _, err := other.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass}); err != nil {
		t.Errorf("nobody signs meanwhile: %v", err)
	}
	_, err := other.Import(t.Context(), pass(t, signtest.Options{TypeID: "pass.b"}))
	if !errors.Is(err, sign.ErrSealedLater) || !strings.Contains(err.Error(), "run passmill key rotate") || strings.Contains(err.Error(), "--lost") {
		t.Errorf("imported: %v", err)
	}
	if done, err := r.Rotate(t.Context(), nil); err != nil || !done.Resumed {
		t.Errorf("rotated: %+v, %v", done, err)
	}
	imported(t, other, pass(t, signtest.Options{TypeID: "pass.b"}))
}
