package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"passmill/jobs"
)

// Commit implements [jobs.Book]. Rows that the run doesn't have are
// [jobs.ErrNotFound], and nothing is recorded.
//
// A pass stays with its job. If another job has made it since the import, the row
// is recorded as failed, with a problem of code "other-job", though the caller
// says that it was made: the counts and problems of the run tell. Nothing changes
// for the other job's pass, save that its artefact in this sink is in doubt if the
// row's file was put under its name.
//
// Without a sink the passes are planned: they have their change numbers, and no
// artefacts.
func (d *DB) Commit(ctx context.Context, run int64, sink string, made []jobs.Made, failed []jobs.Failed) error {
	if len(made)+len(failed) == 0 {
		return nil
	}
	err := d.write(ctx, stepCommit, func(t *tx) error {
		c := &chunk{tx: t, run: run, sink: sink, now: d.now()}
		return c.commit(ctx, made, failed)
	})
	if err != nil {
		return fmt.Errorf("record %d passes of run %d: %w", len(made)+len(failed), run, err)
	}
	return nil
}

// A chunk is what one Commit records, on its way into the tables.
type chunk struct {
	*tx
	run     int64
	sink    string
	now     time.Time
	job     string
	counter int64 // the last change number
	made    []pressed
	failed  []*jobs.Failed
}

// A pressed is a row that was made, and what was known of its pass.
type pressed struct {
	*jobs.Made
	passID int64 // 0 for a pass that wasn't there
	old    struct {
		job, bundle, name string
		fingerprint       jobs.Hash
		standing          jobs.Standing
	}
	change   int64 // the change number
	changed  bool  // it was there before, and the number is new
	first    bool  // it was not there before
	modified int64
	created  int64
}

// commit does the steps in their order. The first takes the lock that lets one
// chunk at a time through: what is read after it stays true until the end, and
// change numbers come out in the order of commits.
func (c *chunk) commit(ctx context.Context, made []jobs.Made, failed []jobs.Failed) error {
	if err := c.lock(ctx); err != nil {
		return err
	}
	last := c.counter
	if err := c.waiting(ctx, made, failed); err != nil {
		return err
	}
	steps := []func(context.Context) error{
		c.previous, c.foreign, c.passes, c.rowsMade, c.artefacts, c.outrun, c.uses, c.bundles, c.rowsFailed, c.counts, c.heard, c.funnel,
	}
	if c.sink == "" { // the passes are planned: there are no files
		steps = []func(context.Context) error{c.previous, c.foreign, c.passes, c.rowsMade, c.moved, c.rowsFailed, c.counts, c.heard, c.funnel}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if c.counter == last {
		return nil
	}
	const query = `UPDATE change_counter SET value = ? WHERE id = 1`
	_, err := c.exec(ctx, query, c.counter)
	return err
}

func (c *chunk) lock(ctx context.Context) (err error) {
	const job = `SELECT job FROM runs WHERE id = ?`
	if c.counter, err = c.lockCounter(ctx); err != nil {
		return err
	}
	if found, err := c.one(ctx, []any{&c.job}, job, c.run); err != nil || !found {
		return orNotFound(err)
	}
	return nil
}

// lockCounter returns the last change number, and lets nobody else take one
// until the transaction ends.
func (t *tx) lockCounter(ctx context.Context) (value int64, err error) {
	const query = `SELECT value FROM change_counter WHERE id = 1 FOR UPDATE`
	if found, err := t.one(ctx, []any{&value}, query); err != nil || !found {
		return 0, orNotFound(err)
	}
	return value, nil
}

func orNotFound(err error) error {
	if err == nil {
		return jobs.ErrNotFound
	}
	return err
}

// waiting keeps of the rows those that still wait. The others were recorded
// before.
func (c *chunk) waiting(ctx context.Context, made []jobs.Made, failed []jobs.Failed) error {
	// Were the run a condition, SQLite would go through all of its rows.
	const query = `SELECT id, run_id, state FROM rows WHERE id IN (` + listMark + `)`
	ids := make([]int64, 0, len(made)+len(failed))
	for i := range made {
		ids = append(ids, made[i].Staged.ID)
	}
	for i := range failed {
		ids = append(ids, failed[i].Staged.ID)
	}
	waits := make(map[int64]bool, len(ids))
	err := eachList(ctx, c.tx, func(rows *sql.Rows) error {
		var id, run int64
		var state sql.RawBytes
		err := rows.Scan(&id, &run, &state)
		if run == c.run {
			waits[id] = string(state) == "waiting"
		}
		return err
	}, query, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := waits[id]; !ok {
			return fmt.Errorf("row %d: %w", id, jobs.ErrNotFound)
		}
	}
	for i := range made {
		if waits[made[i].Staged.ID] {
			c.made = append(c.made, pressed{Made: &made[i]})
		}
	}
	for i := range failed {
		if waits[failed[i].Staged.ID] {
			c.failed = append(c.failed, &failed[i])
		}
	}
	return nil
}

// rowsMade marks rows as made. Their passes point at them already.
func (c *chunk) rowsMade(ctx context.Context) error {
	const query = `
		UPDATE rows
		SET state = 'made', pass_id = (SELECT id FROM passes WHERE row_id = rows.id)
		WHERE id IN (` + listMark + `)`
	ids := make([]int64, len(c.made))
	for i := range c.made {
		ids[i] = c.made[i].Staged.ID
	}
	_, err := execList(ctx, c.tx, query, ids)
	return err
}

// rowsFailed marks rows as failed and keeps their problems.
func (c *chunk) rowsFailed(ctx context.Context) error {
	const query = `UPDATE rows SET state = 'failed' WHERE id IN (` + listMark + `)`
	ids := make([]int64, len(c.failed))
	problems := make([]jobs.Problem, len(c.failed))
	for i, f := range c.failed {
		ids[i], problems[i] = f.Staged.ID, f.Problem
	}
	if _, err := execList(ctx, c.tx, query, ids); err != nil {
		return err
	}
	return c.insertProblems(ctx, c.run, pressBatch, problems, func(i int) int64 { return ids[i] })
}

// heard lets devices hear of the passes that they have and that changed.
func (c *chunk) heard(ctx context.Context) error {
	var ids []int64
	for i := range c.made {
		if c.made[i].changed {
			ids = append(ids, c.made[i].passID)
		}
	}
	if err := c.hearing(ctx, ids); err != nil {
		return err
	}
	return c.tx.changed(ctx, ids, millis(c.now))
}

// hearing adds to the run the devices that no change of it has concerned yet.
func (c *chunk) hearing(ctx context.Context, ids []int64) error {
	const (
		count = `
		SELECT COUNT(*)
		FROM subscriptions
		WHERE wanted <= (SELECT change_before FROM runs WHERE id = ?) AND (device_id, type_id) IN (
			SELECT r.device_id, p.type_id
			FROM registrations r
			JOIN passes p ON p.id = r.pass_id
			WHERE r.pass_id IN (` + listMark + `)
		)`
		add = `UPDATE runs SET heard = heard + ? WHERE id = ?`
	)
	heard := 0
	err := eachList(ctx, c.tx, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		heard += n
		return err
	}, count, ids, c.run)
	if err != nil || heard == 0 {
		return err
	}
	_, err = c.exec(ctx, add, heard, c.run)
	return err
}

// funnel counts the passes that were made for the first time.
func (c *chunk) funnel(ctx context.Context) error {
	made := 0
	for i := range c.made {
		if c.made[i].first {
			made++
		}
	}
	return c.tx.count(ctx, c.job, jobs.FunnelMade, made, c.now)
}

// counts adds the rows that waited until now to those of the run.
func (c *chunk) counts(ctx context.Context) error {
	if len(c.made)+len(c.failed) == 0 {
		return nil
	}
	const query = `UPDATE runs SET made = made + ?, refused = refused + ? WHERE id = ?`
	_, err := c.exec(ctx, query, len(c.made), len(c.failed), c.run)
	return err
}
