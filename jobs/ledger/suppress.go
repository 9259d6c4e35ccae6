package ledger

import (
	"context"
	"fmt"

	"passmill/jobs"
)

// Suppress puts addresses on the list of those that get no mails; one that is there
// keeps its reason. What waits for them is suppressed at once. It returns how many
// are new.
func (d *DB) Suppress(ctx context.Context, reason string, addresses ...[32]byte) (added int64, err error) {
	err = d.write(ctx, stepSuppress, func(t *tx) error {
		added = 0
		for _, a := range addresses {
			n, err := t.suppress(ctx, reason, a, millis(d.now()))
			if err != nil {
				return err
			}
			added += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("suppress %d addresses: %w", len(addresses), err)
	}
	return added, nil
}

func (t *tx) suppress(ctx context.Context, reason string, address [32]byte, now int64) (int64, error) {
	const (
		insert = `INSERT INTO suppressions (address, reason, created) VALUES (?, ?, ?) ON CONFLICT (address) DO NOTHING`
		stop   = `UPDATE deliveries SET state = 'suppressed', changed = ? WHERE address = ? AND state = 'waiting'`
	)
	n, err := t.affect(ctx, insert, address[:], reason, now)
	if err != nil {
		return 0, err
	}
	_, err = t.exec(ctx, stop, now, address[:])
	return n, err
}

// suppressOf suppresses the recipient of a delivery. One that is not there is
// [jobs.ErrNotFound].
func (t *tx) suppressOf(ctx context.Context, reason, delivery string, now int64) error {
	const find = `SELECT address FROM deliveries WHERE id = ?`
	var address digest
	found, err := t.one(ctx, []any{&address}, find, delivery)
	if err != nil || !found {
		return orNotFound(err)
	}
	if address == digest(zeroAddress) { // erased, and suppressed then
		return nil
	}
	_, err = t.suppress(ctx, reason, address, now)
	return err
}

// Unsuppress takes an address off the list. What was suppressed for it stays so.
// found is false if it was not there.
func (d *DB) Unsuppress(ctx context.Context, address [32]byte) (found bool, err error) {
	const query = `DELETE FROM suppressions WHERE address = ?`
	err = d.write(ctx, stepSuppress, func(t *tx) error {
		n, err := t.affect(ctx, query, address[:])
		found = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take an address off the list of suppressed ones: %w", err)
	}
	return found, nil
}

// Suppressions returns the list, the oldest first.
func (d *DB) Suppressions(ctx context.Context) ([]jobs.Suppression, error) {
	return d.suppressions(ctx, `SELECT address, reason, created FROM suppressions ORDER BY created, address`)
}

// Suppressed returns why an address gets no mails; found is false if it does.
func (d *DB) Suppressed(ctx context.Context, address [32]byte) (s jobs.Suppression, found bool, err error) {
	list, err := d.suppressions(ctx, `SELECT address, reason, created FROM suppressions WHERE address = ?`, address[:])
	if err != nil || len(list) == 0 {
		return s, false, err
	}
	return list[0], true, nil
}

func (d *DB) suppressions(ctx context.Context, query string, args ...any) ([]jobs.Suppression, error) {
	var rows []struct {
		Address digest
		Reason  string
		Created int64
	}
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list suppressed addresses: %w", err)
	}
	list := make([]jobs.Suppression, len(rows))
	for i, r := range rows {
		list[i] = jobs.Suppression{Address: r.Address, Reason: r.Reason, Created: fromMillis(r.Created)}
	}
	return list, nil
}

// Bounce records that a delivery came back: it is bounced, whatever was known of it.
// If the address will never take a mail, it is suppressed. A delivery that is not
// there is [jobs.ErrNotFound]; one that was not on its way, or bounced before, is
// left alone. So is one whose recipient was erased: what came back would name him.
func (d *DB) Bounce(ctx context.Context, id string, code int, answer string, forever bool) error {
	const (
		find   = `SELECT 1 FROM deliveries WHERE id = ?`
		update = `
			UPDATE deliveries SET state = 'bounced', code = ?, answer = ?, changed = ?
			WHERE id = ? AND address <> ? AND state IN ('sent', 'in_doubt', 'trying', 'waiting', 'given_up')`
	)
	err := d.write(ctx, stepBounce, func(t *tx) error {
		if found, err := t.one(ctx, []any{new(int)}, find, id); err != nil || !found {
			return orNotFound(err)
		}
		now := millis(d.now())
		if _, err := t.exec(ctx, update, code, answer, now, id, zeroAddress); err != nil || !forever {
			return err
		}
		return t.suppressOf(ctx, "bounced", id, now)
	})
	if err != nil {
		return fmt.Errorf("record a bounce of delivery %s: %w", id, err)
	}
	return nil
}

// Unsubscribe suppresses the recipient of a delivery, who asked for it. A delivery
// that is not there is [jobs.ErrNotFound].
func (d *DB) Unsubscribe(ctx context.Context, id string) error {
	err := d.write(ctx, stepSuppress, func(t *tx) error {
		return t.suppressOf(ctx, "unsubscribed", id, millis(d.now()))
	})
	if err != nil {
		return fmt.Errorf("unsubscribe the recipient of delivery %s: %w", id, err)
	}
	return nil
}
