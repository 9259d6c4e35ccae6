package keyring

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"passmill/sign"
)

// masterSize is how many bytes a master key has.
const masterSize = 32

// A MasterStore keeps master keys, sealed. All is safe for concurrent use.
type MasterStore interface {
	// MasterKeys returns all of them, oldest first.
	MasterKeys(ctx context.Context) ([]sign.Key, error)
	// AddMasterKey keeps one, unless there is one of its version.
	// [sign.ErrSealedLater] as for [Keys].AddKey.
	AddMasterKey(ctx context.Context, k sign.Key) error
}

// Masters are the master keys of a ledger, open: what is secret and need not be kept
// is derived from them, each for a purpose and a version, so that a stolen ledger
// holds none of it. They never change and are safe for concurrent use.
type Masters struct {
	keys [][]byte // by version, from 1
}

// Masters opens the master keys of a store, and makes the first if there is none.
func (r *Ring) Masters(ctx context.Context, store MasterStore) (*Masters, error) {
	sealed, err := store.MasterKeys(ctx)
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 {
		if err := r.addMaster(ctx, store); err != nil {
			return nil, fmt.Errorf("make a master key: %w", err)
		}
		if sealed, err = store.MasterKeys(ctx); err != nil { // another process may have been first
			return nil, err
		}
	}
	m := &Masters{}
	for i, k := range sealed {
		if version, ok := k.MasterVersion(); !ok || version != i+1 {
			return nil, errors.New("a master key is missing in the ledger; restore it from a backup")
		}
		key, err := r.openMaster(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("open master key %d, from which the tokens of passes come: %w", i+1, err)
		}
		m.keys = append(m.keys, key)
	}
	return m, nil
}

func (r *Ring) addMaster(ctx context.Context, store MasterStore) error {
	key := make([]byte, masterSize)
	rand.Read(key)
	defer clear(key)
	for again := false; ; again = true {
		keyset, err := r.keys(again)
		if err != nil {
			return r.explain(ctx, err)
		}
		k := sign.MasterKey(1)
		k.Created = r.now()
		if k.Sealed, err = keyset.seal(key, k); err != nil {
			return err
		}
		if err = store.AddMasterKey(ctx, k); !errors.Is(err, sign.ErrSealedLater) || again {
			return err
		}
	}
}

func (r *Ring) openMaster(ctx context.Context, k sign.Key) ([]byte, error) {
	for again := false; ; again = true {
		keyset, err := r.keys(again)
		if err != nil {
			return nil, r.explain(ctx, err)
		}
		key, err := keyset.open(k)
		if err == nil && len(key) != masterSize {
			err = ErrBroken
		}
		if !errors.Is(err, ErrUnknownKey) || again {
			return key, err
		}
	}
}

// Newest returns the version of the newest master key.
func (m *Masters) Newest() int { return len(m.keys) }

// Derive returns a key of 32 bytes for a purpose ("link"), from the master key of a
// version (HKDF, RFC 5869). Keys of other purposes and versions say nothing of it.
func (m *Masters) Derive(version int, purpose string) ([]byte, error) {
	if version < 1 || version > len(m.keys) {
		return nil, fmt.Errorf("there is no master key %d in the ledger; restore it from a backup", version)
	}
	return hkdf.Key(sha256.New, m.keys[version-1], nil, "passmill "+purpose, sha256.Size)
}

// Token returns the authentication token of a pass: 43 characters of the alphabet of
// base64url, always the same for the same version, pass type and serial number, since
// Apple forbids that an update changes it.
func (m *Masters) Token(version int, typeID, serial string) (string, error) {
	key, err := m.Derive(version, "token")
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(typeID)))) // keeps the two apart
	mac.Write([]byte(typeID))
	mac.Write([]byte(serial))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}
