package keyring_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"passmill/sign/keyring"
)

// TestHarden: once a key was in memory, no core file is written, and no other
// program of the user reads it.
func TestHarden(t *testing.T) {
	keyring.Harden()
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || dumpable != 0 {
		t.Errorf("dumpable is %d, %v; want 0", dumpable, err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("core files of %d to %d bytes, %v; want none", limit.Cur, limit.Max, err)
	}
}
