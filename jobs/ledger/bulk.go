package ledger

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"strings"
)

// A bulk is an INSERT of any number of rows: head, then row for each of them,
// then tail.
type bulk struct {
	head, row, tail string
}

// sizes are the numbers of rows of one statement, so that a handful of prepared
// statements serves lists of any length. Times the columns of our widest table,
// the first stays far below what SQLite (32,766) and PostgreSQL (65,535) bind.
var sizes = []int{256, 64, 16, 4, 1}

// groups splits n rows into ranges, each as long as one of sizes.
func groups(n int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		from := 0
		for _, size := range sizes {
			for ; n-from >= size; from += size {
				if !yield(from, from+size) {
					return
				}
			}
		}
	}
}

func (b bulk) sql(n int) string {
	return b.head + " VALUES " + b.row + strings.Repeat(", "+b.row, n-1) + b.tail
}

// insert inserts n rows, whose values args appends to its argument, and calls
// scan for each row that comes back; scan is nil if none does.
func (t *tx) insert(ctx context.Context, b bulk, n int, args func(dst []any, i int) []any, scan func(*sql.Rows) error) error {
	var values []any
	for from, to := range groups(n) {
		values = values[:0]
		for i := from; i < to; i++ {
			values = args(values, i)
		}
		var err error
		if scan == nil {
			_, err = t.exec(ctx, b.sql(to-from), values...)
		} else {
			err = t.each(ctx, scan, b.sql(to-from), values...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listMark stands in a statement where the parameters of a list are to stand.
const listMark = "@list"

// listMax is the longest list of one statement.
const listMax = 512

// lists puts parameters for a list in the place of listMark, and yields the
// statement and the list for as many statements as it takes. The length is a
// power of two, so that few statements serve all: the last member is repeated,
// which changes nothing for IN.
func lists[T any](query string, list []T) iter.Seq2[string, []any] {
	return func(yield func(string, []any) bool) {
		for part := range slices.Chunk(list, listMax) {
			size := 8
			for size < len(part) {
				size *= 2
			}
			args := make([]any, size)
			for i := range args {
				args[i] = part[min(i, len(part)-1)]
			}
			marks := "?" + strings.Repeat(", ?", size-1)
			if !yield(strings.Replace(query, listMark, marks, 1), args) {
				return
			}
		}
	}
}

// execList executes a statement with a list, which comes after the other
// arguments, and returns how many rows it changed.
func execList[T any](ctx context.Context, t *tx, query string, list []T, args ...any) (n int64, err error) {
	for query, part := range lists(query, list) {
		k, err := t.affect(ctx, query, append(slices.Clone(args), part...)...)
		if err != nil {
			return n, err
		}
		n += k
	}
	return n, nil
}

// eachList queries with a list, which comes after the other arguments.
func eachList[T any](ctx context.Context, t *tx, scan func(*sql.Rows) error, query string, list []T, args ...any) error {
	for query, part := range lists(query, list) {
		if err := t.each(ctx, scan, query, append(slices.Clone(args), part...)...); err != nil {
			return err
		}
	}
	return nil
}
