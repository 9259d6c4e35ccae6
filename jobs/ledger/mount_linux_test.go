package ledger_test

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// mayMount prepares cmd to mount what nobody else sees, if this user may.
func mayMount(cmd *exec.Cmd) bool {
	if os.Getuid() != 0 {
		return false
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return true
}

// mount mounts a small file system on dir.
func mount(dir string) (unmount func() error, err error) {
	runtime.LockOSThread() // the name space is the thread's
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		return nil, err
	}
	return func() error { return syscall.Unmount(dir, 0) }, nil
}
