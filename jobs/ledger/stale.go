package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"passmill/jobs"
)

// stale notes that the files of passes are older than these.
func (t *tx) stale(ctx context.Context, ids []int64) error {
	const query = `
		INSERT INTO stale (sink, pass_id)
		SELECT sink, pass_id
		FROM artefacts
		WHERE pass_id IN (` + listMark + `) AND name IS NOT NULL
		ON CONFLICT (sink, pass_id) DO NOTHING`
	if _, err := execList(ctx, t, query, ids); err != nil {
		return fmt.Errorf("note files to press again: %w", err)
	}
	return nil
}

// A StaleFile is a file in a sink that is older than its pass.
type StaleFile struct {
	PassID int64  `db:"pass_id"`
	TypeID string `db:"type_id"`
	Serial string `db:"serial"`
	Name   string `db:"name"`
}

// Stale returns up to limit files of a job's passes that are to be pressed again in a
// sink, by rising id of the pass, from the first after the id after.
func (d *DB) Stale(ctx context.Context, job, sink string, after int64, limit int) ([]StaleFile, error) {
	const query = `
		SELECT s.pass_id, p.type_id, p.serial, a.name
		FROM stale s
		JOIN passes p ON p.id = s.pass_id
		JOIN artefacts a ON a.pass_id = s.pass_id AND a.sink = s.sink
		WHERE s.sink = ? AND s.pass_id > ? AND p.job = ? AND a.name IS NOT NULL AND a.change_number <> p.change_number
		ORDER BY s.pass_id
		LIMIT ?`
	var page []StaleFile
	if err := d.list(ctx, &page, query, sink, after, job, limit); err != nil {
		return nil, fmt.Errorf("files of job %q to press again: %w", job, err)
	}
	return page, nil
}

// StaleSinks returns the sinks in which files of a job are to be pressed, or bundles
// made, again.
func (d *DB) StaleSinks(ctx context.Context, job string) ([]string, error) {
	const query = `
		SELECT s.sink
		FROM stale s
		JOIN passes p ON p.id = s.pass_id
		JOIN artefacts a ON a.pass_id = s.pass_id AND a.sink = s.sink
		WHERE p.job = ? AND a.name IS NOT NULL AND a.change_number <> p.change_number
		UNION
		SELECT sink FROM bundles WHERE job = ? AND state = 'dirty'
		ORDER BY sink`
	var sinks []string
	if err := d.list(ctx, &sinks, query, job, job); err != nil {
		return nil, fmt.Errorf("outputs of job %q with files to press again: %w", job, err)
	}
	return sinks, nil
}

// A FreshFile is a file that was pressed again, as its pass was at a change number.
type FreshFile struct {
	StaleFile
	jobs.Made
	Change int64
}

// Freshened records files that were pressed again and lie in the sink. One whose pass
// changed meanwhile stays to be pressed again.
func (d *DB) Freshened(ctx context.Context, job, sink string, files []FreshFile) error {
	err := d.write(ctx, stepFresh, func(t *tx) error {
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		c := &chunk{tx: t, sink: sink, now: d.now(), job: job}
		ids, err := c.freshened(ctx, files)
		if err != nil {
			return err
		}
		const done = `DELETE FROM stale WHERE sink = ? AND pass_id IN (` + listMark + `)`
		if _, err := execList(ctx, t, done, ids, sink); err != nil {
			return err
		}
		for _, step := range []func(context.Context) error{c.artefacts, c.uses, c.bundles} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record %d files that were pressed again: %w", len(files), err)
	}
	return nil
}

// freshened puts the files into the chunk, and returns the ids of the passes that are
// still what their files say.
func (c *chunk) freshened(ctx context.Context, files []FreshFile) (current []int64, err error) {
	const query = `SELECT id, change_number, bundle FROM passes WHERE id IN (` + listMark + `)`
	byID := make(map[int64]*FreshFile, len(files))
	ids := make([]int64, len(files))
	for i := range files {
		ids[i] = files[i].PassID
		byID[ids[i]] = &files[i]
	}
	err = eachList(ctx, c.tx, func(rows *sql.Rows) error {
		var p pressed
		if err := rows.Scan(&p.passID, &p.change, &p.old.bundle); err != nil {
			return err
		}
		f := byID[p.passID]
		if f.Change == p.change {
			current = append(current, p.passID)
		} else {
			p.change = 0 // in doubt
		}
		made := f.Made
		made.Staged = jobs.Staged{Name: f.Name, Bundle: p.old.bundle}
		p.Made, p.old.name = &made, f.Name
		c.made = append(c.made, p)
		return nil
	}, query, ids)
	return current, err
}

// ForgetStale forgets the files of a sink that were to be pressed again and that a run
// has pressed, or that are gone.
func (d *DB) ForgetStale(ctx context.Context, sink string) error {
	const query = `
		DELETE FROM stale
		WHERE sink = ? AND NOT EXISTS (
			SELECT 1
			FROM artefacts a
			JOIN passes p ON p.id = a.pass_id
			WHERE a.pass_id = stale.pass_id AND a.sink = stale.sink AND a.name IS NOT NULL AND a.change_number <> p.change_number
		)`
	err := d.write(ctx, stepForget, func(t *tx) error {
		_, err := t.exec(ctx, query, sink)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget files that are fresh: %w", err)
	}
	return nil
}
