package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"passmill/sign"
)

const keyColumns = `id, kind, base_name, tenant, name, contact, algorithm, csr, sealed, sealed_by, sealed_version, created, created_by`

// A keyRow is a row of the table certificate_keys.
type keyRow struct {
	ID        string    `db:"id"`
	Kind      sign.Kind `db:"kind"`
	BaseName  string    `db:"base_name"`
	Tenant    string    `db:"tenant"`
	Name      string    `db:"name"`
	Contact   string    `db:"contact"`
	Algorithm string    `db:"algorithm"`
	CSR       []byte    `db:"csr"`
	Sealed    []byte    `db:"sealed"`
	By        string    `db:"sealed_by"`
	Version   int       `db:"sealed_version"`
	Created   int64     `db:"created"`
	CreatedBy string    `db:"created_by"`
}

func (r *keyRow) key() sign.Key {
	return sign.Key{
		ID: r.ID, Kind: r.Kind, BaseName: r.BaseName, Tenant: r.Tenant, Name: r.Name, Contact: r.Contact, Algorithm: r.Algorithm,
		CSR: r.CSR, Sealed: sign.Sealed{Data: r.Sealed, By: r.By, Version: r.Version}, Created: fromMillis(r.Created), CreatedBy: r.CreatedBy,
	}
}

// Key returns a key, or [sign.ErrNoEntry].
func (d *DB) Key(ctx context.Context, id string) (sign.Key, error) {
	const query = `SELECT ` + keyColumns + ` FROM certificate_keys WHERE id = ?`
	var row keyRow
	if err := d.get(ctx, &row, query, id); err != nil {
		return sign.Key{}, fmt.Errorf("key %s: %w", short(id), orNoEntry(err))
	}
	return row.key(), nil
}

// WaitingKeys returns the keys whose certificate isn't there yet, oldest first.
func (d *DB) WaitingKeys(ctx context.Context) ([]sign.Key, error) {
	const query = `
		SELECT ` + keyColumns + `
		FROM certificate_keys
		WHERE NOT EXISTS (SELECT 1 FROM certificate_versions v WHERE v.key_id = certificate_keys.id)
		ORDER BY created, id`
	return d.keys(ctx, query)
}

// SealedBefore returns some of the keys, master keys among them, that are sealed with an older
// key-encryption key than version, by id, from the one after the given id.
func (d *DB) SealedBefore(ctx context.Context, version int, after string, limit int) ([]sign.Key, error) {
	// A master key has no csr; another binary column stands in for it.
	const query = `
		SELECT ` + keyColumns + `
		FROM (
			SELECT ` + keyColumns + ` FROM certificate_keys
			UNION ALL
			SELECT 'master-' || version, 'master', '', '', '', '', '', sealed, sealed, sealed_by, sealed_version, created, ''
			FROM master_keys
		) AS k
		WHERE sealed_version < ? AND id > ?
		ORDER BY id
		LIMIT ?`
	return d.keys(ctx, query, version, after, limit)
}

func (d *DB) keys(ctx context.Context, query string, args ...any) ([]sign.Key, error) {
	var rows []keyRow
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys := make([]sign.Key, len(rows))
	for i := range rows {
		keys[i] = rows[i].key()
	}
	return keys, nil
}

// AddKey keeps a key that waits for its certificate. If its key-encryption key is
// not the one that seals now, that is [sign.ErrSealedLater], and the caller seals
// it again.
func (d *DB) AddKey(ctx context.Context, k sign.Key, event sign.Event) error {
	event.Action = cmp.Or(event.Action, sign.ActionRequest)
	err := d.audited(ctx, stepKey, event, func(t *tx, _ *sign.Event) error { return t.addKey(ctx, k) })
	if err != nil {
		return fmt.Errorf("keep the key of %s: %w", k.BaseName, err)
	}
	return nil
}

func (t *tx) addKey(ctx context.Context, k sign.Key) error {
	const query = `
		INSERT INTO certificate_keys (` + keyColumns + `)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`
	if err := t.sealsNow(ctx, k.Sealed); err != nil {
		return err
	}
	_, err := t.exec(ctx, query, k.ID, string(k.Kind), k.BaseName, k.Tenant, k.Name, k.Contact, k.Algorithm, notNil(k.CSR),
		k.Sealed.Data, k.Sealed.By, k.Sealed.Version, millis(k.Created), k.CreatedBy)
	return err
}

// sealsNow makes sure that a key was sealed with the newest key-encryption key:
// one that is being retired must not get new keys meanwhile. The first one that
// ever seals introduces itself so.
func (t *tx) sealsNow(ctx context.Context, s sign.Sealed) error {
	now, err := t.sealingKey(ctx)
	switch {
	case err != nil:
		return err
	case now == (sign.SealingKey{}):
		return t.setSealingKey(ctx, sign.SealingKey{ID: s.By, Version: s.Version})
	case now != sign.SealingKey{ID: s.By, Version: s.Version}:
		return fmt.Errorf("%w: %s, version %d, seals now", sign.ErrSealedLater, now.ID, now.Version)
	}
	return nil
}

// DiscardKey throws a key away that waits for its certificate. One that has a
// certificate, or is not there, is [sign.ErrNoEntry].
func (d *DB) DiscardKey(ctx context.Context, id string, event sign.Event) error {
	const query = `
		DELETE FROM certificate_keys
		WHERE id = ? AND NOT EXISTS (SELECT 1 FROM certificate_versions v WHERE v.key_id = certificate_keys.id)`
	event.Action = cmp.Or(event.Action, sign.ActionDiscard)
	err := d.audited(ctx, stepKey, event, func(t *tx, _ *sign.Event) error {
		n, err := t.affect(ctx, query, id)
		if err == nil && n == 0 {
			err = sign.ErrNoEntry
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("discard key %s: %w", short(id), err)
	}
	return nil
}

// SealingKey returns the key-encryption key that seals now.
func (d *DB) SealingKey(ctx context.Context) (sign.SealingKey, error) {
	const query = `SELECT key_id, version FROM sealing_key WHERE id = 1`
	var row struct {
		ID      string `db:"key_id"`
		Version int    `db:"version"`
	}
	if err := d.get(ctx, &row, query); err != nil {
		return sign.SealingKey{}, fmt.Errorf("key-encryption key of the ledger: %w", err)
	}
	return sign.SealingKey{ID: row.ID, Version: row.Version}, nil
}

// SetSealingKey lets another key-encryption key seal from now on. An older one
// than the present is [sign.ErrSealedLater].
func (d *DB) SetSealingKey(ctx context.Context, k sign.SealingKey, event sign.Event) error {
	event.Action = cmp.Or(event.Action, sign.ActionReseal)
	err := d.audited(ctx, stepSeal, event, func(t *tx, _ *sign.Event) error {
		now, err := t.sealingKey(ctx)
		if err != nil || now == k {
			return err
		}
		if now.Version >= k.Version {
			return fmt.Errorf("%w: %s, version %d, seals now", sign.ErrSealedLater, now.ID, now.Version)
		}
		return t.setSealingKey(ctx, k)
	})
	if err != nil {
		return fmt.Errorf("change the key-encryption key: %w", err)
	}
	return nil
}

// Reseal puts another sealing in the place of the one that a key has. If it has
// another one by now, nothing happens.
func (d *DB) Reseal(ctx context.Context, id string, from, to sign.Sealed) error {
	const (
		private = `
			UPDATE certificate_keys
			SET sealed = ?, sealed_by = ?, sealed_version = ?
			WHERE id = ? AND sealed_by = ? AND sealed_version = ?`
		master = `
			UPDATE master_keys
			SET sealed = ?, sealed_by = ?, sealed_version = ?
			WHERE version = ? AND sealed_by = ? AND sealed_version = ?`
	)
	query, key := private, any(id)
	if version, ok := (sign.Key{ID: id}).MasterVersion(); ok {
		query, key = master, version
	}
	err := d.write(ctx, stepSeal, func(t *tx) error {
		_, err := t.exec(ctx, query, to.Data, to.By, to.Version, key, from.By, from.Version)
		return err
	})
	if err != nil {
		return fmt.Errorf("seal key %s again: %w", short(id), err)
	}
	return nil
}

func (t *tx) sealingKey(ctx context.Context) (k sign.SealingKey, err error) {
	const query = `SELECT key_id, version FROM sealing_key WHERE id = 1 FOR UPDATE`
	found, err := t.one(ctx, []any{&k.ID, &k.Version}, query)
	if err == nil && !found {
		err = sign.ErrNoEntry
	}
	return k, err
}

func (t *tx) setSealingKey(ctx context.Context, k sign.SealingKey) error {
	const query = `UPDATE sealing_key SET key_id = ?, version = ? WHERE id = 1`
	_, err := t.exec(ctx, query, k.ID, k.Version)
	return err
}

// keysOf returns the ids of the keys of an entry.
func (t *tx) keysOf(ctx context.Context, entry string) (ids []string, err error) {
	const query = `SELECT DISTINCT key_id FROM certificate_versions WHERE entry_id = ?`
	err = t.each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, query, entry)
	return ids, err
}

// dropKeys deletes those of the keys that no version needs.
func (t *tx) dropKeys(ctx context.Context, ids []string) error {
	const query = `
		DELETE FROM certificate_keys
		WHERE id = ? AND NOT EXISTS (SELECT 1 FROM certificate_versions v WHERE v.key_id = certificate_keys.id)`
	for _, id := range ids {
		if _, err := t.exec(ctx, query, id); err != nil {
			return err
		}
	}
	return nil
}

// short is the beginning of a hexadecimal id, which is enough for people.
func short(id string) string { return id[:min(len(id), 12)] }
