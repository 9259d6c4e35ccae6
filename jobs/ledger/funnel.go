package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"passmill/jobs"
)

var addFunnel = bulk{
	head: `INSERT INTO funnel (day, job, step, count)`,
	row:  `(?, ?, ?, ?)`,
	tail: ` ON CONFLICT (day, job, step) DO UPDATE SET count = funnel.count + excluded.count`,
}

// day returns the day that a moment is counted for.
func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// count adds to the funnel within the transaction in which it happens, so that it is
// counted once. n may be 0.
func (t *tx) count(ctx context.Context, job string, step jobs.FunnelStep, n int, at time.Time) error {
	if n == 0 {
		return nil
	}
	return t.insert(ctx, addFunnel, 1, func(dst []any, _ int) []any {
		return append(dst, day(at), job, string(step), n)
	}, nil)
}

// countEach counts a step once for each row that query yields: the name of a job.
func (t *tx) countEach(ctx context.Context, step jobs.FunnelStep, at time.Time, query func(scan func(*sql.Rows) error) error) error {
	counts := map[string]int{}
	err := query(func(rows *sql.Rows) error {
		var job string
		err := rows.Scan(&job)
		counts[job]++
		return err
	})
	if err != nil {
		return err
	}
	for _, job := range slices.Sorted(maps.Keys(counts)) { // who locks in one order waits for nobody in a circle
		if err := t.count(ctx, job, step, counts[job], at); err != nil {
			return err
		}
	}
	return nil
}

// AddFunnel adds counts of what happened outside of the ledger. Repeated after a lost
// answer it may count twice: what is exact is counted by those who record it.
func (d *DB) AddFunnel(ctx context.Context, counts []jobs.FunnelCount) error {
	err := d.write(ctx, stepFunnel, func(t *tx) error {
		return t.insert(ctx, addFunnel, len(counts), func(dst []any, i int) []any {
			c := &counts[i]
			return append(dst, c.Day, c.Job, string(c.Step), c.Count)
		}, nil)
	})
	if err != nil {
		return fmt.Errorf("count %d steps: %w", len(counts), err)
	}
	return nil
}

// Funnel returns the counts of a job, or of all jobs if job is empty, of the days
// from one to another, both included, in their order.
func (d *DB) Funnel(ctx context.Context, job, from, to string) ([]jobs.FunnelCount, error) {
	const (
		all = `SELECT job, day, step, count FROM funnel WHERE day >= ? AND day <= ? ORDER BY day, job, step`
		one = `SELECT job, day, step, count FROM funnel WHERE day >= ? AND day <= ? AND job = ? ORDER BY day, step`
	)
	query, args := all, []any{from, to}
	if job != "" {
		query, args = one, append(args, job)
	}
	var rows []struct {
		Job   string          `db:"job"`
		Day   string          `db:"day"`
		Step  jobs.FunnelStep `db:"step"`
		Count int             `db:"count"`
	}
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read the funnel: %w", err)
	}
	counts := make([]jobs.FunnelCount, len(rows))
	for i, r := range rows {
		counts[i] = jobs.FunnelCount{Job: r.Job, Day: r.Day, Step: r.Step, Count: r.Count}
	}
	return counts, nil
}
