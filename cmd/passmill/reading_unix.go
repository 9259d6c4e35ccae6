//go:build unix

package main

import "golang.org/x/sys/unix"

// limitReading bounds the processor time of a process that opens a file.
func limitReading() {
	seconds := uint64(readingTime.Seconds())
	_ = unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds})
}
