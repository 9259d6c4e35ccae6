package table

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"passmill/jobs"
	"passmill/jobs/connect"
)

// maxEqual bounds the rows of one key, which are kept until it is known that
// they are all: a column with so many equal values tells nothing apart.
const maxEqual = 1000

// Rows implements [jobs.Source]. The rows are numbered as they come; what finds
// one again is the key in its Origin.
func (q *Query) Rows(ctx context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		r := &reading{q: q, yield: yield, begin: q.selection(false), resume: q.selection(true)}
		if err := r.run(ctx); err != nil && !r.left {
			yield(jobs.Row{}, fmt.Errorf("query of %s: %w", q.db.name, err))
		}
	}
}

// selection returns the statement that reads all rows, or those behind a key.
// The key comes first, then whether the row has the key of the one before it,
// then the columns.
func (q *Query) selection(behind bool) string {
	key := "q." + quoteName(q.columns[q.key].name)
	same, where := "0", ""
	if q.db.postgres { // which alone knows what is equal: 1.0 and 1.00, or a and A
		same = fmt.Sprintf("COALESCE(%s = LAG(%s) OVER (ORDER BY %s), FALSE)::int", key, key, key)
	}
	if behind {
		sign := "?"
		if q.db.postgres {
			sign = "$"
		}
		where = fmt.Sprintf("\nWHERE %s > %s%d", key, sign, len(q.args)+1)
	}
	list := []string{q.raw(q.key), same}
	for i := range q.columns {
		list = append(list, q.raw(i))
	}
	return fmt.Sprintf("SELECT %s\nFROM (\n%s\n) AS q%s\nORDER BY %s", strings.Join(list, ", "), q.statement.text, where, key)
}

// A reading is one iteration over the rows.
type reading struct {
	q             *Query
	yield         func(jobs.Row, error) bool
	begin, resume string // statements
	patience      patience

	last   any        // key of the last rows that were delivered; nil before the first
	key    any        // of the rows that are held
	held   []jobs.Row // rows of one key, until the next key is seen
	number int        // of the last row that was delivered
	left   bool       // the consumer wants no more
}

func (r *reading) run(ctx context.Context) error {
	for {
		err := r.once(ctx)
		switch {
		case err == nil || r.left:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !connect.Passing(err), !r.q.db.postgres && r.last != nil: // a file has no connection to lose
			return r.q.explain(err)
		}
		if err := r.patience.wait(ctx, err); err != nil {
			return err
		}
	}
}

// once reads from behind the last key to the end.
func (r *reading) once(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	query, args := r.begin, r.q.args
	if r.last != nil {
		query, args = r.resume, append(args[:len(args):len(args)], r.last)
	}
	r.held = nil // they will come again
	rows, err := r.q.db.pool.QueryContext(ctx, query, args...)
	if err != nil {
		cancel()
		return err
	}
	defer rows.Close()
	defer cancel() // before that, or what was not read would be waited for
	cells := r.q.newCells()
	for rows.Next() {
		if err := rows.Scan(cells.dest...); err != nil {
			return err
		}
		if err := r.take(cells); err != nil || r.left {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	r.flush() // the answer is whole
	return nil
}

// take holds a row back, and delivers those of the key before it.
func (r *reading) take(c *cells) error {
	if c.key() == nil {
		return r.q.noKey(1)
	}
	same := len(r.held) > 0 && (c.same == 1 || !r.q.db.postgres && equal(r.key, c.key()))
	if !same && !r.flush() {
		return nil
	}
	if len(r.held) == maxEqual {
		return fmt.Errorf("more than %d rows have one value in the key %s, which must tell rows apart; name a column that does under key: in the job", maxEqual, r.q.columns[r.q.key].name)
	}
	r.key = c.key()
	r.held = append(r.held, c.row(jobs.Origin{File: r.q.db.name, Key: r.q.columns[r.q.key].name + "=" + keyText(r.key)}))
	return nil
}

// flush delivers what is held, and reports whether more is wanted.
func (r *reading) flush() bool {
	for _, row := range r.held {
		r.number++
		row.Origin.Row = r.number
		if !r.yield(row, nil) {
			r.left = true
			return false
		}
	}
	if len(r.held) > 0 {
		r.last, r.held, r.patience = r.key, r.held[:0], patience{}
	}
	return true
}

func equal(a, b any) bool {
	x, isBytes := a.([]byte)
	y, both := b.([]byte)
	if isBytes || both {
		return isBytes && both && string(x) == string(y)
	}
	return a == b
}

// keyText returns a key for people.
func keyText(key any) string {
	text := fmt.Sprint(key)
	if b, ok := key.([]byte); ok {
		text = fmt.Sprintf("x'%x'", b)
	}
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
	return jobs.Shorten(text)
}
