package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/lib/pq"
	sqlitedriver "modernc.org/sqlite"
)

// Result codes of SQLite, from https://www.sqlite.org/rescode.html. The lowest
// byte is the primary code.
const (
	sqliteBusy          = 5
	sqliteFull          = 13
	sqliteIOShmSize     = 4874 // no room for the shared memory of the log
	sqlitePrimary       = 0xff
	postgresDiskFull    = "53100"
	postgresTooMany     = "53300"
	postgresDeadlock    = "40P01"
	postgresSerialize   = "40001"
	postgresConnections = "08" // class
	postgresShutdown    = "57P"
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

// passing reports whether the same operation may well succeed a little later,
// because what failed was the connection or somebody else's lock.
func passing(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if e, ok := errors.AsType[*sqlitedriver.Error](err); ok {
		return e.Code()&sqlitePrimary == sqliteBusy
	}
	if e, ok := errors.AsType[*pq.Error](err); ok {
		code := string(e.Code)
		return code == postgresTooMany || code == postgresDeadlock || code == postgresSerialize ||
			strings.HasPrefix(code, postgresConnections) || strings.HasPrefix(code, postgresShutdown)
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
