package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign/keyring"
)

// An erasedKey makes the keyed hashes by which people who were erased are known, so that
// no backup and no nightly run brings them back. It comes from the first master key for
// ever, as those of marks do.
type erasedKey []byte

func newErasedKey(masters *keyring.Masters) (erasedKey, error) { return masters.Derive(1, "erased") }

// openErasedKey opens the key over a ledger that is open.
func openErasedKey(ctx context.Context, db *ledger.DB, space workspace) (erasedKey, error) {
	if _, err := space.keyset(); err != nil {
		return nil, fmt.Errorf("people who were erased are known by keyed hashes only: %w", err)
	}
	masters, err := newRing(ctx, db, space).Masters(ctx, db)
	if err != nil {
		return nil, err
	}
	return newErasedKey(masters)
}

func (k erasedKey) sum(parts ...string) [32]byte {
	mac := hmac.New(sha256.New, k)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p) // keeps them apart
	}
	return [32]byte(mac.Sum(nil))
}

// A serial number is known under its job and under its pass type: a row that no run has
// made has no type yet.
func (k erasedKey) ofJob(job, serial string) [32]byte     { return k.sum("job", job, serial) }
func (k erasedKey) ofType(typeID, serial string) [32]byte { return k.sum("type", typeID, serial) }

func (k erasedKey) ofAddress(address string) [32]byte { return k.sum("address", foldAddress(address)) }

// check tells two keys apart, and says nothing of either.
func (k erasedKey) check() string {
	sum := k.sum("check")
	return fmt.Sprintf("%x", sum[:8])
}

// of returns all hashes under which a row would be known.
func (k erasedKey) of(job, typeID, serial string, values func(yield func(string))) (hashes [][32]byte) {
	hashes = append(hashes, k.ofJob(job, serial))
	if typeID != "" {
		hashes = append(hashes, k.ofType(typeID, serial))
	}
	values(func(text string) {
		if strings.Contains(text, "@") {
			hashes = append(hashes, k.ofAddress(text))
		}
	})
	return hashes
}

// foldAddress makes one of the ways in which people write an address.
func foldAddress(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// texts returns the texts of a row as the ledger has it.
func texts(data []byte) func(func(string)) {
	return func(yield func(string)) {
		for v, err := range jobs.NamedValues(data) {
			if err != nil {
				return
			}
			yield(v.Text)
		}
	}
}

// An erasedSet is who was erased, in memory.
type erasedSet map[[32]byte]bool

func (s erasedSet) any(hashes [][32]byte) bool {
	for _, h := range hashes {
		if s[h] {
			return true
		}
	}
	return false
}

// erasedRows returns what tells an import the rows of people who were erased; nil if
// there are none.
func erasedRows(ctx context.Context, db *ledger.DB, space workspace, target jobs.Target) (func(string, []jobs.Value) bool, error) {
	set, err := loadErased(ctx, db, space)
	if err != nil || len(set) == 0 {
		return nil, err
	}
	key, err := openErasedKey(ctx, db, space)
	if err != nil {
		return nil, err
	}
	return func(serial string, values []jobs.Value) bool {
		return set.any(key.of(target.Job, target.TypeID, serial, func(yield func(string)) {
			for _, v := range values {
				yield(v.Text)
			}
		}))
	}, nil
}

// errOldLedger means that people would come back who were erased.
var errOldLedger = errors.New("the ledger is older than the list of people who were erased; apply it with: passmill erase --again")

// loadErased returns who was erased. A ledger that does not know all of them, since it
// is an old copy, must not be worked with.
func loadErased(ctx context.Context, db *ledger.DB, space workspace) (erasedSet, error) {
	list, err := db.Erased(ctx)
	if err != nil {
		return nil, err
	}
	set := erasedSet{}
	for _, h := range list {
		set[h.Hash] = true
	}
	written, err := space.erasedList().read()
	if err != nil {
		return nil, err
	}
	for _, h := range written.standing() {
		if h.Kind != kindMail && !set[h.Hash] {
			return nil, errOldLedger
		}
	}
	return set, nil
}

// erased reports whether a sealed link is of somebody who was erased.
func (p linkPasses) erased(ctx context.Context, job, typeID, serial string, data []byte) (bool, error) {
	masters, err := p.openMasters(ctx, 1)
	if err != nil {
		return false, err
	}
	key, err := newErasedKey(masters)
	if err != nil {
		return false, err
	}
	return p.db.WasErased(ctx, key.of(job, typeID, serial, texts(data))...)
}
