package keyring_test

import (
	"os"
	"testing"

	"passmill/jobs/ledger/pgtest"
	"passmill/sign/secret"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

var noPassword secret.Text
