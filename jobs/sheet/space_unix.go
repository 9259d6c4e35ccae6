//go:build linux || darwin

package sheet

import "syscall"

// freeSpace returns how many bytes an unprivileged process may still write.
func freeSpace(path string) (int64, bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true
}
