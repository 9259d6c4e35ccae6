package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"passmill/jobs/connect"
)

// ErrUnverified means that a connection to PostgreSQL would leave this machine
// without proof of who answers.
var ErrUnverified = connect.ErrUnverified

const connections = 10

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

// connectPostgres opens the pool and asks for the schema.
func (d *DB) connectPostgres(ctx context.Context, dsn string, patient bool) error {
	cfg, err := connect.Postgres(dsn, settings)
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
