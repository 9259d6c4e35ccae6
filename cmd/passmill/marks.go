package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"passmill/sign/keyring"
)

// Marks are the keys of what mails need to be kept secret: hashes of addresses, and
// the marks of links for unsubscribing. They come from the first master key for ever:
// a hash that is kept can't be made anew from another, since the address is gone.
type marks struct{ address, unsubscribe []byte }

// openMarks opens the keys of a workspace.
func openMarks(ctx context.Context, space workspace) (*marks, error) {
	masters, err := openMasters(ctx, space)
	if err != nil {
		return nil, err
	}
	return newMarks(masters)
}

func newMarks(masters *keyring.Masters) (m *marks, err error) {
	m = &marks{}
	if m.address, err = masters.Derive(1, "address"); err != nil {
		return nil, err
	}
	m.unsubscribe, err = masters.Derive(1, "unsubscribe")
	return m, err
}

// hash returns the keyed hash of an address. Upper and lower case are one: hardly any
// server tells them apart, and nobody who unsubscribes means to.
func (m *marks) hash(address string) [32]byte {
	mac := hmac.New(sha256.New, m.address)
	mac.Write([]byte(strings.ToLower(strings.TrimSpace(address))))
	return [32]byte(mac.Sum(nil))
}

// mark returns what stands in the link for unsubscribing of a delivery.
func (m *marks) mark(delivery string) string {
	return delivery + "." + base64.RawURLEncoding.EncodeToString(m.proof(delivery))
}

// proof is 128 bits that nobody can make who has no key.
func (m *marks) proof(delivery string) []byte {
	mac := hmac.New(sha256.New, m.unsubscribe)
	mac.Write([]byte(delivery))
	return mac.Sum(nil)[:16]
}

// delivery returns the delivery of a mark; ok is false if it is none of ours.
func (m *marks) delivery(mark string) (id string, ok bool) {
	id, text, _ := strings.Cut(mark, ".")
	proof, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return id, err == nil && id != "" && hmac.Equal(proof, m.proof(id))
}
