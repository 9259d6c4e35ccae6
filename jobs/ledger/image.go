package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"passmill/jobs"
)

// LackingImages returns those of the ids that the ledger keeps no image of.
func (d *DB) LackingImages(ctx context.Context, ids []jobs.Hash) ([]jobs.Hash, error) {
	const query = `SELECT id FROM images WHERE id IN (` + listMark + `)`
	kept := make(map[jobs.Hash]bool, len(ids))
	var id jobs.Hash
	var bytes sql.RawBytes
	scan := func(rows *sql.Rows) error {
		if err := rows.Scan(&bytes); err != nil {
			return err
		}
		if err := scanHash(id[:], []byte(bytes)); err != nil {
			return err
		}
		kept[id] = true
		return nil
	}
	for query, list := range lists(query, hashArgs(ids)) {
		err := d.again(ctx, "images", func() error { return d.query(ctx, scan, query, list...) })
		if err != nil {
			return nil, fmt.Errorf("look up %d images: %w", len(ids), err)
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id jobs.Hash) bool { return kept[id] }), nil
}

// hashArgs returns hashes as databases take them.
func hashArgs(hashes []jobs.Hash) [][]byte {
	args := make([][]byte, len(hashes))
	for i := range hashes {
		args[i] = hashes[i][:]
	}
	return args
}

var insertImages = bulk{
	head: `INSERT INTO images (id, x1, x2, x3, created)`,
	row:  `(?, ?, ?, ?, ?)`,
	tail: ` ON CONFLICT (id) DO NOTHING`,
}

// SaveImages keeps images, in one transaction; one that is there already stays
// as it is. It comes before the rows that refer to them.
func (d *DB) SaveImages(ctx context.Context, images []jobs.Image) error {
	err := d.write(ctx, stepImages, func(t *tx) error {
		return t.insert(ctx, insertImages, len(images), func(dst []any, i int) []any {
			m := &images[i]
			return append(dst, m.ID[:], fileOrNull(m.Files[0]), fileOrNull(m.Files[1]), fileOrNull(m.Files[2]), millis(d.now()))
		}, nil)
	})
	if err != nil {
		return fmt.Errorf("save %d images: %w", len(images), err)
	}
	return nil
}

// fileOrNull returns NULL for a file that is not there.
func fileOrNull(file []byte) any {
	if file == nil {
		return nil
	}
	return file
}

// Image returns an image, or [jobs.ErrNotFound].
func (d *DB) Image(ctx context.Context, id jobs.Hash) (*jobs.Image, error) {
	const query = `SELECT x1, x2, x3 FROM images WHERE id = ?`
	m := &jobs.Image{ID: id}
	found := false
	err := d.again(ctx, "image", func() error {
		return d.query(ctx, func(rows *sql.Rows) error {
			found = true
			return rows.Scan(&m.Files[0], &m.Files[1], &m.Files[2])
		}, query, id[:])
	})
	if err == nil && !found {
		err = jobs.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("image %x: %w", id, err)
	}
	return m, nil
}
