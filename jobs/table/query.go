package table

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
)

// sinceName is the parameter that passmill sets itself.
const sinceName = "since"

// QueryOptions say which rows a [Query] has.
type QueryOptions struct {
	Database string            // path of an SQLite file, or a postgres:// URL
	SQL      string            // SELECT …
	Params   map[string]string // values of its parameters, but for :since
	Key      string            // the column that tells rows apart, if that is known
	TimeZone string            // in which points in time are shown; UTC if empty
}

// A Query holds the rows of an SQL query. It implements [jobs.Source] and is not
// safe for concurrent use.
//
// Its rows are read by one statement, in the order of the key. If the connection
// is lost, the statement is done again for the rows behind the last key; so one
// reading may join two states of the database, but loses and doubles nothing.
type Query struct {
	db        *database
	statement statement
	args      []any
	columns   []column
	key       int // of columns
	zone      *time.Location
	hash      jobs.Hash
	count     int
}

// A column is one of a query's.
type column struct {
	name string
	kind string // the database's name of its type, in capitals
}

var _ jobs.Source = (*Query)(nil)

// OpenQuery opens the database, which stays as it is, and asks it for the query's
// columns. Everything that is wrong with the query is reported at once, as far as
// one thing can be looked at without the other. The caller closes the Query.
func OpenQuery(ctx context.Context, o QueryOptions) (*Query, error) {
	zone, err := time.LoadLocation(o.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is unknown; write a name such as Europe/Berlin", o.TimeZone)
	}
	db, err := open(ctx, o.Database, toRead)
	if err != nil {
		return nil, err
	}
	q := &Query{db: db, zone: zone}
	rand.Read(q.hash[:]) // nobody knows whether a database is as it was
	if err := q.open(ctx, o); err != nil {
		db.close()
		return nil, fmt.Errorf("query of %s: %w", db.name, err)
	}
	return q, nil
}

func (q *Query) open(ctx context.Context, o QueryOptions) (err error) {
	if q.statement, err = parseStatement(o.SQL, q.db.postgres); err != nil {
		return err
	}
	if err := q.bind(o.Params); err != nil {
		return err
	}
	err = again(ctx, func() error { return q.describe(ctx) })
	if err != nil {
		return q.explain(err)
	}
	if err := q.checkColumns(); err != nil || o.Key == "" {
		return err
	}
	return q.SetKey(o.Key)
}

// bind gives each parameter its value.
func (q *Query) bind(given map[string]string) error {
	var errs []error
	names := q.statement.names
	for _, name := range names {
		value, ok := given[name]
		if !ok && name != sinceName {
			errs = append(errs, fmt.Errorf("parameter :%s has no value; write it under params:%s", name, didYouMean(name, append(slices.Collect(maps.Keys(given)), sinceName))))
		}
		q.args = append(q.args, value)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case name == sinceName:
			errs = append(errs, errors.New("params: since is set by passmill itself; take another name"))
		case !slices.Contains(names, name):
			errs = append(errs, fmt.Errorf("params: the query has no :%s%s", name, didYouMean(name, names)))
		}
	}
	q.SetSince(time.Time{})
	return errors.Join(errs...)
}

func didYouMean(word string, names []string) string {
	if near := jobs.Nearest(word, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// describe asks for the names and types of the columns.
func (q *Query) describe(ctx context.Context) error {
	rows, err := q.db.pool.QueryContext(ctx, "SELECT * FROM (\n"+q.statement.text+"\n) AS q LIMIT 0", q.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	q.columns = q.columns[:0]
	for _, t := range types {
		kind, _, _ := strings.Cut(strings.ToUpper(t.DatabaseTypeName()), "(")
		q.columns = append(q.columns, column{name: t.Name(), kind: strings.TrimSpace(kind)})
	}
	return cmp.Or(rows.Err(), rows.Close())
}

// repeated is how SQLite calls the second column of a name in a subquery.
var repeated = regexp.MustCompile(`^(.+):\d+$`)

// checkColumns reports every column that can't be one of a source.
func (q *Query) checkColumns() error {
	var errs []error
	seen := map[string]string{}
	for i, c := range q.columns {
		name := c.name
		if m := repeated.FindStringSubmatch(name); m != nil && !q.db.postgres {
			name = m[1]
		}
		folded := jobs.FoldName(name)
		switch first, twice := seen[folded]; {
		case folded == "" || name == "?column?":
			errs = append(errs, fmt.Errorf("column %d has no name; write AS and a name behind it", i+1))
		case twice:
			errs = append(errs, fmt.Errorf("columns %q and %q have one name (case, spaces, _ and - count for nothing); write AS and another name behind one of them", first, name))
		case c.kind == "BYTEA" || c.kind == "BLOB":
			errs = append(errs, fmt.Errorf("column %q holds binary data; leave it out of the query", name))
		}
		seen[folded] = name
	}
	return errors.Join(errs...)
}

// Columns implements [jobs.Source].
func (q *Query) Columns() []jobs.Column {
	columns := make([]jobs.Column, len(q.columns))
	for i, c := range q.columns {
		columns[i].Name = c.name
	}
	return columns
}

// SetKey names the column by which rows are told apart. It must be named before
// rows are read.
func (q *Query) SetKey(name string) error {
	names := make([]string, len(q.columns))
	for i, c := range q.columns {
		names[i] = c.name
	}
	q.key = slices.IndexFunc(names, func(n string) bool { return jobs.FoldName(n) == jobs.FoldName(name) })
	if q.key < 0 {
		return fmt.Errorf("key: the query has no column %q%s", name, didYouMean(name, names))
	}
	return nil
}

// HasSince reports whether the query asks for :since.
func (q *Query) HasSince() bool { return slices.Contains(q.statement.names, sinceName) }

// SetSince sets :since, in UTC. The zero time, to begin with, means all rows.
func (q *Query) SetSince(t time.Time) {
	text := "0001-01-01 00:00:00" // as old as both databases know
	if !t.IsZero() {
		text = t.UTC().Format(time.DateTime)
	}
	if q.db.postgres {
		text += "+00"
	}
	if i := slices.Index(q.statement.names, sinceName); i >= 0 {
		q.args[i] = text
	}
}

// Count counts the rows, for AtMost, and sees to it that each has a key.
func (q *Query) Count(ctx context.Context) error {
	query := fmt.Sprintf("SELECT COUNT(*), COUNT(q.%s) FROM (\n%s\n) AS q", quoteName(q.columns[q.key].name), q.statement.text)
	var all, keys int
	err := again(ctx, func() error { return q.db.pool.QueryRowContext(ctx, query, q.args...).Scan(&all, &keys) })
	if err == nil && keys < all {
		err = q.noKey(all - keys)
	}
	if err != nil {
		return fmt.Errorf("query of %s: %w", q.db.name, q.explain(err))
	}
	q.count = all
	return nil
}

func (q *Query) noKey(rows int) error {
	return fmt.Errorf("the key %s is NULL in %d of the rows; give them one, leave them out (WHERE %s IS NOT NULL), or name another column under key: in the job",
		q.columns[q.key].name, rows, q.columns[q.key].name)
}

// AtMost returns what [Query.Count] has counted.
func (q *Query) AtMost() int { return q.count }

// Hash returns another one for each Query: nobody knows whether a database is as
// it was.
func (q *Query) Hash() jobs.Hash { return q.hash }

// Notes returns nothing: what there is to say of a query refuses it.
func (q *Query) Notes() []jobs.Problem { return nil }

// Close closes the database.
func (q *Query) Close() error { return q.db.close() }
