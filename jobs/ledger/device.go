package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"passmill/jobs"
)

// An enrolment is the answer to one registration.
type enrolment struct {
	created bool
	err     error
}

// Register notes that a device has a pass, and where pushes for it go from now on;
// created says that this was not known. A pass that isn't there is
// [jobs.ErrNotFound], one that has limit devices already [jobs.ErrTooMany].
//
// A device may hold an older version than there is by now, each time. If the pass has
// changed since it was first made, the device is told of it, whatever it knows of others.
func (d *DB) Register(ctx context.Context, r jobs.Registration, limit int) (created bool, err error) {
	answer, err := d.registering.ask(ctx, enrol{r, limit})
	if err = errors.Join(err, answer.err); err != nil {
		return false, fmt.Errorf("register a device: %w", err)
	}
	return answer.created, nil
}

func (d *DB) register(ctx context.Context, asks []enrol) (answers []enrolment, err error) {
	err = d.write(ctx, stepRegister, func(t *tx) error {
		e := newEnrolling(t, asks, millis(d.now()))
		answers = e.answers
		return e.do(ctx)
	})
	return answers, err
}

// A leaving is a device that gives up a pass.
type leaving struct {
	device         jobs.Device
	typeID, serial string
}

// Unregister notes that a device has a pass no longer. With its last pass of a type
// goes its subscription, with its last of all everything that is known of it.
func (d *DB) Unregister(ctx context.Context, device jobs.Device, typeID, serial string) error {
	if _, err := d.leaving.ask(ctx, leaving{device, typeID, serial}); err != nil {
		return fmt.Errorf("unregister a device: %w", err)
	}
	return nil
}

func (d *DB) unregister(ctx context.Context, asks []leaving) ([]struct{}, error) {
	err := d.write(ctx, stepUnregister, func(t *tx) error {
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		for i := range asks {
			if err := t.unregister(ctx, &asks[i], d.now()); err != nil {
				return err
			}
		}
		return nil
	})
	return make([]struct{}, len(asks)), err
}

func (t *tx) unregister(ctx context.Context, l *leaving, now time.Time) error {
	const (
		find         = `SELECT id FROM devices WHERE library = ?`
		registration = `
			DELETE FROM registrations
			WHERE device_id = ? AND pass_id = (SELECT id FROM passes WHERE serial = ? AND type_id = ?)`
		removed = `
			SELECT job
			FROM passes
			WHERE serial = ? AND type_id = ? AND NOT EXISTS (SELECT 1 FROM registrations r WHERE r.pass_id = passes.id)`
		subscription = `
			DELETE FROM subscriptions
			WHERE device_id = ? AND type_id = ? AND NOT EXISTS (
				SELECT 1
				FROM registrations r
				JOIN passes p ON p.id = r.pass_id
				WHERE r.device_id = subscriptions.device_id AND p.type_id = subscriptions.type_id
			)`
		last = `DELETE FROM devices WHERE id = ? AND NOT EXISTS (SELECT 1 FROM registrations r WHERE r.device_id = devices.id)`
	)
	var id int64
	if found, err := t.one(ctx, []any{&id}, find, l.device[:]); err != nil || !found {
		return err
	}
	n, err := t.affect(ctx, registration, id, l.serial, l.typeID)
	if err != nil {
		return err
	}
	if n > 0 {
		err := t.countEach(ctx, jobs.FunnelRemoved, now, func(scan func(*sql.Rows) error) error {
			return t.each(ctx, scan, removed, l.serial, l.typeID)
		})
		if err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, subscription, id, l.typeID); err != nil {
		return err
	}
	_, err = t.exec(ctx, last, id)
	return err
}

// CountDevices counts the devices that are registered, and their registrations.
func (d *DB) CountDevices(ctx context.Context) (devices, registrations int, err error) {
	const query = `SELECT (SELECT COUNT(*) FROM devices) AS devices, (SELECT COUNT(*) FROM registrations) AS registrations`
	var n struct {
		Devices       int `db:"devices"`
		Registrations int `db:"registrations"`
	}
	if err := d.get(ctx, &n, query); err != nil {
		return 0, 0, fmt.Errorf("count devices: %w", err)
	}
	return n.Devices, n.Registrations, nil
}

// Version returns which version of a pass there is, or [jobs.ErrNotFound].
func (d *DB) Version(ctx context.Context, typeID, serial string) (jobs.PassVersion, error) {
	v, err := d.versions.ask(ctx, passKey{typeID, serial})
	if err == nil && v.ID == 0 {
		err = jobs.ErrNotFound
	}
	if err != nil {
		return v, fmt.Errorf("version of a pass: %w", err)
	}
	return v, nil
}

type passKey struct{ typeID, serial string }

// lookUp returns the versions of passes, a zero one for each that isn't there.
func (d *DB) lookUp(ctx context.Context, asks []passKey) ([]jobs.PassVersion, error) {
	const query = `
		SELECT p.id, p.serial, p.job, p.token_key_version, p.change_number, p.modified, c.epoch
		FROM passes p
		JOIN change_counter c ON c.id = 1
		WHERE p.type_id = ? AND p.serial IN (` + listMark + `)`
	types := map[string][]string{}
	for _, a := range asks {
		types[a.typeID] = append(types[a.typeID], a.serial)
	}
	found := make(map[passKey]jobs.PassVersion, len(asks))
	for typeID, serials := range types {
		for query, list := range lists(query, serials) {
			err := d.again(ctx, "read", func() error {
				return d.query(ctx, func(rows *sql.Rows) error {
					var v jobs.PassVersion
					var serial string
					var modified int64
					err := rows.Scan(&v.ID, &serial, &v.Job, &v.Token, &v.Change, &modified, &v.Epoch)
					v.Modified = fromMillis(modified)
					found[passKey{typeID, serial}] = v
					return err
				}, query, append([]any{typeID}, list...)...)
			})
			if err != nil {
				return nil, err
			}
		}
	}
	answers := make([]jobs.PassVersion, len(asks))
	for i, a := range asks {
		answers[i] = found[a]
	}
	return answers, nil
}
