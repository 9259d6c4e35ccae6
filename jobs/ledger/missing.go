package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"slices"

	"passmill/jobs"
)

// An IDSet is a set of ids of passes, a bit for each.
type IDSet []uint64

// Add puts ids into the set.
func (s *IDSet) Add(ids ...int64) {
	for _, id := range ids {
		for int64(len(*s)) <= id>>6 {
			*s = append(*s, make([]uint64, len(*s)+1)...)
		}
		(*s)[id>>6] |= 1 << (id & 63)
	}
}

// Len returns how many ids are in the set.
func (s IDSet) Len() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Has reports whether an id is in the set.
func (s IDSet) Has(id int64) bool { return id>>6 < int64(len(s)) && s[id>>6]&(1<<(id&63)) != 0 }

// Present returns the passes of a type that rows of a run have: unchanged, made, failed
// or refused. nameless counts the rows that were refused and whose serial number could
// not be read: nobody knows whose they are. Those of people who were erased are of nobody.
func (d *DB) Present(ctx context.Context, run int64, typeID string) (present IDSet, nameless int, err error) {
	const (
		batches = `SELECT seen FROM batches WHERE run_id = ?`
		made    = `SELECT pass_id FROM rows WHERE run_id = ? AND state = 'made'`
		failed  = `SELECT p.id FROM rows r JOIN passes p ON p.serial = r.serial AND p.type_id = ? WHERE r.run_id = ? AND r.state = 'failed'`
		refused = `SELECT p.id FROM problems o JOIN passes p ON p.serial = o.serial AND p.type_id = ? WHERE o.run_id = ? AND o.severity = 'refused'`
		unread  = `SELECT COUNT(*) FROM (SELECT DISTINCT sheet_row FROM problems WHERE run_id = ? AND severity = 'refused' AND serial = '' AND code <> 'erased') AS r`
	)
	err = d.query(ctx, func(rows *sql.Rows) error {
		var seen []byte
		if err := rows.Scan(&seen); err != nil {
			return err
		}
		ids, err := decodeSeen(seen)
		present.Add(ids...)
		return err
	}, batches, run)
	one := func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		present.Add(id)
		return err
	}
	if err == nil {
		err = d.query(ctx, one, made, run)
	}
	for _, query := range []string{failed, refused} {
		if err == nil {
			err = d.query(ctx, one, query, typeID, run)
		}
	}
	if err == nil {
		err = d.get(ctx, &nameless, unread, run)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("which passes run %d has rows of: %w", run, err)
	}
	return present, nameless, nil
}

// PassIDs returns the ids of those of the serial numbers that have a pass of a type.
func (d *DB) PassIDs(ctx context.Context, typeID string, serials []string) (ids []int64, err error) {
	const query = `SELECT id FROM passes WHERE type_id = ? AND serial IN (` + listMark + `)`
	for query, list := range lists(query, serials) {
		err := d.query(ctx, func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}, query, append([]any{typeID}, list...)...)
		if err != nil {
			return nil, fmt.Errorf("look up %d passes: %w", len(serials), err)
		}
	}
	return ids, nil
}

// Absent returns the valid passes of a job and type that are not present, and how many
// passes there are whose rows were not missing before. It goes through all passes.
func (d *DB) Absent(ctx context.Context, job, typeID string, present IDSet) (absent []int64, of int, err error) {
	const query = `
		SELECT id, standing
		FROM passes
		WHERE job = ? AND type_id = ? AND standing_cause <> 'missing'`
	var id int64
	var state sql.RawBytes
	dest := []any{&id, &state}
	err = d.query(ctx, func(rows *sql.Rows) error {
		err := rows.Scan(dest...)
		if of++; string(state) == string(jobs.StandingValid) && !present.Has(id) {
			absent = append(absent, id)
		}
		return err
	}, query, job, typeID)
	if err != nil {
		return nil, 0, fmt.Errorf("passes of job %q without a row: %w", job, err)
	}
	return absent, of, nil
}

// SetMissing gives passes a standing since the source of a run had no row of them. A
// pass that is not valid by now stays as it is.
func (d *DB) SetMissing(ctx context.Context, run int64, ids []int64, s jobs.Standing) error {
	const valid = `SELECT id FROM passes WHERE standing = 'valid' AND id IN (` + listMark + `)`
	s.Cause = jobs.CauseMissing
	return d.restand(ctx, run, ids, valid, nil, func(t *tx, left []int64) error { return t.stand(ctx, left, s, run, d.now()) })
}

// UndoMissing makes passes valid again that are not since the source of a run had no
// row of them.
func (d *DB) UndoMissing(ctx context.Context, run int64, ids []int64) error {
	const still = `SELECT id FROM passes WHERE standing_run = ? AND id IN (` + listMark + `)`
	return d.restand(ctx, run, ids, still, []any{run}, func(t *tx, left []int64) error {
		return t.stand(ctx, left, jobs.Standing{State: jobs.StandingValid}, 0, d.now())
	})
}

// restand does op with those of the passes that a query with a list still finds, part
// by part, each in a transaction in which nobody else changes them.
func (d *DB) restand(ctx context.Context, run int64, ids []int64, query string, args []any, op func(t *tx, left []int64) error) error {
	for part := range slices.Chunk(ids, listMax) {
		err := d.write(ctx, stepMissing, func(t *tx) error {
			if _, err := t.lockCounter(ctx); err != nil {
				return err
			}
			var left []int64
			err := eachList(ctx, t, func(rows *sql.Rows) error {
				var id int64
				err := rows.Scan(&id)
				left = append(left, id)
				return err
			}, query, part, args...)
			if err != nil || len(left) == 0 {
				return err
			}
			return op(t, left)
		})
		if err != nil {
			return fmt.Errorf("passes that run %d has no row of: %w", run, err)
		}
	}
	return nil
}

// MissingOf counts the passes that are void or expired since the source of a run had
// no row of them.
func (d *DB) MissingOf(ctx context.Context, run int64) (n int, err error) {
	const query = `SELECT COUNT(*) FROM passes WHERE standing_run = ? AND standing_run > 0`
	if err := d.get(ctx, &n, query, run); err != nil {
		return 0, fmt.Errorf("passes that run %d had no row of: %w", run, err)
	}
	return n, nil
}
