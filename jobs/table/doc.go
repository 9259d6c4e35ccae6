// Package table reads the rows of a job from a user's database: those of an SQL
// query, and the passes of the four classic tables.
//
// It speaks to PostgreSQL and to SQLite. What it reads it streams by a key, so
// that memory does not grow with the number of rows and a lost connection costs
// nothing but a new beginning behind the last key. A database that is only read
// is opened so that nothing can be written.
//
// It knows nothing of templates, of the ledger and of our own tables: what the
// ledger knows is handed to it.
package table
