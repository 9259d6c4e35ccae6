package keyring_test

import (
	"bytes"
	"errors"
	"testing"

	"passmill/sign"
	"passmill/sign/keyring"
)

// TestMasters: master keys are made once, open after every rotation of the
// key-encryption key, give each pass a token of its own, and lie nowhere in the clear.
func TestMasters(t *testing.T) {
	at := &place{k: keyset()}
	r := ring(t)
	r.Keyset = at.get
	store := r.Store.(keyring.MasterStore)
	first, err := r.Masters(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	token, err := first.Token(first.Newest(), "pass.com.example.a", "1")
	if err != nil || len(token) != 43 {
		t.Fatalf("token %q: %v", token, err)
	}
	seen := map[string]bool{token: true}
	for _, other := range [][2]string{{"pass.com.example.a", "2"}, {"pass.com.example.", "a1"}, {"pass.com.example.b", "1"}} {
		got, err := first.Token(1, other[0], other[1])
		if err != nil || seen[got] {
			t.Errorf("%v has the token of another pass (%v)", other, err)
		}
		seen[got] = true
	}
	link, _ := first.Derive(1, "link")
	if mail, _ := first.Derive(1, "address"); bytes.Equal(link, mail) {
		t.Error("two purposes have one key")
	}
	if _, err := first.Derive(2, "link"); err == nil {
		t.Error("a master key that isn't there derives keys")
	}
	if _, err := r.Rotate(t.Context(), func(k *keyring.Keyset) error { at.put(k); return nil }); err != nil {
		t.Fatal(err)
	}
	again, err := r.Masters(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := again.Token(1, "pass.com.example.a", "1"); got != token {
		t.Error("after a rotation the pass has another token")
	}
	keys, err := store.MasterKeys(t.Context())
	if err != nil || len(keys) != 1 || keys[0].Sealed.Version != 2 {
		t.Fatalf("%d master keys, sealed by version %d, want one by 2 (%v)", len(keys), keys[0].Sealed.Version, err)
	}
	if err := store.AddMasterKey(t.Context(), sign.MasterKey(2)); !errors.Is(err, sign.ErrSealedLater) {
		t.Errorf("a master key that is sealed by nobody: %v", err)
	}
}
