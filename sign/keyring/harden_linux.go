package keyring

import (
	"sync"

	"golang.org/x/sys/unix"
)

// Harden keeps the memory of this process, which is about to hold a key, from
// other programs of its user and from core files. It is done once; a system that
// refuses it has its own rules about both.
var Harden = sync.OnceFunc(func() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
})
