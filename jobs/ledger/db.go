package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"passmill/jobs"
	"passmill/jobs/connect"
)

// DB is an open ledger. It is safe for concurrent use.
type DB struct {
	dialect dialect
	path    string   // SQLite: the file
	schema  string   // PostgreSQL: the schema that holds the tables
	read    *sqlx.DB // SQLite: connections that can't write; PostgreSQL: all connections
	solo    *solo    // SQLite: the connection that writes; nil for PostgreSQL
	now     func() time.Time
	wait    time.Duration
	log     *slog.Logger

	// What phones ask for comes by the thousand, after each push.
	registering *gather[enrol, enrolment]
	leaving     *gather[leaving, struct{}]
	telling     *gather[telling, struct{}]
	versions    *gather[passKey, jobs.PassVersion]
	startedBy   string    // who or what begins runs
	slot        jobs.Slot // that the handle works for; zero for none
	holder      string    // tells the deliveries that this handle is at from those of others

	mu    sync.Mutex
	reads map[string]*sql.Stmt // SQLite: prepared statements of readers; guarded by mu
}

var (
	_ jobs.Snapshot = (*DB)(nil)
	_ jobs.Book     = (*DB)(nil)
)

// Options are what a ledger can be told. The zero value works.
type Options struct {
	// Now tells the time that is written on passes. nil means time.Now.
	Now func() time.Time
	// LockWait is how long [DB.LockJob] waits for another process: one that only
	// presses a few files again is done in a moment, and PostgreSQL may need one
	// to notice that a client was killed. 0 means three seconds, less than 0 means one try.
	LockWait time.Duration
	// Log hears when a lost connection was coped with. nil means silence.
	Log *slog.Logger
	// NoUpgrade refuses an older schema with [ErrPending] on SQLite as well,
	// for programs that must not change it by the way.
	NoUpgrade bool

	patient bool // PostgreSQL: statements may take as long as they need
}

// Open opens the ledger at dsn, the path of a SQLite file or a postgres:// URL.
//
// A SQLite file that isn't there is created; one with an older schema is
// migrated, after a copy of it was written beside it. An empty PostgreSQL schema
// is filled; an existing one that lags behind is refused with [ErrPending]. A
// schema that is newer than the program is refused with [ErrNewer].
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	return open(ctx, dsn, o, migrations)
}

func open(ctx context.Context, dsn string, o Options, scripts fs.FS) (*DB, error) {
	db, err := dial(ctx, dsn, o)
	if err != nil {
		return nil, err
	}
	if _, _, err := db.migrate(ctx, scripts, db.dialect == sqlite && !o.NoUpgrade); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// dial opens the database and looks at none of its tables.
func dial(ctx context.Context, dsn string, o Options) (*DB, error) {
	db := &DB{now: o.Now, wait: o.LockWait, log: o.Log, holder: rand.Text(), reads: map[string]*sql.Stmt{}}
	db.registering = &gather[enrol, enrolment]{do: db.register}
	db.leaving = &gather[leaving, struct{}]{do: db.unregister}
	db.telling = &gather[telling, struct{}]{do: db.tell}
	db.versions = &gather[passKey, jobs.PassVersion]{do: db.lookUp}
	if db.now == nil {
		db.now = time.Now
	}
	if db.wait == 0 {
		db.wait = 3 * time.Second
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if connect.IsPostgres(dsn) {
		return db, db.connectPostgres(ctx, dsn, o.patient)
	}
	return db, db.connectSQLite(ctx, dsn)
}

// Close closes all connections. Locks that are still held are given up.
func (d *DB) Close() error {
	if d.solo != nil {
		d.solo.close()
	}
	if err := d.read.Close(); err != nil {
		return fmt.Errorf("close the ledger: %w", err)
	}
	return nil
}
