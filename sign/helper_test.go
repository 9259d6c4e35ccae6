package sign_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"passmill/sign"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

// leaf is a good certificate with an RSA key, for tests that need no other.
var leaf = sync.OnceValue(func() *signtest.Issued { return must(signtest.Shared().Issue(signtest.Options{})) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// issue makes a certificate with the RSA key of leaf, which saves time.
func issue(t testing.TB, o signtest.Options) *signtest.Issued {
	t.Helper()
	if !o.EC {
		o.Key = leaf().Key
	}
	issued, err := signtest.Shared().Issue(o)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func identity(t testing.TB, o signtest.Options) *sign.Identity {
	t.Helper()
	id, err := issue(t, o).Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// material is one file with a password.
func material(name string, data []byte, password string) sign.Material {
	return sign.Material{
		Certificate:  sign.File{Name: name, Data: data},
		Intermediate: sign.File{Name: "wwdr.pem", Data: signtest.Shared().IntermediatePEM()},
		Password:     secret.New(password),
	}
}

// write puts data into a new file and returns its path.
func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
