package keyring_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/signtest"
)

// place is where a keyset lies.
type place struct {
	mu sync.Mutex
	k  *keyring.Keyset // guarded by mu
}

func (p *place) get() (*keyring.Keyset, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.k, nil
}

func (p *place) put(k *keyring.Keyset) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.k = k
	return nil
}

// TestRotateWhileSigning: others open keys and take certificates in all the time,
// and never notice.
func TestRotateWhileSigning(t *testing.T) {
	at := &place{k: keyset()}
	r := ring(t)
	r.Keyset = at.get
	for n := range 5 {
		imported(t, r, pass(t, signtest.Options{TypeID: fmt.Sprintf("pass.n%d", n)}))
	}
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	ticks := []chan struct{}{make(chan struct{}), make(chan struct{})}
	for n, tick := range ticks {
		other := &keyring.Ring{Store: r.Store, Keyset: at.get, Actor: "grace"} // another process
		others.Go(func() {
			for i := 0; ; i++ {
				select {
				case tick <- struct{}{}:
				case <-ctx.Done():
					return
				}
				if _, err := other.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass, BaseName: fmt.Sprintf("pass.n%d", i%5)}); err != nil {
					t.Errorf("while the key is rotated: %v", err)
				}
				if i%4 == 3 {
					if _, err := other.Import(t.Context(), pass(t, signtest.Options{TypeID: fmt.Sprintf("pass.m%d.%d", n, i)})); err != nil {
						t.Errorf("imported while the key is rotated: %v", err)
					}
				}
			}
		})
	}
	for n := range 5 {
		for range 3 { // both have opened a key with the last one, and go on
			for _, tick := range ticks {
				<-tick
			}
		}
		done, err := r.Rotate(t.Context(), at.put)
		if err != nil || done.Sealing.Version != n+2 || done.Resealed < 5 || done.Resumed {
			t.Errorf("rotation %d: %+v, %v", n, done, err)
		}
	}
	stop()
	others.Wait()
	if err := r.Forget(t.Context(), at.put); err != nil {
		t.Fatal(err)
	}
	last := &keyring.Ring{Store: r.Store, Keyset: at.get}
	entries, err := r.Store.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := last.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass, Name: e.ID}); err != nil {
			t.Errorf("with the newest key alone: %v", err)
		}
	}
}

// broken is a store that fails at the n-th sealing.
type broken struct {
	keyring.Store
	left int
}

var errBroken = errors.New("broken on purpose")

func (b *broken) Reseal(ctx context.Context, id string, from, to sign.Sealed) error {
	if b.left--; b.left < 0 {
		return errBroken
	}
	return b.Store.Reseal(ctx, id, from, to)
}

// TestRotateGoesOn: an interrupted rotation leaves everything readable, and the
// next one goes on with the same key.
func TestRotateGoesOn(t *testing.T) {
	at := &place{k: keyset()}
	r := ring(t)
	r.Keyset = at.get
	for n := range 4 {
		imported(t, r, pass(t, signtest.Options{TypeID: fmt.Sprintf("pass.n%d", n)}))
	}
	whole := r.Store
	r.Store = &broken{Store: whole, left: 2}
	if _, err := r.Rotate(t.Context(), at.put); !errors.Is(err, errBroken) {
		t.Fatalf("rotated: %v", err)
	}
	r.Store = whole
	for n := range 4 {
		if _, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass, BaseName: fmt.Sprintf("pass.n%d", n)}); err != nil {
			t.Errorf("in between: %v", err)
		}
	}
	if err := r.Forget(t.Context(), at.put); err == nil {
		t.Error("the old key was forgotten while it is needed")
	}
	done, err := r.Rotate(t.Context(), at.put)
	if err != nil || !done.Resumed || done.Resealed != 2 || done.Sealing.Version != 2 {
		t.Errorf("went on: %+v, %v", done, err)
	}
}

// TestRotateElsewhere: a new key that is not yet where it is read seals nothing.
func TestRotateElsewhere(t *testing.T) {
	at := &place{k: keyset()}
	r := ring(t)
	r.Keyset = at.get
	imported(t, r, pass(t, signtest.Options{}))
	var written *keyring.Keyset
	elsewhere := errors.New("elsewhere")
	if _, err := r.Rotate(t.Context(), func(k *keyring.Keyset) error { written = k; return elsewhere }); !errors.Is(err, elsewhere) {
		t.Fatal(err)
	}
	if _, err := r.Rotate(t.Context(), func(*keyring.Keyset) error { return nil }); err == nil {
		t.Error("sealed with a key that can't be read again")
	}
	if now, err := r.Store.SealingKey(t.Context()); err != nil || now != keyset().Sealing() {
		t.Errorf("%+v seals, %v", now, err)
	}
	if err := at.put(written); err != nil {
		t.Fatal(err)
	}
	done, err := r.Rotate(t.Context(), func(*keyring.Keyset) error { return elsewhere })
	if err != nil || !done.Resumed || done.Resealed != 1 {
		t.Errorf("with the new key in its place: %+v, %v", done, err)
	}
}
