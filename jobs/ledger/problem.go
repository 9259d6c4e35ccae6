package ledger

import (
	"context"
	"fmt"
	"iter"
	"math"

	"passmill/jobs"
)

// pressBatch is the batch of problems that are found while pressing: the last
// one of a run, since they are found last.
const pressBatch = math.MaxInt32

// insertProblems stores problems at the positions in a batch. The value of a
// cell is never stored.
func (t *tx) insertProblems(ctx context.Context, run int64, batch int, problems []jobs.Problem, position func(i int) int64) error {
	b := bulk{
		head: `INSERT INTO problems (run_id, batch, position, file, sheet, sheet_row, sheet_column, field, serial, code, severity, message, fix)`,
		row:  `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tail: ` ON CONFLICT (run_id, batch, position) DO NOTHING`,
	}
	return t.insert(ctx, b, len(problems), func(dst []any, i int) []any {
		p := &problems[i]
		return append(dst, run, batch, position(i), p.Origin.File, p.Origin.Sheet, p.Origin.Row, p.Origin.Column,
			p.Field, p.Serial, p.Code, string(p.Severity), p.Message, p.Fix)
	}, nil)
}

// Problems iterates over the problems of a run, in the order in which they were
// found; those of pressing come last. Value is empty: it isn't stored. Errors
// are told as [jobs.Source] says. The sequence can be used again, breaking is
// allowed, and nothing is held between two steps.
func (d *DB) Problems(ctx context.Context, run int64) iter.Seq2[jobs.Problem, error] {
	const query = `
		SELECT batch, position, file, sheet, sheet_row, sheet_column, field, serial, code, severity, message, fix
		FROM problems
		WHERE run_id = ? AND (batch > ? OR (batch = ? AND position > ?))
		ORDER BY batch, position
		LIMIT 500`
	return func(yield func(jobs.Problem, error) bool) {
		batch, position := int64(-1), int64(-1)
		for {
			var page []problemRow
			if err := d.list(ctx, &page, query, run, batch, batch, position); err != nil {
				yield(jobs.Problem{}, fmt.Errorf("problems of run %d: %w", run, err))
				return
			}
			if len(page) == 0 {
				return
			}
			for i := range page {
				if !yield(page[i].problem(), nil) {
					return
				}
			}
			last := page[len(page)-1]
			batch, position = last.Batch, last.Position
		}
	}
}

// A problemRow is a row of the table problems.
type problemRow struct {
	Batch    int64         `db:"batch"`
	Position int64         `db:"position"`
	File     string        `db:"file"`
	Sheet    string        `db:"sheet"`
	Row      int           `db:"sheet_row"`
	Column   string        `db:"sheet_column"`
	Field    string        `db:"field"`
	Serial   string        `db:"serial"`
	Code     string        `db:"code"`
	Severity jobs.Severity `db:"severity"`
	Message  string        `db:"message"`
	Fix      string        `db:"fix"`
}

func (r *problemRow) problem() jobs.Problem {
	return jobs.Problem{
		Origin:   jobs.Origin{File: r.File, Sheet: r.Sheet, Row: r.Row, Column: r.Column},
		Field:    r.Field,
		Serial:   r.Serial,
		Code:     r.Code,
		Severity: r.Severity,
		Message:  r.Message,
		Fix:      r.Fix,
	}
}
