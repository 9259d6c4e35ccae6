package connect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"
	sqlite "modernc.org/sqlite"
)

// Result codes: of SQLite from https://www.sqlite.org/rescode.html, whose lowest
// byte is the primary one; of PostgreSQL from its appendix A.
const (
	sqliteBusy          = 5
	sqlitePrimary       = 0xff
	postgresTooMany     = "53300"
	postgresDeadlock    = "40P01"
	postgresSerialize   = "40001"
	postgresConnections = "08" // class
	postgresShutdown    = "57P"
)

// Passing reports whether the same operation may well succeed a little later,
// because what failed was the connection or somebody else's lock.
func Passing(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
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
