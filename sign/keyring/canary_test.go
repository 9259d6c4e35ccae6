package keyring_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"passmill/jobs/ledger"
	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

// TestNothingLeaks takes fifty certificates in, with canaries as keys and
// passwords, some of them wrongly, rotates, and looks for the canaries in every
// file and message.
func TestNothingLeaks(t *testing.T) {
	dir := t.TempDir()
	db, err := ledger.Open(t.Context(), filepath.Join(dir, "passmill.db"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := &place{k: must(keyring.NewKeyset(1))}
	r := &keyring.Ring{Store: db, Keyset: at.get, Actor: "ada"}
	var canaries [][]byte
	var said bytes.Buffer
	for n := range 50 {
		issued := issue(t, signtest.Options{TypeID: fmt.Sprintf("pass.n%d", n)})
		password := "canary-" + rand.Text()
		i := keyring.Import{Kind: sign.KindPass, Certificate: sign.File{Name: "pass.p12", Data: must(issued.P12(signtest.Modern, password))}, Password: secret.New(password)}
		wrong := i
		wrong.Password = secret.New(password + "x")
		_, err := r.Import(t.Context(), wrong)
		fmt.Fprintf(&said, "%v %+v %#v\n", err, wrong, wrong)
		done, err := r.Import(t.Context(), i)
		fmt.Fprintf(&said, "%v %+v %#v\n", err, done, done)
		d := must(issued.Key.(*ecdsa.PrivateKey).Bytes())
		canaries = append(canaries, []byte(password), d, []byte(hex.EncodeToString(d)), []byte(base64.StdEncoding.EncodeToString(d)[:42]))
	}
	if _, err := r.Rotate(t.Context(), at.put); err != nil {
		t.Fatal(err)
	}
	events, err := db.Events(t.Context(), sign.EventFilter{})
	fmt.Fprintf(&said, "%+v %v\n", events, err)
	look := func(where string, data []byte) {
		for _, c := range canaries {
			if bytes.Contains(data, c) {
				t.Errorf("a canary is in %s", where)
			}
		}
	}
	look("what was said", said.Bytes())
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		look(name, data)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	// The scan finds a canary where one is.
	if keys := must(db.SealedBefore(t.Context(), 99, "", 1)); !bytes.Contains(must(os.ReadFile(filepath.Join(dir, "passmill.db"))), keys[0].Sealed.Data[:16]) &&
		!bytes.Contains(must(os.ReadFile(filepath.Join(dir, "passmill.db-wal"))), keys[0].Sealed.Data[:16]) {
		t.Error("the scan does not even find a sealed key")
	}
}
