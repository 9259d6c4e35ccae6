package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"passmill/jobs"
)

// Known implements [jobs.Snapshot].
func (d *DB) Known(ctx context.Context, typeID, sink string, serials []string) (map[string]jobs.Known, error) {
	// A pass whose file was overwritten by another's has an artefact without
	// a name, and counts as one without an artefact. So does one whose file in
	// this sink is in doubt, or older than the pass: what was made for another
	// sink since is missing here.
	const query = `
		SELECT p.id, p.serial, p.job, p.fingerprint, p.contact, p.bundle, COALESCE(a.name, ''),
			CASE WHEN p.standing_cause = 'missing' THEN 1 ELSE 0 END
		FROM passes p
		LEFT JOIN artefacts a ON a.pass_id = p.id AND a.sink = ? AND a.change_number = p.change_number
		WHERE p.type_id = ? AND p.serial IN (` + listMark + `)`
	known := make(map[string]jobs.Known, len(serials))
	var k jobs.Known
	var serial string
	var print, contact sql.RawBytes
	dest := []any{&k.PassID, &serial, &k.Job, &print, &contact, &k.Bundle, &k.Name, &k.Missing}
	scan := func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := scanHash(k.Fingerprint[:], []byte(print)); err != nil {
			return err
		}
		if k.Contact = (jobs.Hash{}); len(contact) > 0 {
			if err := scanHash(k.Contact[:], []byte(contact)); err != nil {
				return err
			}
		}
		known[serial] = k
		return nil
	}
	for query, list := range lists(query, serials) {
		err := d.again(ctx, "known", func() error {
			return d.query(ctx, scan, query, append([]any{sink, typeID}, list...)...)
		})
		if err != nil {
			return nil, fmt.Errorf("look up %d passes: %w", len(serials), err)
		}
	}
	return known, nil
}
