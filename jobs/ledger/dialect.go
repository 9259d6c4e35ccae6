package ledger

import (
	"strings"

	"github.com/jmoiron/sqlx"
)

// A dialect is the kind of database. Statements are written once, with ? for
// parameters, and put into it; only their own text passes through here, never a
// user's.
type dialect int

const (
	sqlite dialect = iota
	postgres
)

// sql returns a statement in the dialect.
func (d dialect) sql(query string) string {
	if d == postgres {
		return sqlx.Rebind(sqlx.DOLLAR, query)
	}
	// SQLite has one writer, and no rows to lock.
	return strings.TrimSuffix(query, " FOR UPDATE")
}

// folder returns the name of the dialect's folder of migrations.
func (d dialect) folder() string {
	if d == postgres {
		return "postgres"
	}
	return "sqlite"
}
