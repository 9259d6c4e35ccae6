package ledger

import (
	"errors"
	"syscall"

	"github.com/lib/pq"
	sqlitedriver "modernc.org/sqlite"
)

// Result codes of SQLite, from https://www.sqlite.org/rescode.html. The lowest
// byte is the primary code.
const (
	sqliteFull       = 13
	sqliteIOShmSize  = 4874 // no room for the shared memory of the log
	sqlitePrimary    = 0xff
	postgresDiskFull = "53100"
)

// IsFull reports whether err means that the disk, or the database's own limit,
// is full. What the database held before is whole, and it can be written again
// once there is room.
func IsFull(err error) bool {
	if e, ok := errors.AsType[*sqlitedriver.Error](err); ok {
		return e.Code()&sqlitePrimary == sqliteFull || e.Code() == sqliteIOShmSize
	}
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e.Code == postgresDiskFull
	}
	return errors.Is(err, syscall.ENOSPC)
}
