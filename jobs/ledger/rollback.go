package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"passmill/jobs"
)

// A Rollback says what it means to take a run back.
type Rollback struct {
	Back    []int64  // passes that go back to what they were before the run
	New     []int64  // passes that the run made first
	Later   []string // serial numbers of passes that changed again after it
	Missing []int64  // passes that are void or expired since its source had no row of them
}

// PlanRollback says what it would mean to take back a run as things are now. Once some
// of it has been taken back, the rest is what it names.
func (d *DB) PlanRollback(ctx context.Context, run int64) (plan Rollback, err error) {
	// A row that was pressed again though nothing changed has a pass that an earlier
	// run changed last. A pass that a rollback of this very run took back is done.
	const (
		rows = `
			SELECT p.id, p.serial, p.changed_by, p.former_row, p.standing, COALESCE(b.rolls_back, 0)
			FROM rows r
			JOIN passes p ON p.id = r.pass_id
			LEFT JOIN runs b ON b.id = p.changed_by
			WHERE r.run_id = ? AND r.state = 'made' AND p.changed_by >= r.run_id
			ORDER BY p.id`
		missing = `SELECT id FROM passes WHERE standing_run = ? AND standing_run > 0 ORDER BY id`
	)
	err = d.query(ctx, func(rows *sql.Rows) error {
		var id, by, former, back int64
		var serial string
		var state jobs.StandingState
		err := rows.Scan(&id, &serial, &by, &former, &state, &back)
		switch {
		case back == run:
		case by != run:
			plan.Later = append(plan.Later, serial)
		case former > 0:
			plan.Back = append(plan.Back, id)
		case state == jobs.StandingValid:
			plan.New = append(plan.New, id)
		}
		return err
	}, rows, run)
	if err == nil {
		err = d.query(ctx, func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			plan.Missing = append(plan.Missing, id)
			return err
		}, missing, run)
	}
	if err != nil {
		return Rollback{}, fmt.Errorf("look what run %d changed: %w", run, err)
	}
	return plan, nil
}

// RollBack lets passes that the run of changed last go back to the row and the template
// version that they had before, as rows of run, which must be open. Each gets a new
// change number, its devices hear of it, and its files are to be pressed again. How a
// pass stands by a person's word stays. A pass that is back is passed over.
func (d *DB) RollBack(ctx context.Context, run, of int64, ids []int64) error {
	for from := 0; from < len(ids); from += listMax {
		part := ids[from:min(from+listMax, len(ids))]
		err := d.write(ctx, stepRollBack, func(t *tx) error {
			if _, err := t.lockCounter(ctx); err != nil {
				return err
			}
			if err := t.importing(ctx, run); err != nil {
				return err
			}
			return t.rollBack(ctx, run, of, part, d)
		})
		if err != nil {
			return fmt.Errorf("take back run %d: %w", of, err)
		}
	}
	return nil
}

func (t *tx) rollBack(ctx context.Context, run, of int64, ids []int64, d *DB) error {
	const (
		left  = `SELECT id FROM passes WHERE changed_by = ? AND former_row > 0 AND id IN (` + listMark + `)`
		taken = `SELECT COALESCE(MAX(number), 0) FROM rows WHERE run_id = ?`
		again = `
			INSERT INTO rows (run_id, number, serial, fingerprint, contact, data, name, bundle, state, pass_id, template_version)
			SELECT CAST(? AS BIGINT), CAST(? AS BIGINT) + ROW_NUMBER() OVER (ORDER BY p.id), p.serial, f.fingerprint, f.contact, f.data, f.name, f.bundle, 'made', p.id, p.former_template
			FROM passes p
			JOIN rows f ON f.id = p.former_row
			WHERE p.id IN (` + listMark + `)`
		touch = `
			UPDATE bundles
			SET state = 'dirty'
			WHERE state = 'made' AND (job, key) IN (SELECT job, bundle FROM passes WHERE bundle <> '' AND id IN (` + listMark + `))`
		// In each assignment the right side is what was before.
		set   = `former_row = row_id, former_template = template_version, template_version = former_template, changed_by = ?`
		point = `
			UPDATE passes
			SET row_id = r.id, fingerprint = r.fingerprint, contact = r.contact, bundle = r.bundle
			FROM rows r
			WHERE r.run_id = ? AND r.pass_id = passes.id AND r.serial = passes.serial AND passes.id IN (` + listMark + `)`
		count = `UPDATE runs SET made = made + ? WHERE id = ?`
	)
	back := make([]int64, 0, len(ids))
	err := eachList(ctx, t, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		back = append(back, id)
		return err
	}, left, ids, of)
	if err != nil || len(back) == 0 {
		return err
	}
	var number int64
	if _, err := t.one(ctx, []any{&number}, taken, run); err != nil {
		return err
	}
	if _, err := execList(ctx, t, touch, back); err != nil {
		return err
	}
	if _, err := execList(ctx, t, again, back, run, number); err != nil {
		return err
	}
	now := d.now()
	if err := t.renumber(ctx, set, back, now, run); err != nil {
		return err
	}
	if _, err := execList(ctx, t, point, back, run); err != nil {
		return err
	}
	if _, err := t.exec(ctx, count, len(back), run); err != nil {
		return err
	}
	return t.told(ctx, back, now)
}
