package keyring

import (
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"fmt"

	"passmill/sign"
)

// A sealed key is: the format, the version of the key-encryption key, and what
// Tink makes, which begins with the id of that key. The first two are part of
// what is authenticated, and so is for what the key is: a sealed key that is put
// in the place of another does not open.
const (
	sealFormat = 1
	sealHead   = 3
	maxVersion = 1<<16 - 1
)

// Seal returns a private key that only the keyset opens, and only for this very
// record: its id, kind and base name.
func (k *Keyset) Seal(key crypto.Signer, of sign.Key) (sign.Sealed, error) {
	Harden()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return sign.Sealed{}, fmt.Errorf("seal the key of %s: a private key of an unknown kind", of.BaseName)
	}
	defer clear(der)
	return k.seal(der, of)
}

func (k *Keyset) seal(der []byte, of sign.Key) (sign.Sealed, error) {
	by := k.Sealing()
	head := binary.BigEndian.AppendUint16([]byte{sealFormat}, uint16(by.Version))
	data, err := k.aead.Encrypt(der, associated(head, of))
	if err != nil {
		return sign.Sealed{}, fmt.Errorf("seal the key of %s: %w", of.BaseName, err)
	}
	return sign.Sealed{Data: append(head, data...), By: by.ID, Version: by.Version}, nil
}

// associated is what is authenticated besides the key. Lengths keep two records
// from having the same.
func associated(head []byte, of sign.Key) []byte {
	data := append([]byte("passmill private key"), head...)
	for _, text := range []string{of.ID, string(of.Kind), of.BaseName} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(text)))
		data = append(data, text...)
	}
	return data
}

// Open returns the private key of a record. It fails with [ErrUnknownKey] if
// another key-encryption key sealed it, and with [ErrBroken] if a byte of it, or
// of what it is for, was changed.
func (k *Keyset) Open(of sign.Key) (crypto.Signer, error) {
	Harden()
	der, err := k.open(of)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, fmt.Errorf("key of %s: %w", of.BaseName, ErrBroken)
	}
	if id, err := sign.KeyID(key.Public()); err != nil || id != of.ID {
		return nil, fmt.Errorf("key of %s: %w: it is another key than its record says", of.BaseName, ErrBroken)
	}
	return key, nil
}

func (k *Keyset) open(of sign.Key) ([]byte, error) {
	s := of.Sealed
	if !k.Has(sign.SealingKey{ID: s.By, Version: s.Version}) {
		return nil, fmt.Errorf("key of %s: %w: key %s, version %d, has sealed it, and this one is %s, version %d",
			of.BaseName, ErrUnknownKey, s.By, s.Version, k.Sealing().ID, k.Sealing().Version)
	}
	if len(s.Data) < sealHead || s.Data[0] != sealFormat || int(binary.BigEndian.Uint16(s.Data[1:])) != s.Version {
		return nil, fmt.Errorf("key of %s: %w", of.BaseName, ErrBroken)
	}
	der, err := k.aead.Decrypt(s.Data[sealHead:], associated(s.Data[:sealHead], of))
	if err != nil {
		return nil, fmt.Errorf("key of %s: %w: restore the ledger from a backup", of.BaseName, ErrBroken)
	}
	return der, nil
}

// Reseal seals a key with the key that seals now. It is never in the clear as
// anything but bytes.
func (k *Keyset) Reseal(of sign.Key) (sign.Sealed, error) {
	Harden()
	der, err := k.open(of)
	if err != nil {
		return sign.Sealed{}, err
	}
	defer clear(der)
	return k.seal(der, of)
}
