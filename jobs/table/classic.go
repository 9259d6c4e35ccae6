package table

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/lib/pq"

	"passmill/jobs"
	"passmill/jobs/connect"
)

// SerialColumn is the name of the first column of a [Classic].
const SerialColumn = "SerialNumber"

// pageRows is how many passes are read at once, with their fields and
// dictionaries: few enough to keep in memory, enough to make statements rare.
const pageRows = 500

// A Classic holds the passes of the four classic tables that are to be made: one
// row for each row of pass_job that is open. It implements [jobs.Source] and is
// not safe for concurrent use.
//
// Its columns are the serial number, the names in pass_job_field, and the
// sections in pass_job_dictionary, whose cells are lists of dictionaries in JSON.
// A page of passes is read in one transaction, so that fields and dictionaries
// are those of the updated mark that was read with them.
type Classic struct {
	db      *database
	dsn     string
	typeID  string
	current Foundation
	columns []jobs.Column
	index   map[string]int // of columns, by folded name
	hash    jobs.Hash
	count   int
	all     bool
}

// ClassicOptions say whose passes a [Classic] has.
type ClassicOptions struct {
	Database string // path of an SQLite file, or a postgres:// URL
	TypeID   string // pass type identifier; if empty, the only one in pass_foundation
	Now      time.Time
}

var _ jobs.Source = (*Classic)(nil)

// OpenClassic opens the database, which stays as it is, and finds the row of
// pass_foundation that is in force. The caller closes the Classic.
func OpenClassic(ctx context.Context, o ClassicOptions) (*Classic, error) {
	db, err := open(ctx, o.Database, toRead)
	if err != nil {
		return nil, err
	}
	c := &Classic{db: db, dsn: o.Database}
	rand.Read(c.hash[:]) // nobody knows whether a database is as it was
	if err := again(ctx, func() error { return c.open(ctx, o) }); err != nil {
		db.close()
		return nil, err
	}
	return c, nil
}

func (c *Classic) open(ctx context.Context, o ClassicOptions) (err error) {
	if err := c.db.checkTables(ctx); err != nil {
		return err
	}
	if c.current, err = c.db.foundation(ctx, o.TypeID, o.Now); err != nil {
		return err
	}
	c.typeID = c.current.TypeID
	c.columns, c.index = nil, map[string]int{}
	c.addColumn(SerialColumn)
	for _, of := range []struct{ table, column string }{{"pass_job_field", "name"}, {"pass_job_dictionary", "section"}} {
		names, err := c.distinct(ctx, of.table, of.column)
		if err != nil {
			return fmt.Errorf("read %s: %w", of.table, err)
		}
		for _, name := range names {
			if of.column == "section" {
				name = cmp.Or(sectionOf(name), name)
			}
			c.addColumn(name)
		}
	}
	return nil
}

// addColumn adds a column unless there is one of that name.
func (c *Classic) addColumn(name string) {
	if _, there := c.index[jobs.FoldName(name)]; !there {
		c.index[jobs.FoldName(name)] = len(c.columns)
		c.columns = append(c.columns, jobs.Column{Name: name})
	}
}

// distinct returns the values of a column, looking for one behind the other in
// the index: there are few of them in very many rows.
func (c *Classic) distinct(ctx context.Context, table, column string) (values []string, err error) {
	query := fmt.Sprintf(`
		WITH RECURSIVE found (value) AS (
			SELECT MIN(%[2]s) FROM %[1]s WHERE pass_type_identifier = $1
			UNION ALL
			SELECT (SELECT MIN(%[2]s) FROM %[1]s WHERE pass_type_identifier = $1 AND %[2]s > found.value) FROM found WHERE found.value IS NOT NULL
		)
		SELECT value FROM found WHERE value IS NOT NULL`, table, column)
	err = connect.Each(c.db.pool.QueryContext(ctx, query, c.typeID))(func(rows *sql.Rows) error {
		var value string
		err := rows.Scan(&value)
		values = append(values, value)
		return err
	})
	return values, err
}

// Foundation returns the row of pass_foundation that is in force.
func (c *Classic) Foundation() Foundation { return c.current }

// Columns implements [jobs.Source].
func (c *Classic) Columns() []jobs.Column { return slices.Clone(c.columns) }

// SetAll says whether rows that are not open are wanted too.
func (c *Classic) SetAll(all bool) { c.all = all }

// where is the condition of the rows that are wanted: open are those that are
// not completed, and those that were updated since we made their passes. What
// somebody else has completed has no made_for and is left alone.
func (c *Classic) where() string {
	if c.all {
		return "pass_type_identifier = $1"
	}
	return "pass_type_identifier = $1 AND (NOT completed OR made_for <> updated)"
}

// Count counts the rows, for AtMost.
func (c *Classic) Count(ctx context.Context) error {
	err := again(ctx, func() error {
		return c.db.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM pass_job WHERE "+c.where(), c.typeID).Scan(&c.count)
	})
	if err != nil {
		return fmt.Errorf("count the rows of pass_job in %s: %w", c.db.name, err)
	}
	return nil
}

// AtMost returns what [Classic.Count] has counted.
func (c *Classic) AtMost() int { return c.count }

// Hash returns another one for each Classic: nobody knows whether a database is
// as it was.
func (c *Classic) Hash() jobs.Hash { return c.hash }

// Notes returns nothing.
func (c *Classic) Notes() []jobs.Problem { return nil }

// Close closes the database.
func (c *Classic) Close() error { return c.db.close() }

// Rows implements [jobs.Source]. Each row has a Mark for a [Marker]: what finds it
// again, as it was read.
func (c *Classic) Rows(ctx context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		number, last := 0, sql.NullString{}
		for {
			var page []pass
			err := ctx.Err()
			if err == nil {
				err = again(ctx, func() (err error) {
					page, err = c.page(ctx, last)
					return err
				})
			}
			if err != nil {
				yield(jobs.Row{}, fmt.Errorf("read the passes of %s: %w", c.db.name, err))
				return
			}
			if len(page) == 0 {
				return
			}
			for i := range page {
				number++
				if !yield(c.row(&page[i], number), nil) {
					return
				}
			}
			last = sql.NullString{String: page[len(page)-1].serial, Valid: true}
		}
	}
}

// A pass is a row of pass_job with what belongs to it.
type pass struct {
	serial       string
	mark         string
	fields       []field
	dictionaries []dictionary
}

type field struct {
	name  string
	value sql.NullString
}

// page reads the first passes, or those behind a serial number, in one
// transaction.
func (c *Classic) page(ctx context.Context, last sql.NullString) ([]pass, error) {
	var o *sql.TxOptions
	if c.db.postgres {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := c.db.pool.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	var page []pass
	behind, args := "", []any{c.typeID}
	if last.Valid {
		behind, args = " AND serial_number > $2", append(args, last.String)
	}
	query := fmt.Sprintf("SELECT serial_number, %s FROM pass_job WHERE %s%s ORDER BY serial_number LIMIT %d", c.db.mark(), c.where(), behind, pageRows)
	err = connect.Each(tx.QueryContext(ctx, query, args...))(func(rows *sql.Rows) error {
		var p pass
		err := rows.Scan(&p.serial, &p.mark)
		page = append(page, p)
		return err
	})
	if err != nil || len(page) == 0 {
		return nil, err
	}
	index := make(map[string]*pass, len(page))
	serials := make([]string, len(page))
	for i := range page {
		index[page[i].serial], serials[i] = &page[i], page[i].serial
	}
	return page, c.fill(ctx, tx, index, c.db.list(serials))
}

// markCut stands in a row's Mark behind the updated mark, which does not hold it,
// and in front of the serial number in pass_job, which need not be the pass's.
const markCut = "\x00"

// mark is the expression for the updated mark: a text from which nothing is lost,
// whatever its type.
func (d *database) mark() string {
	if d.postgres {
		return "COALESCE(updated::text, '')"
	}
	return "QUOTE(updated)"
}

// list returns texts as one parameter.
func (d *database) list(texts []string) any {
	if d.postgres {
		return pq.Array(texts)
	}
	list, _ := json.Marshal(texts) // strings can't fail
	return string(list)
}

// fill reads the fields and dictionaries of a page.
func (c *Classic) fill(ctx context.Context, tx *sql.Tx, index map[string]*pass, serials any) error {
	in := "pass_type_identifier = $1 AND serial_number IN (SELECT value FROM JSON_EACH($2))"
	if c.db.postgres {
		in = "pass_type_identifier = $1 AND serial_number = ANY ($2)"
	}
	query := "SELECT serial_number, name, value FROM pass_job_field WHERE " + in
	err := connect.Each(tx.QueryContext(ctx, query, c.typeID, serials))(func(rows *sql.Rows) error {
		var serial string
		var f field
		if err := rows.Scan(&serial, &f.name, &f.value); err != nil {
			return err
		}
		index[serial].fields = append(index[serial].fields, f)
		return nil
	})
	if err != nil {
		return err
	}
	query = "SELECT serial_number, section, position, key, label, value, change_message, attributes FROM pass_job_dictionary WHERE " + in + " ORDER BY serial_number, section, position"
	return connect.Each(tx.QueryContext(ctx, query, c.typeID, serials))(func(rows *sql.Rows) error {
		var serial string
		var d dictionary
		if err := rows.Scan(&serial, &d.section, &d.position, &d.key, &d.label, &d.value, &d.changeMessage, &d.attributes); err != nil {
			return err
		}
		index[serial].dictionaries = append(index[serial].dictionaries, d)
		return nil
	})
}
