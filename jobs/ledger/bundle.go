package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"passmill/jobs"
)

// Bundles returns up to limit bundles of a job that have to be made again in a
// sink, by rising key, from the first after the key after.
func (d *DB) Bundles(ctx context.Context, job, sink, after string, limit int) ([]jobs.Bundle, error) {
	const query = `
		SELECT key
		FROM bundles
		WHERE job = ? AND sink = ? AND state = 'dirty' AND key > ?
		ORDER BY key
		LIMIT ?`
	var keys []string
	if err := d.list(ctx, &keys, query, job, sink, after, limit); err != nil {
		return nil, fmt.Errorf("bundles of job %q: %w", job, err)
	}
	bundles := make([]jobs.Bundle, len(keys))
	for i, key := range keys {
		members, err := d.members(ctx, job, sink, key)
		if err != nil {
			return nil, fmt.Errorf("bundle %q of job %q: %w", key, job, err)
		}
		bundles[i] = jobs.Bundle{Key: key, Members: members}
	}
	return bundles, nil
}

func (d *DB) members(ctx context.Context, job, sink, key string) ([]jobs.Member, error) {
	// The test for '' repeats the condition of the index.
	const query = `
		SELECT p.serial, a.name
		FROM passes p
		JOIN artefacts a ON a.pass_id = p.id
		WHERE p.job = ? AND p.bundle = ? AND p.bundle <> '' AND a.sink = ? AND a.name IS NOT NULL`
	var members []jobs.Member
	err := d.list(ctx, &members, query, job, key, sink)
	// Databases sort text each in its own way.
	slices.SortFunc(members, func(a, b jobs.Member) int { return strings.Compare(a.Serial, b.Serial) })
	return members, err
}

// BundlesMade implements [jobs.BundleBook].
func (d *DB) BundlesMade(ctx context.Context, job, sink string, made []jobs.BundleParts) error {
	if len(made) == 0 {
		return nil
	}
	err := d.write(ctx, stepBundle, func(t *tx) error {
		for _, b := range made {
			if err := t.bundleMade(ctx, job, sink, b.Key, b.Parts); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record %d bundles of job %q: %w", len(made), job, err)
	}
	return nil
}

func (t *tx) bundleMade(ctx context.Context, job, sink, key string, parts []string) error {
	const (
		have   = `SELECT name FROM bundle_parts WHERE job = ? AND sink = ? AND key = ?`
		drop   = `DELETE FROM bundle_parts WHERE job = ? AND sink = ? AND key = ?`
		made   = `INSERT INTO bundles (job, sink, key, state) VALUES (?, ?, ?, 'made') ON CONFLICT (job, sink, key) DO UPDATE SET state = excluded.state`
		forget = `DELETE FROM bundles WHERE job = ? AND sink = ? AND key = ?`
	)
	var gone []string
	err := t.each(ctx, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		if !slices.Contains(parts, name) {
			gone = append(gone, name)
		}
		return err
	}, have, job, sink, key)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, drop, job, sink, key); err != nil {
		return err
	}
	end := made
	if len(parts) == 0 {
		end = forget
	}
	if _, err := t.exec(ctx, end, job, sink, key); err != nil {
		return err
	}
	insert := bulk{head: `INSERT INTO bundle_parts (sink, name, job, key)`, row: `(?, ?, ?, ?)`}
	err = t.insert(ctx, insert, len(parts), func(dst []any, i int) []any { return append(dst, sink, parts[i], job, key) }, nil)
	if err != nil {
		return err
	}
	if err := t.leave(ctx, sink, gone); err != nil {
		return err
	}
	return t.claim(ctx, sink, parts)
}

// bundles marks as dirty the bundles that the passes are in, or were in: a file
// in them is new, or a member came or went.
func (c *chunk) bundles(ctx context.Context) error {
	insert := bulk{
		head: `INSERT INTO bundles (job, sink, key, state)`,
		row:  `(?, ?, ?, 'dirty')`,
		tail: ` ON CONFLICT (job, sink, key) DO UPDATE SET state = excluded.state`,
	}
	if err := c.moved(ctx); err != nil {
		return err
	}
	here := map[string]bool{}
	for i := range c.made {
		here[c.made[i].Staged.Bundle] = true
	}
	delete(here, "")
	keys := slices.Collect(maps.Keys(here))
	return c.insert(ctx, insert, len(keys), func(dst []any, i int) []any {
		return append(dst, c.job, c.sink, keys[i])
	}, nil)
}

// moved marks as dirty, in all sinks, the bundles that a pass came into or left.
func (c *chunk) moved(ctx context.Context) error {
	const touch = `UPDATE bundles SET state = 'dirty' WHERE job = ? AND key = ? AND state = 'made'`
	touched := map[string]bool{}
	for i := range c.made {
		m := &c.made[i]
		if now, old := m.Staged.Bundle, m.old.bundle; now != old {
			touched[now], touched[old] = true, true
		}
	}
	delete(touched, "")
	for key := range touched {
		if _, err := c.exec(ctx, touch, c.job, key); err != nil {
			return err
		}
	}
	return nil
}
