package keyring

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"passmill/sign"
	"passmill/sign/secret"
)

// Errors of key-encryption keys, for callers that branch.
var (
	// ErrKeyset means that a text is no key-encryption key, or is damaged.
	ErrKeyset = errors.New("not a key-encryption key")
	// ErrUnknownKey means that another key-encryption key sealed this.
	ErrUnknownKey = errors.New("sealed with another key-encryption key")
	// ErrBroken means that a sealed key, or what it was sealed for, was
	// changed.
	ErrBroken = errors.New("sealed key was changed")
)

// A Keyset is the key-encryption key with those before it that still open what
// they have sealed. Nothing that prints it shows a key; only [Keyset.Text] does,
// on purpose. It never changes and is safe for concurrent use.
type Keyset struct {
	handle *keyset.Handle
	aead   tink.AEAD
	first  int // version of the oldest key; the others follow by one
}

// keysetMark is what the text of a keyset begins with, so that it is known for a
// secret wherever it lies. The rest is the version of the oldest key, a Tink
// keyset, and the beginning of the SHA-256 sum of all before it.
const keysetMark = "passmill-key-1"

// NewKeyset makes a key-encryption key of a version: 1, or one after those that
// were lost.
func NewKeyset(version int) (*Keyset, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key-encryption key: %w", err)
	}
	return newKeyset(handle, version)
}

func newKeyset(handle *keyset.Handle, first int) (*Keyset, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyset, err)
	}
	return &Keyset{handle: handle, aead: primitive, first: first}, nil
}

// ParseKeyset reads what [Keyset.Text] wrote. Its errors show nothing of it.
func ParseKeyset(text secret.Text) (*Keyset, error) {
	body := strings.TrimSpace(text.Reveal())
	parts := strings.Split(body, ".")
	if len(parts) != 4 || parts[0] != keysetMark {
		return nil, fmt.Errorf("%w: it begins with %s; passmill key init makes one", ErrKeyset, keysetMark)
	}
	if checksum(strings.Join(parts[:3], ".")) != parts[3] {
		return nil, fmt.Errorf("%w: it is cut, or was changed; take it from where you keep a copy", ErrKeyset)
	}
	first, err := strconv.Atoi(parts[1])
	if err != nil || first < 1 || first > maxVersion {
		return nil, ErrKeyset
	}
	der, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, ErrKeyset
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(der)))
	if err != nil {
		return nil, ErrKeyset
	}
	return newKeyset(handle, first)
}

// Text returns the keyset in the clear: for the file or the variable that it is
// to lie in, and nothing else.
func (k *Keyset) Text() (secret.Text, error) {
	var buf bytes.Buffer
	if err := insecurecleartextkeyset.Write(k.handle, keyset.NewBinaryWriter(&buf)); err != nil {
		return secret.Text{}, fmt.Errorf("write a key-encryption key: %w", err)
	}
	body := fmt.Sprintf("%s.%d.%s", keysetMark, k.first, base64.RawURLEncoding.EncodeToString(buf.Bytes()))
	return secret.New(body + "." + checksum(body)), nil
}

func checksum(body string) string {
	sum := sha256.Sum256([]byte(body))
	return fmt.Sprintf("%x", sum[:6])
}

// Sealing names the key that seals.
func (k *Keyset) Sealing() sign.SealingKey {
	return k.at(k.handle.Len() - 1)
}

// at names a key by its place. The newest is the one that seals.
func (k *Keyset) at(i int) sign.SealingKey {
	return sign.SealingKey{ID: fmt.Sprintf("%08x", k.handle.KeysetInfo().GetKeyInfo()[i].GetKeyId()), Version: k.first + i}
}

// Has reports whether the keyset opens what a key has sealed.
func (k *Keyset) Has(key sign.SealingKey) bool {
	i := key.Version - k.first
	return i >= 0 && i < k.handle.Len() && k.at(i) == key
}

// Next returns the keyset with a new key that seals; the others still open.
func (k *Keyset) Next() (*Keyset, error) {
	if k.Sealing().Version >= maxVersion {
		return nil, errors.New("the key-encryption key was rotated too often")
	}
	m := keyset.NewManagerFromHandle(k.handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = m.SetPrimary(id)
	}
	if err != nil {
		return nil, fmt.Errorf("add a key-encryption key: %w", err)
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, fmt.Errorf("add a key-encryption key: %w", err)
	}
	return newKeyset(handle, k.first)
}

// Newest returns the keyset without the keys that seal no longer.
func (k *Keyset) Newest() (*Keyset, error) {
	m := keyset.NewManagerFromHandle(k.handle)
	info := k.handle.KeysetInfo().GetKeyInfo()
	for _, key := range info[:len(info)-1] {
		if err := m.Delete(key.GetKeyId()); err != nil {
			return nil, fmt.Errorf("drop an old key-encryption key: %w", err)
		}
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, fmt.Errorf("drop old key-encryption keys: %w", err)
	}
	return newKeyset(handle, k.Sealing().Version)
}

// String names the key that seals. It has a value receiver, as the other
// printers, so that a copy does not show it either.
func (k Keyset) String() string { return fmt.Sprintf("[redacted] %s", k.Sealing().ID) }

// GoString names the key that seals.
func (k Keyset) GoString() string { return k.String() }

// LogValue implements [slog.LogValuer].
func (k Keyset) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText implements [encoding.TextMarshaler], for JSON.
func (k Keyset) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
