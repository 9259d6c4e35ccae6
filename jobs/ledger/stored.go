package ledger

import (
	"context"
	"fmt"
)

// Stored returns the files that hold a pass at a change number, in any sink; none if it
// has another number by now.
func (d *DB) Stored(ctx context.Context, pass, change int64) ([]StoredFile, error) {
	const query = `
		SELECT a.sink, a.name, a.size, a.manifest_hash
		FROM artefacts a
		JOIN passes p ON p.id = a.pass_id
		WHERE a.pass_id = ? AND a.change_number = p.change_number AND p.change_number = ? AND a.name IS NOT NULL
		ORDER BY a.pressed_at DESC`
	var files []StoredFile
	if err := d.list(ctx, &files, query, pass, change); err != nil {
		return nil, fmt.Errorf("files of a pass: %w", err)
	}
	return files, nil
}

// A StoredFile is the pressed file of a pass, as it was put into a sink.
type StoredFile struct {
	Sink     string `db:"sink"`
	Name     string `db:"name"`
	Size     int64  `db:"size"`
	Manifest digest `db:"manifest_hash"` // SHA-256 of manifest.json
}
