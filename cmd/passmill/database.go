package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"passmill/jobs/ledger"
	"passmill/jobs/table"
)

// sourceVariable names the database of jobs over the classic tables that name
// none themselves.
const sourceVariable = "PASSMILL_SOURCE_DATABASE"

// sinceMargin is how far before the last good run :since lies: for transactions
// that were open at its beginning, and for clocks that differ.
const sinceMargin = time.Hour

// database returns the database that the job's rows come from.
func (w *work) database() (string, error) {
	s := w.job.Source
	if s.DatabaseEnv != "" {
		return fromEnvironment(s.DatabaseEnv)
	}
	if s.Database != "" {
		return w.databasePath(s.Database), nil
	}
	return defaultDatabase(w.dir)
}

// databaseName returns what stays the same for one database, whoever may open it
// with whatever password.
func (w *work) databaseName() string {
	database, err := w.database()
	if err != nil {
		return "" // then it could not be opened either
	}
	if u, err := url.Parse(database); err == nil && isURL(database) {
		u.User = nil
		query := u.Query()
		query.Del("password")
		u.RawQuery = query.Encode()
		return u.String()
	}
	return database
}

func fromEnvironment(name string) (string, error) {
	if value := os.Getenv(name); value != "" {
		return value, nil
	}
	return "", fmt.Errorf("the environment has no variable %s; set it to the path of an SQLite file or a postgres:// URL", name)
}

// databasePath returns where a database of the job is: URLs are left alone.
func (w *work) databasePath(database string) string {
	if isURL(database) {
		return database
	}
	return w.path(database)
}

var errNoDatabase = fmt.Errorf("no database is named; write database: or databaseEnv: under source in the job, set %s, or write sourceDatabase: into %s", sourceVariable, settingsFile)

// defaultDatabase returns the one that the environment or passmill.yaml names for
// all jobs of a folder.
func defaultDatabase(dir string) (string, error) {
	if value := os.Getenv(sourceVariable); value != "" {
		return value, nil
	}
	space, err := findWorkspace(dir, "")
	if err != nil {
		return "", err
	}
	set, err := space.settings()
	if err != nil {
		return "", err
	}
	switch {
	case set.SourceDatabase == "":
		return "", errNoDatabase
	case isURL(set.SourceDatabase) || filepath.IsAbs(set.SourceDatabase):
		return set.SourceDatabase, nil
	}
	return filepath.Join(space.dir, set.SourceDatabase), nil
}

func (w *work) openQuery(ctx context.Context) (rowSource, error) {
	database, err := w.database()
	if err != nil {
		return nil, err
	}
	s := w.job.Source
	q, err := table.OpenQuery(ctx, table.QueryOptions{Database: database, SQL: s.Query, Params: s.Params, Key: s.Key, TimeZone: s.TimeZone})
	if err != nil {
		return nil, err // not a *table.Query that is nil
	}
	return q, nil
}

// keyOf tells a query by which column its rows are told apart: that of the serial
// number, unless the job names one.
func (w *work) keyOf() error {
	q, ok := w.source.(*table.Query)
	if !ok {
		return nil
	}
	return q.SetKey(cmp.Or(w.job.Source.Key, w.schema.Header(w.schema.Index(w.job.Serial))))
}

// ready prepares a source for being read to its end; since is when the last good
// run began, if there was one.
func (w *work) ready(ctx context.Context, since time.Time) error {
	if c, ok := w.source.(*table.Classic); ok {
		return c.Count(ctx)
	}
	q, ok := w.source.(*table.Query)
	if !ok {
		return nil
	}
	if !since.IsZero() {
		since = since.Add(-sinceMargin)
	}
	q.SetSince(since)
	return q.Count(ctx)
}

// ready prepares the source for a run; db is nil if there is no ledger yet.
func (m *maker) ready(ctx context.Context, db *ledger.DB, sink string) error {
	q, ok := m.work.source.(*table.Query)
	var since time.Time
	if ok && q.HasSince() && db != nil && !m.Force && m.Limit == 0 && len(m.Only) == 0 {
		var err error
		if since, err = db.LastGood(ctx, m.work.key(m.rowOptions, m.Force, m.Canary, m.work.target(sink))); err != nil {
			return err
		}
	}
	if c, ok := m.work.source.(*table.Classic); ok {
		c.SetAll(m.Force)
	}
	return m.work.ready(ctx, since)
}
