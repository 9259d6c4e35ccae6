// Package connect says how databases are reached: a PostgreSQL server only if it
// proves who it is or is on this machine, an SQLite file by an address that no
// letter of its path can break, and which errors pass if one tries again.
//
// It is a room of its own because two rooms open databases, the ledger its own
// and table the user's, and rooms under jobs do not import each other: a way to
// connect without proof must not creep in by one of two copies. It belongs
// neither to jobs, which knows of no driver, nor to the ledger, whose tables the
// user's database does not have. It knows nothing of tables and statements.
package connect
