package keyring_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

// sealedKey is a key and its sealed record.
func sealedKey(t testing.TB, k *keyring.Keyset) (*ecdsa.PrivateKey, sign.Key) {
	t.Helper()
	key := issue(t, signtest.Options{}).Key.(*ecdsa.PrivateKey)
	of := sign.Key{ID: must(sign.KeyID(key.Public())), Kind: sign.KindPass, BaseName: "pass.com.example"}
	of.Sealed = must(k.Seal(key, of))
	return key, of
}

// TestSealOpens: what was sealed opens, and holds nothing of the key in the clear.
func TestSealOpens(t *testing.T) {
	key, of := sealedKey(t, keyset())
	opened, err := keyset().Open(of)
	if err != nil || !key.Equal(opened) {
		t.Fatalf("opened %v, %v", opened, err)
	}
	if bytes.Contains(of.Sealed.Data, must(key.Bytes())) {
		t.Error("the sealed key holds the key")
	}
	if of.Sealed.By != keyset().Sealing().ID || of.Sealed.Version != 1 {
		t.Errorf("sealed by %+v", of.Sealed)
	}
}

// TestFlipAnyByte changes each byte of a sealed key, and everything that it is
// for: nothing opens any more.
func TestFlipAnyByte(t *testing.T) {
	_, of := sealedKey(t, keyset())
	for i := range of.Sealed.Data {
		changed := of
		changed.Sealed.Data = bytes.Clone(of.Sealed.Data)
		changed.Sealed.Data[i] ^= 1
		if _, err := keyset().Open(changed); !errors.Is(err, keyring.ErrBroken) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for name, change := range map[string]func(*sign.Key){
		"cut":       func(k *sign.Key) { k.Sealed.Data = k.Sealed.Data[:2] },
		"empty":     func(k *sign.Key) { k.Sealed.Data = nil },
		"kind":      func(k *sign.Key) { k.Kind = sign.KindPush },
		"base name": func(k *sign.Key) { k.BaseName = "pass.com.other" },
		"id":        func(k *sign.Key) { k.ID = strings.Repeat("0", 64) },
	} {
		changed := of
		change(&changed)
		if _, err := keyset().Open(changed); !errors.Is(err, keyring.ErrBroken) {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	_, other := sealedKey(t, keyset())
	other.Sealed = of.Sealed
	if _, err := keyset().Open(other); !errors.Is(err, keyring.ErrBroken) {
		t.Errorf("the key of another record: %v", err)
	}
	for _, by := range []sign.Sealed{{Data: of.Sealed.Data, By: "00000000", Version: 1}, {Data: of.Sealed.Data, By: of.Sealed.By, Version: 2}} {
		changed := of
		changed.Sealed = by
		if _, err := keyset().Open(changed); !errors.Is(err, keyring.ErrUnknownKey) {
			t.Errorf("sealed by %s, %d: %v", by.By, by.Version, err)
		}
	}
}

// TestKeysetRotates: a newer keyset opens what the older sealed, but not the other
// way round; without its old keys it doesn't.
func TestKeysetRotates(t *testing.T) {
	_, of := sealedKey(t, keyset())
	next := must(keyset().Next())
	if next.Sealing().Version != 2 || next.Sealing().ID == keyset().Sealing().ID {
		t.Fatalf("next seals with %+v", next.Sealing())
	}
	if _, err := next.Open(of); err != nil {
		t.Errorf("the old sealing: %v", err)
	}
	again := of
	again.Sealed = must(next.Reseal(of))
	if _, err := next.Open(again); err != nil {
		t.Errorf("sealed again: %v", err)
	}
	if _, err := keyset().Open(again); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("the old keyset opens what the new one sealed: %v", err)
	}
	newest := must(next.Newest())
	if newest.Sealing() != next.Sealing() {
		t.Errorf("without its old keys it seals with %+v, want %+v", newest.Sealing(), next.Sealing())
	}
	if _, err := newest.Open(again); err != nil {
		t.Errorf("the newest: %v", err)
	}
	if _, err := newest.Open(of); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("a dropped key opens still: %v", err)
	}
	read := must(keyring.ParseKeyset(must(newest.Text())))
	if _, err := read.Open(again); err != nil || read.Sealing() != newest.Sealing() {
		t.Errorf("read from its text: %+v, %v", read.Sealing(), err)
	}
}

// TestParseKeyset changes each byte of a keyset's text: none is taken for
// another key, and no error shows it.
func TestParseKeyset(t *testing.T) {
	text := must(keyset().Text()).Reveal()
	for i := range text {
		changed := []byte(text)
		changed[i] ^= 1
		_, err := keyring.ParseKeyset(secret.New(string(changed)))
		if !errors.Is(err, keyring.ErrKeyset) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for _, bad := range []string{"", "x", text[:len(text)-1], "passmill-key-1.0.x.y", text + "." + text} {
		_, err := keyring.ParseKeyset(secret.New(bad))
		if !errors.Is(err, keyring.ErrKeyset) || len(bad) > 20 && strings.Contains(err.Error(), bad[20:]) {
			t.Errorf("%.20q…: %v", bad, err)
		}
	}
	if _, err := keyring.ParseKeyset(secret.New(" " + text + "\r\n")); err != nil {
		t.Errorf("with blanks around it: %v", err)
	}
}

// TestKeysetShowsNothing prints a keyset in every way there is.
func TestKeysetShowsNothing(t *testing.T) {
	k := keyset()
	holder := struct{ K *keyring.Keyset }{k}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "k", k, "copy", *k, "holder", holder)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "k", k, "copy", *k, "holder", holder)
	printed := log.String() + string(must(json.Marshal(holder)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed += fmt.Sprintf(verb+verb+verb, k, *k, holder)
	}
	text := must(k.Text()).Reveal()
	for i := 20; i+16 < len(text)-14; i += 8 {
		if strings.Contains(printed, text[i:i+16]) {
			t.Fatalf("printed: %s", printed)
		}
	}
	if !strings.Contains(printed, "[redacted]") {
		t.Error("nothing says that something is left out")
	}
}

// TestKeyFile: a key file is its owner's to read, is never written over by
// mistake, and is replaced as a whole.
func TestKeyFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "passmill.key")
	if _, err := keyring.ReadFile(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := keyring.CreateFile(name, keyset()); err != nil {
		t.Fatal(err)
	}
	if info := must(os.Stat(name)); info.Mode().Perm() != keyring.FileMode {
		t.Errorf("mode %v, want %v", info.Mode().Perm(), keyring.FileMode)
	}
	if k, err := keyring.ReadFile(name); err != nil || k.Sealing() != keyset().Sealing() {
		t.Errorf("read %v, %v", k, err)
	}
	next := must(keyset().Next())
	if err := keyring.CreateFile(name, next); !errors.Is(err, os.ErrExist) {
		t.Errorf("written over: %v", err)
	}
	if err := keyring.ReplaceFile(name, next); err != nil {
		t.Fatal(err)
	}
	if k, err := keyring.ReadFile(name); err != nil || k.Sealing() != next.Sealing() {
		t.Errorf("after it was replaced: %v, %v", k, err)
	}
	for _, mode := range []os.FileMode{0o440, 0o404, 0o600, 0o644, 0o700} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := keyring.ReadFile(name); !errors.Is(err, keyring.ErrMode) || !strings.Contains(err.Error(), "run: chmod 0400 "+name) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	if err := os.Chmod(name, 0o400); err != nil {
		t.Fatal(err)
	}
	if entries := must(os.ReadDir(filepath.Dir(name))); len(entries) != 1 {
		t.Errorf("%d files are left beside the key", len(entries)-1)
	}
	if _, err := keyring.ReadFile(filepath.Dir(name)); err == nil {
		t.Error("a folder is read as a key")
	}
}
