package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"passmill/jobs"
	"passmill/sign"
)

const entryColumns = `id, kind, vendor, name, base_name, team_id, tenant, comment, contact, nfc, enabled, is_default, created, updated`

// An entryRow is a row of the table certificate_entries.
type entryRow struct {
	ID       string    `db:"id"`
	Kind     sign.Kind `db:"kind"`
	Vendor   string    `db:"vendor"`
	Name     string    `db:"name"`
	BaseName string    `db:"base_name"`
	TeamID   string    `db:"team_id"`
	Tenant   string    `db:"tenant"`
	Comment  string    `db:"comment"`
	Contact  string    `db:"contact"`
	NFC      bool      `db:"nfc"`
	Enabled  bool      `db:"enabled"`
	Default  bool      `db:"is_default"`
	Created  int64     `db:"created"`
	Updated  int64     `db:"updated"`
}

func (r *entryRow) entry() sign.Entry {
	return sign.Entry{
		ID: r.ID, Kind: r.Kind, Vendor: r.Vendor, Name: r.Name, BaseName: r.BaseName, TeamID: r.TeamID, Tenant: r.Tenant,
		Comment: r.Comment, Contact: r.Contact, NFC: r.NFC, Enabled: r.Enabled, Default: r.Default,
		Created: fromMillis(r.Created), Updated: fromMillis(r.Updated),
	}
}

// Entries returns all entries of the registry, in the order of tenants, names
// and base names.
func (d *DB) Entries(ctx context.Context) ([]sign.Entry, error) {
	const query = `SELECT ` + entryColumns + ` FROM certificate_entries ORDER BY tenant, name, base_name, team_id, kind`
	var rows []entryRow
	if err := d.list(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("list certificates: %w", err)
	}
	entries := make([]sign.Entry, len(rows))
	for i := range rows {
		entries[i] = rows[i].entry()
	}
	return entries, nil
}

// UpdateEntry changes name, comment, contact, Enabled and Default of an entry,
// and returns it as it is then. Default can only become true, which takes it from
// the one that had it: what would leave none is [sign.ErrDefault]. An entry that
// is not there is [sign.ErrNoEntry].
func (d *DB) UpdateEntry(ctx context.Context, e sign.Entry, event sign.Event) (sign.Entry, error) {
	const (
		take   = `UPDATE certificate_entries SET is_default = ? WHERE kind = ? AND tenant = ? AND id <> ?`
		change = `
			UPDATE certificate_entries
			SET name = ?, comment = ?, contact = ?, enabled = ?, is_default = ?, updated = ?
			WHERE id = ?`
	)
	event.Entry = e.ID
	err := d.audited(ctx, stepEntry, event, func(t *tx, event *sign.Event) error {
		old, err := t.entry(ctx, e.ID)
		event.Action = cmp.Or(event.Action, sign.ActionChange)
		switch {
		case err != nil:
			return err
		case old.Default && !e.Default:
			return sign.ErrDefault
		case e.Default && !old.Default:
			if _, err := t.exec(ctx, take, false, string(old.Kind), old.Tenant, e.ID); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, change, e.Name, e.Comment, e.Contact, e.Enabled, e.Default, millis(event.At), e.ID)
		return err
	})
	if err != nil {
		return sign.Entry{}, fmt.Errorf("change certificate %s: %w", e.Title(), err)
	}
	return d.Entry(ctx, e.ID)
}

// Entry returns an entry, or [sign.ErrNoEntry].
func (d *DB) Entry(ctx context.Context, id string) (sign.Entry, error) {
	const query = `SELECT ` + entryColumns + ` FROM certificate_entries WHERE id = ?`
	var row entryRow
	if err := d.get(ctx, &row, query, id); err != nil {
		return sign.Entry{}, fmt.Errorf("certificate %s: %w", id, orNoEntry(err))
	}
	return row.entry(), nil
}

// RemoveEntry removes an entry with its versions, and the keys that no other
// entry needs. The records of its certificates stay, since passes refer to them.
// The default is removed only if it is the last of its tenant and kind;
// otherwise that is [sign.ErrDefault].
func (d *DB) RemoveEntry(ctx context.Context, id string, event sign.Event) error {
	const (
		others   = `SELECT COUNT(*) FROM certificate_entries WHERE kind = ? AND tenant = ? AND id <> ?`
		versions = `DELETE FROM certificate_versions WHERE entry_id = ?`
		alerts   = `DELETE FROM certificate_alerts WHERE entry_id = ?`
		remove   = `DELETE FROM certificate_entries WHERE id = ?`
	)
	event.Entry, event.Action = id, cmp.Or(event.Action, sign.ActionRemove)
	err := d.audited(ctx, stepRemove, event, func(t *tx, _ *sign.Event) error {
		e, err := t.entry(ctx, id)
		if err != nil {
			return err
		}
		var n int
		if _, err := t.one(ctx, []any{&n}, others, string(e.Kind), e.Tenant, id); err != nil {
			return err
		}
		if e.Default && n > 0 {
			return sign.ErrDefault
		}
		gone, err := t.keysOf(ctx, id)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, versions, id); err != nil {
			return err
		}
		if err := t.dropKeys(ctx, gone); err != nil {
			return err
		}
		for _, query := range []string{alerts, remove} {
			if _, err := t.exec(ctx, query, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove certificate %s: %w", id, err)
	}
	return nil
}

// entry reads an entry in a transaction.
func (t *tx) entry(ctx context.Context, id string) (sign.Entry, error) {
	const query = `SELECT ` + entryColumns + ` FROM certificate_entries WHERE id = ?`
	return t.entryBy(ctx, query, id)
}

func (t *tx) entryBy(ctx context.Context, query string, args ...any) (sign.Entry, error) {
	var r entryRow
	found, err := t.one(ctx, []any{
		&r.ID, &r.Kind, &r.Vendor, &r.Name, &r.BaseName, &r.TeamID, &r.Tenant, &r.Comment, &r.Contact, &r.NFC, &r.Enabled,
		&r.Default, &r.Created, &r.Updated,
	}, query, args...)
	if err == nil && !found {
		err = sign.ErrNoEntry
	}
	return r.entry(), err
}

// orNoEntry speaks of the registry where the rest of the ledger says that
// something was not found.
func orNoEntry(err error) error {
	if errors.Is(err, jobs.ErrNotFound) {
		return sign.ErrNoEntry
	}
	return err
}
