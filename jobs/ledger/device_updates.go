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

// tell notes it for many devices, in as many statements as for one.
func (d *DB) tell(ctx context.Context, asks []telling) ([]struct{}, error) {
	err := d.write(ctx, stepTold, func(t *tx) error {
		// Who gives out numbers changes the same rows, in an order of his own.
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		ids, err := t.visited(ctx, asks, millis(d.now()))
		if err != nil {
			return err
		}
		return t.noteTold(ctx, asks, ids)
	})
	return make([]struct{}, len(asks)), err
}

// visited returns the ids of devices that are here now, without those that have
// unregistered since, and notes that they are.
func (t *tx) visited(ctx context.Context, asks []telling, now int64) (map[jobs.Device]int64, error) {
	const (
		find   = `SELECT id, library, seen FROM devices WHERE library IN (` + listMark + `)`
		update = `UPDATE devices SET seen = ? WHERE id IN (` + listMark + `)`
	)
	libraries := make([][]byte, len(asks))
	for i := range asks {
		libraries[i] = asks[i].device[:]
	}
	ids := make(map[jobs.Device]int64, len(asks))
	var late []int64
	err := eachList(ctx, t, func(rows *sql.Rows) error {
		var id, seen int64
		var library sql.RawBytes
		var device jobs.Device
		err := rows.Scan(&id, &library, &seen)
		copy(device[:], library)
		ids[device] = id
		if now-seen > seenStep.Milliseconds() {
			late = append(late, id)
		}
		return err
	}, find, libraries)
	if err != nil {
		return nil, err
	}
	_, err = execList(ctx, t, update, late, now)
	return ids, err
}

var updateTold = bulk{
	head: `WITH v (device, type, number) AS (`,
	row:  `(CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT))`,
	tail: `)
		UPDATE subscriptions
		SET told = CASE WHEN told < v.number THEN v.number ELSE told END, due = CASE WHEN wanted <= v.number THEN 0 ELSE due END
		FROM v
		WHERE device_id = v.device AND type_id = v.type AND (told < v.number OR due > 0 AND wanted <= v.number)`,
}

// noteTold writes down what devices were told: of each the most, since one statement writes
// a row once.
func (t *tx) noteTold(ctx context.Context, asks []telling, ids map[jobs.Device]int64) error {
	type who struct {
		device int64
		typeID string
	}
	most := map[who]int64{}
	var list []who
	for _, a := range asks {
		w := who{ids[a.device], a.typeID}
		if w.device == 0 {
			continue
		}
		if _, there := most[w]; !there {
			list = append(list, w)
		}
		most[w] = max(most[w], a.number)
	}
	return t.insert(ctx, updateTold, len(list), func(dst []any, i int) []any {
		return append(dst, list[i].device, list[i].typeID, most[list[i]])
	}, nil)
}
