package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"passmill/sign"
)

// A versionRow is a version with its certificate.
type versionRow struct {
	Entry        string            `db:"entry_id"`
	KeyID        string            `db:"key_id"`
	State        sign.VersionState `db:"state"`
	Intermediate []byte            `db:"intermediate"`
	Added        int64             `db:"added"`
	AddedBy      string            `db:"added_by"`
	ID           string            `db:"id"`
	TypeID       string            `db:"type_id"`
	TeamID       string            `db:"team_id"`
	Subject      string            `db:"subject"`
	NFC          bool              `db:"nfc"`
	NotBefore    int64             `db:"not_before"`
	NotAfter     int64             `db:"not_after"`
	DER          []byte            `db:"der"`
}

func (r *versionRow) version() sign.Version {
	return sign.Version{
		Entry: r.Entry, KeyID: r.KeyID, State: r.State, Intermediate: r.Intermediate, Added: fromMillis(r.Added), AddedBy: r.AddedBy,
		Certificate: sign.Certificate{
			ID: r.ID, TypeID: r.TypeID, TeamID: r.TeamID, Subject: r.Subject, NFC: r.NFC,
			NotBefore: fromMillis(r.NotBefore), NotAfter: fromMillis(r.NotAfter), DER: r.DER,
		},
	}
}

// Versions returns the certificates of an entry, or of all if entry is empty:
// of each entry the one that signs now first, then the newest.
func (d *DB) Versions(ctx context.Context, entry string) ([]sign.Version, error) {
	const (
		columns = `
			SELECT v.entry_id, v.key_id, v.state, v.intermediate, v.added, v.added_by,
				c.id, c.type_id, c.team_id, c.subject, c.nfc, c.not_before, c.not_after, c.der
			FROM certificate_versions v
			JOIN certificates c ON c.id = v.certificate_id`
		order = ` ORDER BY v.entry_id, v.state, v.added DESC, c.not_after DESC, c.id` // active comes before superseded
		ofAll = columns + order
		ofOne = columns + ` WHERE v.entry_id = ?` + order
	)
	query, args := ofAll, []any(nil)
	if entry != "" {
		query, args = ofOne, []any{entry}
	}
	var rows []versionRow
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list versions of certificates: %w", err)
	}
	versions := make([]sign.Version, len(rows))
	for i := range rows {
		versions[i] = rows[i].version()
	}
	return versions, nil
}

// AddVersion puts a certificate into the registry, as [sign.Addition] says, and
// returns its entry. It signs from then on; the one before it is superseded. If
// event has no action, it becomes [sign.ActionAdd] or [sign.ActionRenew]. A key
// that was sealed with an old key-encryption key is [sign.ErrSealedLater].
func (d *DB) AddVersion(ctx context.Context, a sign.Addition, event sign.Event) (sign.Entry, error) {
	const find = `
		SELECT ` + entryColumns + `
		FROM certificate_entries
		WHERE base_name = ? AND team_id = ? AND tenant = ? AND kind = ?`
	var id string
	event.Certificate = a.Certificate.ID
	err := d.audited(ctx, stepVersion, event, func(t *tx, event *sign.Event) error {
		action := sign.ActionRenew
		e, err := t.entryBy(ctx, find, a.Entry.BaseName, a.Entry.TeamID, a.Entry.Tenant, string(a.Entry.Kind))
		if errors.Is(err, sign.ErrNoEntry) {
			action = sign.ActionAdd
			e = a.Entry
			err = t.addEntry(ctx, e, *event)
		}
		if err != nil {
			return err
		}
		id, event.Entry = e.ID, e.ID
		event.Action = cmp.Or(event.Action, action)
		return t.addVersion(ctx, e.ID, a, *event)
	})
	if err != nil {
		return sign.Entry{}, fmt.Errorf("keep the certificate of %s: %w", a.Entry.BaseName, err)
	}
	if id == "" { // an earlier try was committed, and its answer lost
		id, err = d.entryOf(ctx, a)
	}
	if err != nil {
		return sign.Entry{}, err
	}
	return d.Entry(ctx, id)
}

func (d *DB) entryOf(ctx context.Context, a sign.Addition) (id string, err error) {
	const query = `
		SELECT id
		FROM certificate_entries
		WHERE base_name = ? AND team_id = ? AND tenant = ? AND kind = ?`
	err = d.get(ctx, &id, query, a.Entry.BaseName, a.Entry.TeamID, a.Entry.Tenant, string(a.Entry.Kind))
	return id, orNoEntry(err)
}

func (t *tx) addEntry(ctx context.Context, e sign.Entry, event sign.Event) error {
	const (
		defaults = `SELECT COUNT(*) FROM certificate_entries WHERE kind = ? AND tenant = ? AND is_default`
		insert   = `
			INSERT INTO certificate_entries (` + entryColumns + `)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	)
	var n int
	if _, err := t.one(ctx, []any{&n}, defaults, string(e.Kind), e.Tenant); err != nil {
		return err
	}
	at := millis(event.At)
	_, err := t.exec(ctx, insert, e.ID, string(e.Kind), e.Vendor, e.Name, e.BaseName, e.TeamID, e.Tenant, e.Comment, e.Contact,
		e.NFC, e.Enabled, n == 0, at, at)
	return err
}

// addVersion makes a certificate the one that signs for an entry.
func (t *tx) addVersion(ctx context.Context, entry string, a sign.Addition, event sign.Event) error {
	const (
		supersede = `UPDATE certificate_versions SET state = 'superseded' WHERE entry_id = ? AND state = 'active'`
		insert    = `
			INSERT INTO certificate_versions (certificate_id, entry_id, key_id, state, intermediate, added, added_by)
			VALUES (?, ?, ?, 'active', ?, ?, ?)
			ON CONFLICT (certificate_id, entry_id) DO UPDATE SET state = 'active', intermediate = excluded.intermediate`
		touch = `UPDATE certificate_entries SET nfc = ?, updated = ? WHERE id = ?`
	)
	if err := t.saveCertificate(ctx, a.Certificate); err != nil {
		return err
	}
	if len(a.Key.Sealed.Data) > 0 {
		if err := t.addKey(ctx, a.Key); err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, supersede, entry); err != nil {
		return err
	}
	_, err := t.exec(ctx, insert, a.Certificate.ID, entry, a.Key.ID, notNil(a.Intermediate), millis(event.At), event.Actor)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, touch, a.Certificate.NFC, millis(event.At), entry)
	return err
}
