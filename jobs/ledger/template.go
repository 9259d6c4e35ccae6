package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"passmill/jobs"
	"passmill/sign"
)

// SaveTemplate keeps a version of a template, with all its files, unless it is
// there already. It comes before the first pass that is made with it.
func (d *DB) SaveTemplate(ctx context.Context, version jobs.Hash, name string, files map[string][]byte) error {
	const (
		insert     = `INSERT INTO templates (version, name, created) VALUES (?, ?, ?) ON CONFLICT (version) DO NOTHING`
		insertFile = `INSERT INTO template_files (version, path, data) VALUES (?, ?, ?)`
	)
	err := d.write(ctx, stepTemplate, func(t *tx) error {
		n, err := t.affect(ctx, insert, version[:], name, millis(d.now()))
		if err != nil || n == 0 {
			return err
		}
		for _, path := range slices.Sorted(maps.Keys(files)) {
			if _, err := t.exec(ctx, insertFile, version[:], path, notNil(files[path])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save template %q: %w", name, err)
	}
	return nil
}

// SaveCertificate keeps the record of a certificate, unless it is there already.
// It comes before the first pass that is signed with it.
func (d *DB) SaveCertificate(ctx context.Context, c sign.Certificate) error {
	err := d.write(ctx, stepCertificate, func(t *tx) error { return t.saveCertificate(ctx, c) })
	if err != nil {
		return fmt.Errorf("save certificate %s: %w", c.ID, err)
	}
	return nil
}

func (t *tx) saveCertificate(ctx context.Context, c sign.Certificate) error {
	const query = `
		INSERT INTO certificates (id, type_id, team_id, subject, nfc, not_before, not_after, der)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`
	_, err := t.exec(ctx, query, c.ID, c.TypeID, c.TeamID, c.Subject, c.NFC, millis(c.NotBefore), millis(c.NotAfter), c.DER)
	return err
}
