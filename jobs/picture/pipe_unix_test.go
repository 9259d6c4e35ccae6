//go:build unix

package picture_test

import (
	"syscall"
	"testing"
)

// pipe makes a file that nobody ever writes into: reading it would wait for ever.
func pipe(t testing.TB, name string) {
	t.Helper()
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
}
