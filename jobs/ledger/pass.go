package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"passmill/jobs"
)

// previous looks up the passes that were there before.
func (c *chunk) previous(ctx context.Context) error {
	const query = `
		SELECT p.id, p.serial, p.job, p.fingerprint, p.bundle, p.change_number, p.modified, p.created, COALESCE(a.name, ''),
			p.standing, p.standing_cause, p.standing_ends
		FROM passes p
		LEFT JOIN artefacts a ON a.pass_id = p.id AND a.sink = ?
		WHERE p.type_id = ? AND p.serial IN (` + listMark + `)`
	for typeID, bySerial := range c.byType() {
		serials := make([]string, 0, len(bySerial))
		for serial := range bySerial {
			serials = append(serials, serial)
		}
		err := eachList(ctx, c.tx, func(rows *sql.Rows) error {
			var p pressed
			var serial string
			var print sql.RawBytes
			var stands standingRow
			err := rows.Scan(&p.passID, &serial, &p.old.job, &print, &p.old.bundle, &p.change, &p.modified, &p.created, &p.old.name,
				&stands.State, &stands.Cause, &stands.Ends)
			if err != nil {
				return err
			}
			p.Made, p.old.standing = bySerial[serial].Made, stands.standing()
			*bySerial[serial] = p
			return scanHash(bySerial[serial].old.fingerprint[:], []byte(print))
		}, query, serials, c.sink, typeID)
		if err != nil {
			return err
		}
	}
	return nil
}

// foreign fails the rows whose pass belongs to another job. The import has
// refused what it knew of; these passes were made since. A file that was put into
// the sink for such a row is in doubt.
func (c *chunk) foreign(ctx context.Context) error {
	var names []string
	own := c.made[:0]
	for _, m := range c.made {
		if m.passID == 0 || m.old.job == c.job {
			own = append(own, m)
			continue
		}
		names = append(names, m.Staged.Name)
		c.failed = append(c.failed, &jobs.Failed{Staged: m.Staged, Problem: jobs.Problem{
			Origin: jobs.Origin{Row: m.Staged.Row}, Serial: m.Staged.Serial, Code: "other-job", Severity: jobs.Refused,
			Message: fmt.Sprintf("job %q has made a pass with this serial number meanwhile", m.old.job),
			Fix:     fmt.Sprintf("if this job takes its place, write name: %s into it; else use other serial numbers", m.old.job),
		}})
	}
	c.made = own
	if c.sink == "" {
		return nil
	}
	return c.doubt(ctx, c.sink, names)
}

// byType returns the rows by pass type and serial number.
func (c *chunk) byType() map[string]map[string]*pressed {
	types := map[string]map[string]*pressed{}
	for i := range c.made {
		m := &c.made[i]
		if types[m.TypeID] == nil {
			types[m.TypeID] = make(map[string]*pressed, len(c.made))
		}
		types[m.TypeID][m.Staged.Serial] = m
	}
	return types
}

// number gives a pass a change number if its content is new or changed. One
// that was pressed again from the same content keeps what it has, so that no
// phone fetches it for nothing.
func (c *chunk) number(m *pressed) {
	if m.passID != 0 && m.old.fingerprint == m.Staged.Fingerprint && !m.returns() {
		return
	}
	c.counter++
	m.change, m.changed = c.counter, m.passID != 0
	now := millis(c.now.Truncate(1e9)) // HTTP dates tell seconds
	m.modified = max(now, m.modified+1000)
	if m.passID == 0 {
		m.modified, m.created = now, millis(c.now)
		m.first = true
	}
}

var upsertPasses = bulk{
	head: `INSERT INTO passes (type_id, serial, job, row_id, template_version, fingerprint, contact, bundle, change_number, modified, created, token_key_version, changed_by)`,
	row:  `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	tail: `
		ON CONFLICT (type_id, serial) DO UPDATE SET
			row_id = excluded.row_id,
			template_version = excluded.template_version,
			fingerprint = excluded.fingerprint,
			contact = excluded.contact,
			bundle = excluded.bundle,
			change_number = excluded.change_number,
			modified = excluded.modified,
			token_key_version = excluded.token_key_version,
			changed_by = CASE WHEN passes.fingerprint = excluded.fingerprint THEN passes.changed_by ELSE excluded.changed_by END,
			former_row = CASE WHEN passes.fingerprint = excluded.fingerprint THEN passes.former_row ELSE passes.row_id END,
			former_template = CASE WHEN passes.fingerprint = excluded.fingerprint THEN passes.former_template ELSE passes.template_version END,
			standing = CASE WHEN passes.standing_cause = 'missing' THEN 'valid' ELSE passes.standing END,
			standing_ends = CASE WHEN passes.standing_cause = 'missing' THEN 0 ELSE passes.standing_ends END,
			standing_cause = CASE WHEN passes.standing_cause = 'missing' THEN '' ELSE passes.standing_cause END,
			standing_run = 0
		RETURNING id, row_id`,
}

// passes writes the passes.
func (c *chunk) passes(ctx context.Context) error {
	byRow := make(map[int64]*pressed, len(c.made))
	for i := range c.made {
		c.number(&c.made[i])
		byRow[c.made[i].Staged.ID] = &c.made[i]
	}
	var id, row int64
	dest := []any{&id, &row}
	err := c.insert(ctx, upsertPasses, len(c.made), func(dst []any, i int) []any {
		m := &c.made[i]
		s := &m.Staged
		return append(dst, m.TypeID, s.Serial, c.job, s.ID, m.Template[:], s.Fingerprint[:], contactOf(s), s.Bundle,
			m.change, m.modified, m.created, m.Token, c.run)
	}, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		byRow[row].passID = id
		return nil
	})
	if err != nil {
		return fmt.Errorf("passes: %w", err)
	}
	return nil
}

// orNull returns nil, which is NULL, for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
