package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

var upsertArtefacts = bulk{
	head: `INSERT INTO artefacts (pass_id, sink, name, change_number, size, manifest_hash, certificate_id, pressed_at)`,
	row:  `(?, ?, ?, ?, ?, ?, ?, ?)`,
	tail: `
		ON CONFLICT (pass_id, sink) DO UPDATE SET
			name = excluded.name,
			change_number = excluded.change_number,
			size = excluded.size,
			manifest_hash = excluded.manifest_hash,
			certificate_id = excluded.certificate_id,
			pressed_at = excluded.pressed_at`,
}

// artefacts writes what lies in the sink now. A name that a pass had before and
// has no longer becomes a leftover.
func (c *chunk) artefacts(ctx context.Context) error {
	names := make([]string, len(c.made))
	owner := make(map[string]int64, len(c.made))
	for i := range c.made {
		names[i] = c.made[i].Staged.Name
		owner[names[i]] = c.made[i].passID
	}
	if err := c.displace(ctx, names, owner); err != nil {
		return err
	}
	err := c.insert(ctx, upsertArtefacts, len(c.made), func(dst []any, i int) []any {
		m := &c.made[i]
		change := m.change
		if m.outrun() {
			change = 0
		}
		return append(dst, m.passID, c.sink, m.Staged.Name, change, m.Size, m.Manifest[:], orNull(m.Certificate), millis(c.now))
	}, nil)
	if err != nil {
		return fmt.Errorf("artefacts: %w", err)
	}
	var left []string
	for i := range c.made {
		if old := c.made[i].old.name; old != "" && owner[old] == 0 {
			left = append(left, old)
		}
	}
	if err := c.leave(ctx, c.sink, left); err != nil {
		return err
	}
	return c.claim(ctx, c.sink, names)
}

// displace takes names away from passes whose files have just been overwritten
// by another pass's: those that are named by their row in the source, say.
func (c *chunk) displace(ctx context.Context, names []string, owner map[string]int64) error {
	const (
		claimants = `SELECT pass_id, name FROM artefacts WHERE sink = ? AND name IN (` + listMark + `)`
		update    = `UPDATE artefacts SET name = NULL WHERE sink = ? AND pass_id IN (` + listMark + `)`
		touch     = `
			UPDATE bundles
			SET state = 'dirty'
			WHERE sink = ? AND (job, key) IN (SELECT job, bundle FROM passes WHERE id IN (` + listMark + `))`
	)
	var displaced []int64
	var id int64
	var name string
	dest := []any{&id, &name}
	err := eachList(ctx, c.tx, func(rows *sql.Rows) error {
		err := rows.Scan(dest...)
		if owner[name] != id {
			displaced = append(displaced, id)
		}
		return err
	}, claimants, names, c.sink)
	if err != nil || len(displaced) == 0 {
		return err
	}
	if _, err := execList(ctx, c.tx, update, displaced, c.sink); err != nil {
		return err
	}
	_, err = execList(ctx, c.tx, touch, displaced, c.sink)
	return err
}

// doubt notes names under which files may lie that nobody has recorded. A pass
// or bundle that claims one keeps it, but a pass's artefact is in doubt from now
// on: it is made again when the pass is asked for next. What nobody claims is a
// leftover, until it is.
func (t *tx) doubt(ctx context.Context, sink string, names []string) error {
	const (
		artefacts = `UPDATE artefacts SET change_number = 0 WHERE sink = ? AND name IN (` + listMark + `) RETURNING name`
		again     = `INSERT INTO stale (sink, pass_id) SELECT sink, pass_id FROM artefacts WHERE sink = ? AND name IN (` + listMark + `) ON CONFLICT (sink, pass_id) DO NOTHING`
		parts     = `SELECT name FROM bundle_parts WHERE sink = ? AND name IN (` + listMark + `)`
	)
	if _, err := execList(ctx, t, again, names, sink); err != nil {
		return fmt.Errorf("names in doubt: %w", err)
	}
	claimed := make(map[string]bool, len(names))
	for _, query := range []string{artefacts, parts} {
		err := eachList(ctx, t, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			claimed[name] = true
			return err
		}, query, names, sink)
		if err != nil {
			return fmt.Errorf("names in doubt: %w", err)
		}
	}
	var left []string
	for _, name := range names {
		if !claimed[name] {
			left = append(left, name)
		}
	}
	return t.leave(ctx, sink, left)
}

// leave notes files that are to be removed.
func (t *tx) leave(ctx context.Context, sink string, names []string) error {
	insert := bulk{
		head: `INSERT INTO leftovers (sink, name)`,
		row:  `(?, ?)`,
		tail: ` ON CONFLICT (sink, name) DO NOTHING`,
	}
	return t.insert(ctx, insert, len(names), func(dst []any, i int) []any { return append(dst, sink, names[i]) }, nil)
}

// claim makes sure that files that are in use aren't removed.
func (t *tx) claim(ctx context.Context, sink string, names []string) error {
	const query = `DELETE FROM leftovers WHERE sink = ? AND name IN (` + listMark + `)`
	_, err := execList(ctx, t, query, names, sink)
	return err
}

// Leftovers returns the names of files that are to be removed from a sink:
// nobody claims them any more. At most a hundred thousand come at a time, so the
// caller removes them, says that they are gone, and asks again until none come.
func (d *DB) Leftovers(ctx context.Context, sink string) ([]string, error) {
	const query = `SELECT name FROM leftovers WHERE sink = ? ORDER BY name LIMIT 100000`
	var names []string
	if err := d.list(ctx, &names, query, sink); err != nil {
		return nil, fmt.Errorf("leftovers: %w", err)
	}
	return names, nil
}

// LeftoverGone records that files were removed.
func (d *DB) LeftoverGone(ctx context.Context, sink string, names []string) error {
	err := d.write(ctx, stepLeftover, func(t *tx) error { return t.claim(ctx, sink, names) })
	if err != nil {
		return fmt.Errorf("forget leftovers: %w", err)
	}
	return nil
}

// A Claim says to what a file in a sink belongs: to the pass TypeID, Serial of a
// job, or to the bundle Bundle of a job; or it is a leftover, and all are empty.
type Claim struct {
	Name   string `db:"name"`
	Job    string `db:"job"`
	TypeID string `db:"type_id"`
	Serial string `db:"serial"`
	Bundle string `db:"bundle"`
}

// Claimed returns, by name, to what those of the names belong that belong to
// anything.
func (d *DB) Claimed(ctx context.Context, sink string, names []string) (map[string]Claim, error) {
	const (
		artefacts = `
			SELECT a.name, p.job, p.type_id, p.serial, '' AS bundle
			FROM artefacts a
			JOIN passes p ON p.id = a.pass_id
			WHERE a.sink = ? AND a.name IN (` + listMark + `)`
		parts = `
			SELECT name, job, '' AS type_id, '' AS serial, key AS bundle
			FROM bundle_parts
			WHERE sink = ? AND name IN (` + listMark + `)`
		leftovers = `
			SELECT name, '' AS job, '' AS type_id, '' AS serial, '' AS bundle
			FROM leftovers
			WHERE sink = ? AND name IN (` + listMark + `)`
	)
	claims := make(map[string]Claim, len(names))
	for _, query := range []string{leftovers, parts, artefacts} {
		for query, list := range lists(query, names) {
			var page []Claim
			if err := d.list(ctx, &page, query, append([]any{sink}, list...)...); err != nil {
				return nil, fmt.Errorf("look up %d names: %w", len(names), err)
			}
			for _, c := range page {
				claims[c.Name] = c
			}
		}
	}
	return claims, nil
}
