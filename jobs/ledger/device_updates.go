package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"passmill/jobs"
)

// Updates returns what a device has not heard of. A tag of another epoch, or with a
// number that was never given out, knows of nothing.
func (d *DB) Updates(ctx context.Context, device jobs.Device, typeID string, since jobs.Tag) (u jobs.Updates, err error) {
	// One statement sees one state of the ledger. Numbers are given out under a lock
	// until the commit, so none below the greatest that it sees is still to come.
	const query = `
		SELECT p.serial, p.change_number, r.number, c.value, c.epoch, s.told, s.due, d.seen
		FROM devices d
		JOIN registrations r ON r.device_id = d.id
		JOIN passes p ON p.id = r.pass_id
		JOIN subscriptions s ON s.device_id = d.id AND s.type_id = p.type_id
		JOIN change_counter c ON c.id = 1
		WHERE d.library = ? AND p.type_id = ?
		ORDER BY p.serial`
	now := millis(d.now())
	err = d.again(ctx, "read", func() error {
		u = jobs.Updates{}
		return d.query(ctx, func(rows *sql.Rows) error {
			var serial, epoch string
			var change, number, counter, told, due, seen int64
			if err := rows.Scan(&serial, &change, &number, &counter, &epoch, &told, &due, &seen); err != nil {
				return err
			}
			change = max(change, number)
			u.Known, u.Tag.Epoch = true, epoch
			u.Tag.Number = max(u.Tag.Number, change)
			u.Noted = u.Tag.Number <= told && due == 0 && now-seen <= seenStep.Milliseconds()
			if since.Epoch != epoch || since.Number > counter || change > since.Number {
				u.Serials = append(u.Serials, serial)
			}
			return nil
		}, query, device[:], typeID)
	})
	if err != nil {
		return jobs.Updates{}, fmt.Errorf("what a device has not heard of: %w", err)
	}
	return u, nil
}

// seenStep is how exactly it is noted when a device was here last.
const seenStep = time.Hour

// A telling is what a device was told.
type telling struct {
	device jobs.Device
	typeID string
	number int64
}

// Told notes up to which change number a device was told of its passes of a type.
// Pushes that would tell it no more are not needed then.
func (d *DB) Told(ctx context.Context, device jobs.Device, typeID string, number int64) error {
	if _, err := d.telling.ask(ctx, telling{device, typeID, number}); err != nil {
		return fmt.Errorf("note what a device was told: %w", err)
	}
	return nil
}

func (d *DB) tell(ctx context.Context, asks []telling) ([]struct{}, error) {
	const (
		find   = `SELECT id, seen FROM devices WHERE library = ?`
		seen   = `UPDATE devices SET seen = ? WHERE id = ?`
		update = `
			UPDATE subscriptions
			SET told = CASE WHEN told < ? THEN ? ELSE told END, due = CASE WHEN wanted <= ? THEN 0 ELSE due END
			WHERE device_id = ? AND type_id = ? AND (told < ? OR due > 0 AND wanted <= ?)`
	)
	err := d.write(ctx, stepTold, func(t *tx) error {
		// Who gives out numbers changes the same rows, in an order of his own.
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		now := millis(d.now())
		for _, a := range asks {
			var id, last int64
			found, err := t.one(ctx, []any{&id, &last}, find, a.device[:])
			if err != nil {
				return err
			}
			if !found { // it has unregistered since
				continue
			}
			if now-last > seenStep.Milliseconds() {
				if _, err := t.exec(ctx, seen, now, id); err != nil {
					return err
				}
			}
			if _, err := t.exec(ctx, update, a.number, a.number, a.number, id, a.typeID, a.number, a.number); err != nil {
				return err
			}
		}
		return nil
	})
	return make([]struct{}, len(asks)), err
}
