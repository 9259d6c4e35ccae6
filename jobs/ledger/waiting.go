package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"passmill/jobs"
)

// Waiting implements [jobs.Book].
func (d *DB) Waiting(ctx context.Context, run, after int64, limit int) ([]jobs.Staged, error) {
	const query = `
		SELECT id, number, serial, fingerprint, contact, data, name, bundle
		FROM rows
		WHERE run_id = ? AND state = 'waiting' AND id > ?
		ORDER BY id
		LIMIT ?`
	var page []jobs.Staged
	err := d.again(ctx, "waiting", func() error {
		page = make([]jobs.Staged, 0, limit)
		return d.query(ctx, func(rows *sql.Rows) error {
			var s jobs.Staged
			var print, contact sql.RawBytes
			if err := rows.Scan(&s.ID, &s.Row, &s.Serial, &print, &contact, &s.Values, &s.Name, &s.Bundle); err != nil {
				return err
			}
			if len(contact) > 0 {
				if err := scanHash(s.Contact[:], []byte(contact)); err != nil {
					return err
				}
			}
			page = append(page, s)
			return scanHash(page[len(page)-1].Fingerprint[:], []byte(print))
		}, query, run, after, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("waiting rows of run %d: %w", run, err)
	}
	return page, nil
}
