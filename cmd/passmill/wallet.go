package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/passkit"
)

// A walletMaker makes passes for phones: it takes the file that a run has made where
// that is the newest version, and presses all others out of the ledger.
type walletMaker struct {
	*onDemand
	stored func(ctx context.Context, v jobs.PassVersion) ([]byte, error) // jobs.ErrNotFound if no file holds the version
	stats  *walletStats
	now    func() time.Time

	mu      sync.Mutex // guards signers
	signers map[recipeKey]signer
}

// A signer is the certificate that signs passes of a job, or why none can.
type signer struct {
	id  string
	err error
	at  time.Time
}

func newWalletMaker(o *onDemand, stats *walletStats, now func() time.Time) *walletMaker {
	return &walletMaker{onDemand: o, stored: o.storedFile, stats: stats, now: now, signers: map[recipeKey]signer{}}
}

// refusedTime is how long it is remembered that a job's passes can't be signed: trying
// costs the opening of a certificate.
const refusedTime = 10 * time.Second

// Signer implements [passkit.Maker].
func (m *walletMaker) Signer(ctx context.Context, v jobs.PassVersion, typeID string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock() // one looks, the others wait for what he finds
	key := recipeKey{v.Job, typeID}
	known, there := m.signers[key]
	age := m.now().Sub(known.at)
	if there && (known.err == nil && age < recipeTime || age < refusedTime) {
		return known.id, known.err
	}
	found := signer{at: m.now()}
	r, err := m.recipe(context.WithoutCancel(ctx), v.Job, typeID)
	if found.err = err; err == nil {
		found.id = r.work.identity.Certificate().ID
	}
	m.signers[key] = found
	return found.id, found.err
}

// Make implements [passkit.Maker].
func (m *walletMaker) Make(ctx context.Context, v jobs.PassVersion, typeID, serial string) (passkit.Pass, error) {
	data, err := m.stored(ctx, v)
	if err == nil {
		m.stats.stored.Add(1)
		return passkit.Pass{Data: data, Version: v}, nil
	}
	if !errors.Is(err, jobs.ErrNotFound) {
		return passkit.Pass{}, err
	}
	if _, err := m.Signer(ctx, v, typeID); err != nil {
		return passkit.Pass{}, fmt.Errorf("the file in the output folder is older, and it can't be pressed anew: %w", err)
	}
	p, err := m.Press(ctx, typeID, serial)
	if err != nil {
		return passkit.Pass{}, err
	}
	m.stats.pressed.Add(1)
	v.ID, v.Job, v.Token, v.Change, v.Modified = p.PassID, p.Job, p.Content.Token, p.Change, time.UnixMilli(p.Modified).UTC()
	return passkit.Pass{Data: p.Data, Version: v}, nil
}

// storedFile returns the file of a pass in this version, from an output folder that can
// be read here. A file that is not, or no longer, what the ledger says is not there.
func (o *onDemand) storedFile(ctx context.Context, v jobs.PassVersion) ([]byte, error) {
	files, err := o.db.Stored(ctx, v.ID, v.Change)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		place, isDir := strings.CutPrefix(f.Sink, "dir:")
		if !isDir {
			continue
		}
		if data, err := readStored(o.space.folder(place), f); err == nil {
			return data, nil
		}
	}
	return nil, jobs.ErrNotFound
}

// readStored reads a file from inside a folder, if it is what the ledger says.
func readStored(folder string, f ledger.StoredFile) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(filepath.FromSlash(f.Name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, f.Size+1))
	if err != nil {
		return nil, err
	}
	sum, err := manifestSum(data)
	if err != nil || int64(len(data)) != f.Size || sum != f.Manifest {
		return nil, errors.Join(errors.New("it is another file"), err)
	}
	return data, nil
}

// manifestSum returns the SHA-256 sum of a pass's manifest.
func manifestSum(pass []byte) (sum [sha256.Size]byte, err error) {
	archive, err := zip.NewReader(bytes.NewReader(pass), int64(len(pass)))
	if err != nil {
		return sum, err
	}
	file, err := archive.Open("manifest.json")
	if err != nil {
		return sum, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 1<<20))
	return sha256.Sum256(text), err
}
