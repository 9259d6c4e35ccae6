package table

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lib/pq"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"passmill/jobs/connect"
)

// A database is the user's, opened to read or to write.
type database struct {
	pool     *sql.DB
	postgres bool
	name     string // short, for messages
}

// A mode says what a database is opened for.
type mode int

const (
	toRead mode = iota
	toWrite
	toCreate // SQLite: the file, if it isn't there
)

// open opens a database, the path of an SQLite file or a postgres:// URL.
func open(ctx context.Context, dsn string, m mode) (d *database, err error) {
	switch {
	case dsn == "":
		return nil, errors.New("no database is named")
	case connect.IsPostgres(dsn):
		d, err = openPostgres(dsn, m)
	case strings.Contains(dsn, "://"):
		return nil, errors.New("the database is an SQLite file or a postgres:// URL; others are not known")
	default:
		d, err = openSQLite(dsn, m)
	}
	if err != nil {
		return nil, err
	}
	if err := again(ctx, func() error { return d.pool.PingContext(ctx) }); err != nil {
		d.pool.Close()
		return nil, fmt.Errorf("connect to database %s: %w", d.name, err)
	}
	return d, nil
}

func openPostgres(dsn string, m mode) (*database, error) {
	cfg, err := connect.Postgres(dsn, map[string]string{
		"statement_timeout":  "0", // a million rows are read by one statement
		"extra_float_digits": "3", // keys go back as text, and must be the same
	})
	if err != nil {
		return nil, err
	}
	if m == toRead {
		cfg.Runtime["default_transaction_read_only"] = "on"
	}
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", cfg.Database, err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(2)
	return &database{pool: pool, postgres: true, name: cfg.Database}, nil
}

func openSQLite(named string, m mode) (*database, error) {
	path, err := filepath.Abs(named)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil && m != toCreate {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %q; name the right one, or make the database first", named)
		}
		return nil, fmt.Errorf("open the database: %w", err)
	}
	params := []string{"mode=" + map[mode]string{toRead: "ro", toWrite: "rw", toCreate: "rwc"}[m]}
	if m != toRead {
		params = append(params, "_txlock=immediate", "_pragma=foreign_keys(1)")
	}
	pool, err := sql.Open("sqlite", connect.SQLite(path, params...))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(2)
	return &database{pool: pool, name: filepath.Base(path)}, nil
}

func (d *database) close() error { return d.pool.Close() }

// again does op until it doesn't fail for a reason that passes.
func again(ctx context.Context, op func() error) error {
	var p patience
	for {
		err := op()
		if err == nil || !connect.Passing(err) {
			return err
		}
		if err := p.wait(ctx, err); err != nil {
			return err
		}
	}
}

// A patience waits between tries, longer each time, until half a minute has gone
// since the first. The zero value has not begun.
type patience struct {
	since time.Time
	next  time.Duration
}

// longest is how long a patience lasts.
var longest = 30 * time.Second

// wait returns nil when it is time to try again, or why it is not.
func (p *patience) wait(ctx context.Context, why error) error {
	if p.next == 0 {
		p.since, p.next = time.Now(), 10*time.Millisecond
	}
	if time.Since(p.since) > longest {
		return fmt.Errorf("it could not be reached, and %d seconds of trying did not change that: %w", int(longest.Seconds()), why)
	}
	timer := time.NewTimer(p.next)
	defer timer.Stop()
	p.next = min(2*p.next, 2*time.Second)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// quoteName returns a quoted name.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
