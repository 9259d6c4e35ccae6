package ledger

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"passmill/sign"
)

const apiKeyColumns = `id, name, hash, scopes, tenant, created, created_by, used`

// An apiKeyRow is a row of the table api_keys.
type apiKeyRow struct {
	ID        string `db:"id"`
	Name      string `db:"name"`
	Hash      []byte `db:"hash"`
	Scopes    string `db:"scopes"`
	Tenant    string `db:"tenant"`
	Created   int64  `db:"created"`
	CreatedBy string `db:"created_by"`
	Used      int64  `db:"used"`
}

func (r *apiKeyRow) key() sign.APIKey {
	k := sign.APIKey{ID: r.ID, Name: r.Name, Hash: r.Hash, Tenant: r.Tenant, Created: fromMillis(r.Created), CreatedBy: r.CreatedBy}
	for _, s := range strings.Fields(r.Scopes) {
		k.Scopes = append(k.Scopes, sign.Scope(s))
	}
	if r.Used > 0 {
		k.Used = fromMillis(r.Used)
	}
	return k
}

// AddAPIKey keeps a key of the REST API. One with that name is [sign.ErrTaken].
func (d *DB) AddAPIKey(ctx context.Context, k sign.APIKey, event sign.Event) error {
	const query = `
		INSERT INTO api_keys (` + apiKeyColumns + `)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (name) DO NOTHING`
	var scopes []string
	for _, s := range k.Scopes {
		scopes = append(scopes, string(s))
	}
	event.Action = cmp.Or(event.Action, sign.ActionKeyAdd)
	err := d.audited(ctx, stepAPIKey, event, func(t *tx, _ *sign.Event) error {
		n, err := t.affect(ctx, query, k.ID, k.Name, k.Hash, strings.Join(scopes, " "), k.Tenant, millis(k.Created), k.CreatedBy)
		if err == nil && n == 0 {
			err = sign.ErrTaken
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("add API key %s: %w", k.Name, err)
	}
	return nil
}

// APIKeys returns all keys of the REST API, by name.
func (d *DB) APIKeys(ctx context.Context) ([]sign.APIKey, error) {
	const query = `SELECT ` + apiKeyColumns + ` FROM api_keys ORDER BY name`
	var rows []apiKeyRow
	if err := d.list(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	keys := make([]sign.APIKey, len(rows))
	for i := range rows {
		keys[i] = rows[i].key()
	}
	return keys, nil
}

// APIKey returns the key of that name, or [sign.ErrNoEntry].
func (d *DB) APIKey(ctx context.Context, name string) (sign.APIKey, error) {
	const query = `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE name = ?`
	var row apiKeyRow
	if err := d.get(ctx, &row, query, name); err != nil {
		return sign.APIKey{}, fmt.Errorf("API key: %w", orNoEntry(err)) // a stranger gave the name
	}
	return row.key(), nil
}

// APIKeyUsed notes when a key was used. It never goes back.
func (d *DB) APIKeyUsed(ctx context.Context, id string, at time.Time) error {
	const query = `UPDATE api_keys SET used = ? WHERE id = ? AND used < ?`
	err := d.write(ctx, stepAPIUse, func(t *tx) error {
		_, err := t.exec(ctx, query, millis(at), id, millis(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("note the use of an API key: %w", err)
	}
	return nil
}

// RemoveAPIKey removes a key with the answers that were kept for it. One that is
// not there is [sign.ErrNoEntry].
func (d *DB) RemoveAPIKey(ctx context.Context, name string, event sign.Event) error {
	const (
		answers = `DELETE FROM api_answers WHERE key_id IN (SELECT id FROM api_keys WHERE name = ?)`
		remove  = `DELETE FROM api_keys WHERE name = ?`
	)
	event.Action = cmp.Or(event.Action, sign.ActionKeyRemove)
	err := d.audited(ctx, stepAPIKey, event, func(t *tx, _ *sign.Event) error {
		if _, err := t.exec(ctx, answers, name); err != nil {
			return err
		}
		n, err := t.affect(ctx, remove, name)
		if err == nil && n == 0 {
			err = sign.ErrNoEntry
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove API key %s: %w", name, err)
	}
	return nil
}
