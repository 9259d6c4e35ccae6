package ledger

import (
	"context"
	"fmt"

	"passmill/sign"
)

// MasterKeys returns the master keys, oldest first.
func (d *DB) MasterKeys(ctx context.Context) ([]sign.Key, error) {
	const query = `SELECT version, sealed, sealed_by, sealed_version, created FROM master_keys ORDER BY version`
	var rows []struct {
		Version int    `db:"version"`
		Sealed  []byte `db:"sealed"`
		By      string `db:"sealed_by"`
		Sealing int    `db:"sealed_version"`
		Created int64  `db:"created"`
	}
	if err := d.list(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("list master keys: %w", err)
	}
	keys := make([]sign.Key, len(rows))
	for i, r := range rows {
		keys[i] = sign.MasterKey(r.Version)
		keys[i].Sealed = sign.Sealed{Data: r.Sealed, By: r.By, Version: r.Sealing}
		keys[i].Created = fromMillis(r.Created)
	}
	return keys, nil
}

// AddMasterKey keeps a master key. If there is one of its version, that stays. If
// its key-encryption key is not the one that seals now, that is
// [sign.ErrSealedLater], and the caller seals it again.
func (d *DB) AddMasterKey(ctx context.Context, k sign.Key) error {
	const query = `
		INSERT INTO master_keys (version, sealed, sealed_by, sealed_version, created)
		VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (version) DO NOTHING`
	version, ok := k.MasterVersion()
	if !ok {
		return fmt.Errorf("keep a master key: %w", sign.ErrNoEntry)
	}
	err := d.write(ctx, stepMaster, func(t *tx) error {
		if err := t.sealsNow(ctx, k.Sealed); err != nil {
			return err
		}
		_, err := t.exec(ctx, query, version, k.Sealed.Data, k.Sealed.By, k.Sealed.Version, millis(k.Created))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep master key %d: %w", version, err)
	}
	return nil
}
