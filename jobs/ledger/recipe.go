package ledger

import (
	"context"
	"fmt"

	"passmill/jobs"
)

// A Recipe is what a job was run with last, as far as its passes can't be pressed
// without it. The ledger does not know what it says.
type Recipe struct {
	Job        string `db:"job"`
	Definition []byte `db:"definition"` // canonical text
	Dir        string `db:"dir"`        // the folder that its paths count from
}

// SaveRecipe keeps the recipe of a job, in the place of the one before.
func (d *DB) SaveRecipe(ctx context.Context, r Recipe) error {
	const query = `
		INSERT INTO recipes (job, definition, dir)
		VALUES (?, ?, ?)
		ON CONFLICT (job) DO UPDATE SET definition = excluded.definition, dir = excluded.dir`
	err := d.write(ctx, stepRecipe, func(t *tx) error {
		_, err := t.exec(ctx, query, r.Job, string(r.Definition), r.Dir)
		return err
	})
	if err != nil {
		return fmt.Errorf("save what job %q is run with: %w", r.Job, err)
	}
	return nil
}

// Recipe returns the recipe of a job, or [jobs.ErrNotFound] if it never ran.
func (d *DB) Recipe(ctx context.Context, job string) (Recipe, error) {
	const query = `SELECT job, definition, dir FROM recipes WHERE job = ?`
	var r Recipe
	if err := d.get(ctx, &r, query, job); err != nil {
		return r, fmt.Errorf("what job %q was run with: %w", job, err)
	}
	return r, nil
}

// Recipes returns those of all jobs, by name.
func (d *DB) Recipes(ctx context.Context) (list []Recipe, err error) {
	const query = `SELECT job, definition, dir FROM recipes ORDER BY job`
	if err := d.list(ctx, &list, query); err != nil {
		return nil, fmt.Errorf("what jobs were run with: %w", err)
	}
	return list, nil
}

// RecipeOf returns the recipe of the job that has made passes of a type, the newest
// if several have, or [jobs.ErrNotFound].
func (d *DB) RecipeOf(ctx context.Context, typeID string) (Recipe, error) {
	// What was erased belongs to no job.
	const query = `
		SELECT r.job, r.definition, r.dir
		FROM recipes r
		WHERE r.job = (SELECT job FROM passes WHERE type_id = ? AND job <> '' ORDER BY change_number DESC LIMIT 1)`
	var r Recipe
	if err := d.get(ctx, &r, query, typeID); err != nil {
		return r, fmt.Errorf("which job makes passes of type %s: %w", typeID, err)
	}
	return r, nil
}

// A Content is a pass with everything that it is made of, at one change number.
type Content struct {
	PassID   int64
	Job      string
	Template jobs.Hash // version
	Token    int       // version of the master key that its token comes from; 0 for none
	Row      jobs.Staged
	Change   int64
	Modified int64 // unix milliseconds, of whole seconds
}

// Content returns what a pass is made of now, or [jobs.ErrNotFound].
func (d *DB) Content(ctx context.Context, typeID, serial string) (Content, error) {
	const query = `
		SELECT p.id, p.job, p.template_version, p.token_key_version, p.change_number, p.modified,
			p.standing, p.standing_cause, p.standing_ends, r.id AS row_id, r.number, r.data, p.fingerprint, p.bundle
		FROM passes p
		JOIN rows r ON r.id = p.row_id
		WHERE p.serial = ? AND p.type_id = ?`
	var row struct {
		ID       int64  `db:"id"`
		Job      string `db:"job"`
		Template []byte `db:"template_version"`
		Token    int    `db:"token_key_version"`
		Change   int64  `db:"change_number"`
		Modified int64  `db:"modified"`
		standingRow
		RowID       int64  `db:"row_id"`
		Number      int    `db:"number"`
		Data        []byte `db:"data"`
		Fingerprint []byte `db:"fingerprint"`
		Bundle      string `db:"bundle"`
	}
	if err := d.get(ctx, &row, query, serial, typeID); err != nil {
		return Content{}, fmt.Errorf("content of a pass: %w", err)
	}
	c := Content{PassID: row.ID, Job: row.Job, Token: row.Token, Change: row.Change, Modified: row.Modified}
	c.Row = jobs.Staged{ID: row.RowID, Row: row.Number, Serial: serial, Values: row.Data, Bundle: row.Bundle, Standing: row.standing()}
	if err := scanHash(c.Template[:], row.Template); err != nil {
		return c, err
	}
	return c, scanHash(c.Row.Fingerprint[:], row.Fingerprint)
}
