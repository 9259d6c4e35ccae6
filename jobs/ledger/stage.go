package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"passmill/jobs"
)

var insertRows = bulk{
	head: `INSERT INTO rows (run_id, number, serial, fingerprint, contact, data, name, bundle)`,
	row:  `(?, ?, ?, ?, ?, ?, ?, ?)`,
}

// Stage implements [jobs.Snapshot]. The run must be importing.
func (d *DB) Stage(ctx context.Context, run int64, b jobs.Batch) error {
	const query = `
		INSERT INTO batches (run_id, number, staged, unchanged, refused, held, seen)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (run_id, number) DO NOTHING`
	seen, unchanged := encodeSeen(b.Seen)
	err := d.write(ctx, stepStage, func(t *tx) error {
		if err := t.importing(ctx, run); err != nil {
			return err
		}
		n, err := t.affect(ctx, query, run, b.Number, len(b.Staged), unchanged, b.Refused, b.Held, seen)
		if err != nil || n == 0 {
			return err // none: the batch is there already
		}
		err = t.insert(ctx, insertRows, len(b.Staged), func(dst []any, i int) []any {
			s := &b.Staged[i]
			return append(dst, run, s.Row, s.Serial, s.Fingerprint[:], contactOf(s), notNil(s.Values), s.Name, s.Bundle)
		}, nil)
		if err != nil {
			return err
		}
		return t.insertProblems(ctx, run, b.Number, b.Problems, func(i int) int64 { return int64(i) })
	})
	if err != nil {
		return fmt.Errorf("store batch %d of run %d: %w", b.Number, run, err)
	}
	return nil
}

// Withdraw implements [jobs.Snapshot]. The run must be importing. That the rows
// are refused is counted by the batch that holds their problems.
func (d *DB) Withdraw(ctx context.Context, run int64, rows []int, seen []int64) error {
	const query = `DELETE FROM rows WHERE run_id = ? AND number IN (` + listMark + `)`
	err := d.write(ctx, stepWithdraw, func(t *tx) error {
		if err := t.importing(ctx, run); err != nil {
			return err
		}
		if _, err := execList(ctx, t, query, rows, run); err != nil {
			return err
		}
		return t.unsee(ctx, run, seen)
	})
	if err != nil {
		return fmt.Errorf("withdraw rows of run %d: %w", run, err)
	}
	return nil
}

// unsee takes passes out of the lists of unchanged ones.
func (t *tx) unsee(ctx context.Context, run int64, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	const (
		some   = `SELECT number, seen FROM batches WHERE run_id = ? AND number > ? ORDER BY number LIMIT 100`
		update = `UPDATE batches SET unchanged = ?, seen = ? WHERE run_id = ? AND number = ?`
	)
	gone := make(map[int64]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	for last := 0; ; {
		page, err := t.batches(ctx, some, run, last)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, b := range page {
			last = b.number
			had, err := decodeSeen(b.seen)
			if err != nil {
				return fmt.Errorf("batch %d: %w", b.number, err)
			}
			left := slices.DeleteFunc(slices.Clone(had), func(id int64) bool { return gone[id] })
			if len(left) == len(had) {
				continue
			}
			seen, n := encodeSeen(left)
			if _, err := t.exec(ctx, update, n, seen, run, b.number); err != nil {
				return err
			}
		}
	}
}

type seenBatch struct {
	number int
	seen   []byte
}

func (t *tx) batches(ctx context.Context, query string, args ...any) (page []seenBatch, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		var b seenBatch
		err := rows.Scan(&b.number, &b.seen)
		page = append(page, b)
		return err
	}, query, args...)
	return page, err
}

// importing makes sure that the run takes rows, and keeps it so.
func (t *tx) importing(ctx context.Context, run int64) error {
	const query = `SELECT state FROM runs WHERE id = ? FOR UPDATE`
	var state jobs.RunState
	found, err := t.one(ctx, []any{&state}, query, run)
	switch {
	case err != nil:
		return err
	case !found:
		return jobs.ErrNotFound
	case state != jobs.RunImporting:
		return fmt.Errorf("the run is %s and takes no more rows", state)
	}
	return nil
}

// Imported ends the import of a run: it adds up its batches and lets it press.
// Said again, it changes nothing and returns the counts as they are.
func (d *DB) Imported(ctx context.Context, run int64) (jobs.Count, error) {
	// Rows are counted, not added up: some may have been withdrawn.
	const query = `
		UPDATE runs
		SET state = 'pressing',
			unchanged = (SELECT COALESCE(SUM(unchanged), 0) FROM batches WHERE run_id = runs.id),
			refused = (SELECT COALESCE(SUM(refused), 0) FROM batches WHERE run_id = runs.id),
			held = (SELECT COALESCE(SUM(held), 0) FROM batches WHERE run_id = runs.id),
			total = (SELECT COALESCE(SUM(unchanged + refused), 0) FROM batches WHERE run_id = runs.id)
				+ (SELECT COUNT(*) FROM rows WHERE run_id = runs.id)
		WHERE id = ? AND state = 'importing'`
	err := d.write(ctx, stepImported, func(t *tx) error {
		_, err := t.exec(ctx, query, run)
		return err
	})
	if err != nil {
		return jobs.Count{}, fmt.Errorf("end the import of run %d: %w", run, err)
	}
	r, err := d.Run(ctx, run)
	return r.Count, err
}

// notNil returns an empty slice for nil, which would be NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// contactOf returns the hash over what only mails need; empty if that is nothing.
func contactOf(s *jobs.Staged) []byte {
	if s.Contact == (jobs.Hash{}) {
		return []byte{}
	}
	return s.Contact[:]
}
