package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"passmill/jobs/connect"
)

// readers is how many connections read a SQLite file beside the one that writes.
const readers = 4

// connectSQLite opens the file, and creates it if it isn't there, readable by
// its owner alone: it holds customers' data.
func (d *DB) connectSQLite(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the ledger: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("open the ledger: %w", err)
	}
	d.dialect, d.path = sqlite, path

	// Two processes that turn a new file to WAL at once would stumble over
	// each other, whatever the timeout.
	unlock, err := d.lockFile(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	write, err := sql.Open("sqlite", connect.SQLite(path, "_txlock=immediate", "_pragma=cache_size(-65536)", "_pragma=wal_autocheckpoint(4000)",
		"_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(1)"))
	if err != nil {
		return err
	}
	write.SetMaxOpenConns(1)
	d.solo = &solo{db: sqlx.NewDb(write, "sqlite3"), turn: make(chan struct{}, 1)}
	if err := write.PingContext(ctx); err != nil {
		write.Close()
		return fmt.Errorf("open %s: %w", path, err)
	}
	read, err := sql.Open("sqlite", connect.SQLite(path, "_query_only=1", "_pragma=cache_size(-8192)"))
	if err != nil {
		write.Close()
		return err
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	d.read = sqlx.NewDb(read, "sqlite3") // the name by which sqlx knows that parameters are ?
	return nil
}

// A solo is the one connection that writes to a SQLite file, and its prepared
// statements. Whoever has put something into turn may use the rest.
type solo struct {
	turn  chan struct{}
	db    *sqlx.DB
	conn  *sqlx.Conn
	stmts map[string]*sql.Stmt

	closing sync.Once
}

// begin waits for its turn and begins a transaction.
func (s *solo) begin(ctx context.Context) (*tx, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t, err := s.start(ctx)
	if err != nil {
		s.drop() // whatever is wrong with the connection, the next one has a new one
		<-s.turn
		return nil, err
	}
	return t, nil
}

func (s *solo) start(ctx context.Context) (*tx, error) {
	if s.conn == nil {
		conn, err := s.db.Connx(ctx)
		if err != nil {
			return nil, err
		}
		s.conn, s.stmts = conn, map[string]*sql.Stmt{}
	}
	// Statements are prepared on the connection, to be kept, and so aren't
	// the transaction's in the eyes of database/sql. It must therefore not
	// roll back by itself when ctx ends; write does.
	t, err := s.conn.BeginTxx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, err
	}
	return &tx{Tx: t, dialect: sqlite, solo: s}, nil
}

// prepared returns the statement on the connection.
func (s *solo) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err == nil {
		s.stmts[query] = stmt
	}
	return stmt, err
}

func (s *solo) drop() {
	if s.conn == nil {
		return
	}
	for _, stmt := range s.stmts {
		stmt.Close()
	}
	s.conn.Close()
	s.conn, s.stmts = nil, nil
}

// close waits until the transaction that is going on has ended.
func (s *solo) close() {
	s.closing.Do(func() {
		s.turn <- struct{}{}
		s.drop()
		s.db.Close()
		<-s.turn
	})
}
