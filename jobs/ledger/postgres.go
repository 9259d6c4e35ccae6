package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// ErrUnverified means that a connection to PostgreSQL would leave this machine
// without proof of who answers.
var ErrUnverified = errors.New("the connection to PostgreSQL must verify the server")

const (
	connectTimeout = 10 * time.Second
	connections    = 10
)

// settings are what each session asks of the server, unless the URL says
// otherwise.
var settings = map[string]string{
	"statement_timeout": "60s",
	// The server waits for the rest of a transaction from a machine that went
	// away, and holds the lock on change numbers meanwhile.
	"idle_in_transaction_session_timeout": "60s",
	// Without it, a planner that has no statistics yet reads whole tables
	// where an index has the few hundred rows that we ask for.
	"random_page_cost": "1.1",
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// connectPostgres opens the pool and asks for the schema.
func (d *DB) connectPostgres(ctx context.Context, dsn string, patient bool) error {
	cfg, err := postgresConfig(dsn)
	if err != nil {
		return err
	}
	if patient {
		cfg.Runtime["statement_timeout"] = "0"
	}
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return fmt.Errorf("database %s: %w", cfg.Database, err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	d.dialect, d.read = postgres, sqlx.NewDb(pool, "postgres")

	const schema = `SELECT COALESCE(CURRENT_SCHEMA(), '')`
	if err := d.read.GetContext(ctx, &d.schema, schema); err != nil {
		pool.Close()
		return fmt.Errorf("connect to database %s on %s: %w", cfg.Database, cfg.Host, err)
	}
	if d.schema == "" {
		pool.Close()
		return fmt.Errorf("database %s has no schema on the search path", cfg.Database)
	}
	return nil
}

// postgresConfig reads dsn, the environment and the service file as lib/pq does,
// and adds what a ledger needs. Its errors don't quote dsn, which may hold a
// password.
func postgresConfig(dsn string) (pq.Config, error) {
	if _, err := url.Parse(dsn); err != nil {
		return pq.Config{}, errors.New("the address of the database is not a URL like postgres://user@host/database;" +
			" characters such as # and % in a password are written %23 and %25")
	}
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		return pq.Config{}, errors.New("the address of the database, or one of the environment's PG… variables, has a parameter" +
			" that is unknown or can't be read")
	}
	if err := verify(&cfg); err != nil {
		return pq.Config{}, err
	}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "passmill"
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	cfg.BinaryParameters = true // one round trip for a statement instead of two
	cfg = cfg.Clone()
	for name, value := range settings {
		if cfg.Runtime[name] == "" {
			cfg.Runtime[name] = value
		}
	}
	return cfg, nil
}

// verify sees to it that the server is verified, unless it is on this machine.
func verify(cfg *pq.Config) error {
	isLocal := local(cfg.Host, cfg.Hostaddr) && !slices.ContainsFunc(cfg.Multi, func(m pq.ConfigMultihost) bool {
		return !local(m.Host, m.Hostaddr)
	})
	switch {
	case cfg.SSLMode == pq.SSLModeVerifyFull:
		return nil
	case isLocal && cfg.SSLMode == "":
		cfg.SSLMode = pq.SSLModeDisable
		return nil
	case isLocal:
		return nil
	case cfg.SSLMode == "":
		cfg.SSLMode = pq.SSLModeVerifyFull
		return nil
	}
	return fmt.Errorf("%w: sslmode is %q for host %s\nwrite sslmode=verify-full, and sslrootcert=FILE if the server's certificate is signed by an authority of your own",
		ErrUnverified, cfg.SSLMode, cfg.Host)
}

// local reports whether a connection stays on this machine: a Unix socket or a
// loopback address.
func local(host string, addr netip.Addr) bool {
	if addr.IsValid() {
		return addr.IsLoopback()
	}
	if host == "" || host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}
