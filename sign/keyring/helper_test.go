package keyring_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"passmill/jobs/ledger"
	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keyset is one for tests that need no other.
var keyset = sync.OnceValue(func() *keyring.Keyset { return must(keyring.NewKeyset(1)) })

// ring is a keyring over an empty ledger; the clock is the authority's.
func ring(t testing.TB) *keyring.Ring {
	t.Helper()
	db, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "passmill.db"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &keyring.Ring{Store: db, Keyset: func() (*keyring.Keyset, error) { return keyset(), nil }, Actor: "ada"}
}

// issue makes a certificate with an EC key, which is quick.
func issue(t testing.TB, o signtest.Options) *signtest.Issued {
	t.Helper()
	o.EC = o.Key == nil
	issued, err := signtest.Shared().Issue(o)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// pass is an import of a certificate with its key, as a .p12.
func pass(t testing.TB, o signtest.Options) keyring.Import {
	t.Helper()
	p12, err := issue(t, o).P12(signtest.Modern, "secret")
	if err != nil {
		t.Fatal(err)
	}
	return keyring.Import{
		Kind: sign.KindPass, Certificate: sign.File{Name: "pass.p12", Data: p12}, Password: secret.New("secret"),
	}
}

// imported imports what is good.
func imported(t testing.TB, r *keyring.Ring, i keyring.Import) keyring.Imported {
	t.Helper()
	done, err := r.Import(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// nothing wants that the registry is as empty as it was.
func nothing(t testing.TB, r *keyring.Ring, entries, waiting int) {
	t.Helper()
	list, err := r.Store.Entries(t.Context())
	if err != nil || len(list) != entries {
		t.Errorf("the registry has %d entries, %v; want %d", len(list), err, entries)
	}
	keys, err := r.Store.WaitingKeys(t.Context())
	if err != nil || len(keys) != waiting {
		t.Errorf("%d keys wait, %v; want %d", len(keys), err, waiting)
	}
}

func days(n int) time.Time { return time.Now().AddDate(0, 0, n) }
