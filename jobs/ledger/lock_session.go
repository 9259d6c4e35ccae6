package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"passmill/jobs/connect"
)

// errLockLost means that the connection that held a lock broke.
var errLockLost = errors.New("the lock was lost with the connection that held it")

// lockSession takes an advisory lock of PostgreSQL on a connection of its own,
// which it names after its holder. unlock is nil if another session has the
// lock.
func (d *DB) lockSession(ctx context.Context, what, name string) (unlock func() error, err error) {
	conn, err := d.read.Connx(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", what, err)
	}
	const (
		take  = `SELECT PG_TRY_ADVISORY_LOCK($1)`
		label = `SELECT SET_CONFIG('application_name', $1, FALSE)`
	)
	var ok bool
	if err := conn.GetContext(ctx, &ok, take, d.lockKey(what)); err != nil {
		discard(conn)
		return nil, fmt.Errorf("lock %s: %w", what, err)
	}
	if !ok {
		return nil, conn.Close()
	}
	if _, err := conn.ExecContext(ctx, label, name); err != nil {
		discard(conn)
		return nil, fmt.Errorf("lock %s: %w", what, err)
	}
	return sync.OnceValue(func() error { return d.unlockSession(conn, what) }), nil
}

// unlockSession ends the session, which gives its locks up, and first asks
// whether it still had this one.
func (d *DB) unlockSession(conn *sqlx.Conn, what string) error {
	defer discard(conn)
	ctx, cancel := context.WithTimeout(context.Background(), connect.Timeout)
	defer cancel()
	const give = `SELECT PG_ADVISORY_UNLOCK($1)`
	var held bool
	if err := conn.GetContext(ctx, &held, give, d.lockKey(what)); err != nil || !held {
		return fmt.Errorf("unlock %s: %w", what, errors.Join(errLockLost, err))
	}
	return nil
}

// discard closes a connection instead of giving it back to the pool.
func discard(conn *sqlx.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// sessionHolder returns the name of the session that holds a lock, "" if it
// can't be told.
func (d *DB) sessionHolder(ctx context.Context, what string) string {
	const query = `
		SELECT a.application_name || ', connected since ' || CAST(DATE_TRUNC('second', a.backend_start) AS TEXT)
		FROM pg_locks l
		JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
			AND l.database = (SELECT oid FROM pg_database WHERE datname = CURRENT_DATABASE())
			AND (CAST(l.classid AS BIGINT) << 32) + CAST(l.objid AS BIGINT) = $1
		LIMIT 1`
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var name string
	if err := d.read.GetContext(ctx, &name, query, d.lockKey(what)); err != nil {
		return ""
	}
	return name
}

// lockKey returns the number of an advisory lock. Numbers are shared by all
// schemas of a database.
func (d *DB) lockKey(what string) int64 {
	sum := sha256.Sum256([]byte("passmill\x00" + d.schema + "\x00" + what))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
