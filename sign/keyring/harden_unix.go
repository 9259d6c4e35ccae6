//go:build unix && !linux

package keyring

import (
	"sync"

	"golang.org/x/sys/unix"
)

// Harden keeps the memory of this process, which is about to hold a key, out of
// core files. It is done once; a system that refuses it has its own rules.
var Harden = sync.OnceFunc(func() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) })
