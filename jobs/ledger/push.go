package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"passmill/jobs"
)

// ClaimPushes returns pushes that are due, the oldest first, and puts them off until
// the claim ends, so that no other server gets them meanwhile. What is due and has no
// token any more, or a device that has asked since, is due no longer.
func (d *DB) ClaimPushes(ctx context.Context, c jobs.PushClaim) (list []jobs.Push, err error) {
	err = d.write(ctx, stepPushClaim, func(t *tx) error {
		// Who gives out numbers changes the same rows, in an order of his own.
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		list = nil
		for more := true; more && len(list) == 0; {
			due, err := t.duePushes(ctx, c)
			if err != nil {
				return err
			}
			more = len(due) == c.Limit
			var over []jobs.Push
			for _, p := range due {
				if p.Token == "" || p.Told >= p.Wanted {
					over = append(over, p)
				} else {
					list = append(list, p)
				}
			}
			if err := t.setDue(ctx, over, 0); err != nil {
				return err
			}
		}
		return t.claimPushes(ctx, list, c.Until, c.Jobs)
	})
	if err != nil {
		return nil, fmt.Errorf("claim pushes: %w", err)
	}
	return list, nil
}

const pushColumns = `device_id, type_id, push_token, token_at, wanted, told, tries, setbacks, due`

func (t *tx) duePushes(ctx context.Context, c jobs.PushClaim) ([]jobs.Push, error) {
	// By nothing but the index: at the end of quiet hours very many are due in one
	// moment, and would have to be sorted for each claim.
	const (
		due  = `SELECT ` + pushColumns + ` FROM subscriptions WHERE due > 0 AND due <= ?`
		next = ` ORDER BY due LIMIT ? FOR UPDATE`
	)
	query, args := due+next, []any{millis(c.Now)}
	if len(c.Except) > 0 {
		for except, types := range lists(due+` AND type_id NOT IN (`+listMark+`)`+next, c.Except) {
			query, args = except, append(args, types...)
			break // who excludes more gets some that he did not want, and gives them back
		}
	}
	return t.pushes(ctx, query, append(args, c.Limit)...)
}

// pushes queries subscriptions.
func (t *tx) pushes(ctx context.Context, query string, args ...any) (list []jobs.Push, err error) {
	return list, t.each(ctx, func(rows *sql.Rows) error {
		var p jobs.Push
		var tokenAt, due int64
		err := rows.Scan(&p.Device, &p.TypeID, &p.Token, &tokenAt, &p.Wanted, &p.Told, &p.Tries, &p.Setbacks, &due)
		p.TokenAt = fromMillis(tokenAt)
		if due > 0 {
			p.Due = fromMillis(due)
		}
		list = append(list, p)
		return err
	}, query, args...)
}

// claimPushes makes pushes the caller's.
func (t *tx) claimPushes(ctx context.Context, list []jobs.Push, until time.Time, withJobs bool) error {
	for i := range list {
		list[i].Claim = fromMillis(millis(until))
	}
	if err := t.setDue(ctx, list, millis(until)); err != nil || !withJobs {
		return err
	}
	return t.pushJobs(ctx, list)
}

// setDue says when pushes are due.
func (t *tx) setDue(ctx context.Context, list []jobs.Push, due int64) error {
	const update = `UPDATE subscriptions SET due = ? WHERE type_id = ? AND device_id IN (` + listMark + `)`
	for typeID, ids := range devicesByType(list) {
		if _, err := execList(ctx, t, update, ids, due, typeID); err != nil {
			return err
		}
	}
	return nil
}

func devicesByType(list []jobs.Push) map[string][]int64 {
	devices := map[string][]int64{}
	for _, p := range list {
		devices[p.TypeID] = append(devices[p.TypeID], p.Device)
	}
	return devices
}

// pushJobs finds whose passes the devices are to hear of.
func (t *tx) pushJobs(ctx context.Context, list []jobs.Push) error {
	const query = `
		SELECT DISTINCT r.device_id, p.type_id, p.job
		FROM registrations r
		JOIN passes p ON p.id = r.pass_id
		JOIN subscriptions s ON s.device_id = r.device_id AND s.type_id = p.type_id
		WHERE p.change_number > s.told AND r.device_id IN (` + listMark + `)`
	type key struct {
		device int64
		typeID string
	}
	found := map[key][]string{}
	for _, ids := range devicesByType(list) {
		err := eachList(ctx, t, func(rows *sql.Rows) error {
			var k key
			var job string
			err := rows.Scan(&k.device, &k.typeID, &job)
			if !slices.Contains(found[k], job) {
				found[k] = append(found[k], job)
			}
			return err
		}, query, ids)
		if err != nil {
			return err
		}
	}
	for i := range list {
		list[i].Jobs = found[key{list[i].Device, list[i].TypeID}]
		slices.Sort(list[i].Jobs)
	}
	return nil
}

// SelectPushes claims pushes by hand, due or not, in the order of their devices and
// behind one of them, of which only device and pass type count. An empty list is the
// end.
func (d *DB) SelectPushes(ctx context.Context, s jobs.PushSelection, after jobs.Push, c jobs.PushClaim) (list []jobs.Push, err error) {
	const query = `
		SELECT ` + pushColumns + `
		FROM subscriptions s
		WHERE push_token <> '' AND (device_id, type_id) > (?, ?) AND EXISTS (
			SELECT 1
			FROM registrations r
			JOIN passes p ON p.id = r.pass_id
			WHERE r.device_id = s.device_id AND p.type_id = s.type_id
				AND (p.job = ? OR CAST(? AS TEXT) = '') AND (p.serial = ? OR CAST(? AS TEXT) = '') AND (p.type_id = ? OR CAST(? AS TEXT) = '')
		)
		ORDER BY device_id, type_id
		LIMIT ? FOR UPDATE`
	err = d.write(ctx, stepPushClaim, func(t *tx) (err error) {
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		if list, err = t.pushes(ctx, query, after.Device, after.TypeID, s.Job, s.Job, s.Serial, s.Serial, s.TypeID, s.TypeID, c.Limit); err != nil {
			return err
		}
		return t.claimPushes(ctx, list, c.Until, c.Jobs)
	})
	if err != nil {
		return nil, fmt.Errorf("claim pushes: %w", err)
	}
	return list, nil
}

// PushBacklog says what waits to be pushed.
func (d *DB) PushBacklog(ctx context.Context, now time.Time) (jobs.PushBacklog, error) {
	const query = `
		SELECT (SELECT COUNT(*) FROM subscriptions WHERE due > 0 AND due <= ?) AS waiting,
			COALESCE((SELECT MIN(due) FROM subscriptions WHERE due > 0), 0) AS next`
	var row struct {
		Waiting int   `db:"waiting"`
		Next    int64 `db:"next"`
	}
	if err := d.get(ctx, &row, query, millis(now)); err != nil {
		return jobs.PushBacklog{}, fmt.Errorf("what waits to be pushed: %w", err)
	}
	b := jobs.PushBacklog{Due: row.Waiting}
	if row.Next > 0 {
		b.Next = fromMillis(row.Next)
		if row.Waiting > 0 {
			b.Oldest = b.Next
		}
	}
	return b, nil
}

// NextPush says when the next push is due, perhaps in the past; zero if none ever is.
func (d *DB) NextPush(ctx context.Context) (time.Time, error) {
	const query = `SELECT COALESCE(MIN(due), 0) FROM subscriptions WHERE due > 0`
	var due int64
	if err := d.get(ctx, &due, query); err != nil || due == 0 {
		return time.Time{}, err
	}
	return fromMillis(due), nil
}

// orNever is a time as it is stored; that of never is 0.
func orNever(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return cmp.Or(millis(t), 1)
}
