package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"passmill/jobs"
)

// The steps of mailings.
const (
	stepMailing  step = "mailing"
	stepIntend   step = "intend"
	stepClaim    step = "claim"
	stepDelivery step = "delivery"
	stepSuppress step = "suppress"
	stepResend   step = "resend"
	stepBounce   step = "bounce"
)

var mailSteps = []step{stepMailing, stepIntend, stepClaim, stepDelivery}

// MailFaultPoints returns the names of the fault points that a mailing passes.
func MailFaultPoints() []string { return points(mailSteps) }

// PrepareMailing makes the mailing of that job and name, or gets the one that is
// there ready for more deliveries: it takes over what m says of letters, language,
// attachment and count. A paused one stays paused, and is [jobs.ErrStopped].
func (d *DB) PrepareMailing(ctx context.Context, m jobs.Mailing) (jobs.Mailing, error) {
	const query = `
		INSERT INTO mailings (job, name, letters, language, attach, links, confirmed, state, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, 'preparing', ?)
		ON CONFLICT (job, name) DO UPDATE SET
			letters = excluded.letters, language = excluded.language, attach = excluded.attach, links = excluded.links, confirmed = excluded.confirmed, state = 'preparing'
			WHERE mailings.state <> 'paused'`
	err := d.write(ctx, stepMailing, func(t *tx) error {
		n, err := t.affect(ctx, query, m.Job, m.Name, m.Letters[:], m.Language, m.Attach, m.Links, m.Confirmed, millis(d.now()))
		if err == nil && n == 0 {
			err = jobs.ErrStopped
		}
		return err
	})
	if err != nil {
		return m, fmt.Errorf("prepare a mailing of job %q: %w", m.Job, err)
	}
	return d.Mailing(ctx, m.Job, m.Name)
}

// SetMailing changes the state of a mailing.
func (d *DB) SetMailing(ctx context.Context, id int64, state jobs.MailingState) error {
	const query = `UPDATE mailings SET state = ? WHERE id = ?`
	err := d.write(ctx, stepMailing, func(t *tx) error {
		n, err := t.affect(ctx, query, string(state), id)
		if err == nil && n == 0 {
			err = jobs.ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set mailing %d %s: %w", id, state, err)
	}
	return nil
}

// OpenMailing lets what is due be sent of a mailing that was prepared. One that a person
// has paused meanwhile stays paused, and is [jobs.ErrStopped].
func (d *DB) OpenMailing(ctx context.Context, id int64) error {
	const query = `UPDATE mailings SET state = 'open' WHERE id = ? AND state <> 'paused'`
	err := d.write(ctx, stepMailing, func(t *tx) error {
		n, err := t.affect(ctx, query, id)
		if err == nil && n == 0 {
			err = jobs.ErrStopped
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("open mailing %d: %w", id, err)
	}
	return nil
}

// Mailing returns the mailing of a job with that name, or [jobs.ErrNotFound].
func (d *DB) Mailing(ctx context.Context, job, name string) (jobs.Mailing, error) {
	all, err := d.Mailings(ctx, job)
	if err != nil {
		return jobs.Mailing{}, err
	}
	for _, m := range all {
		if m.Name == name {
			return m, nil
		}
	}
	return jobs.Mailing{}, fmt.Errorf("mailing %q of job %q: %w", name, job, jobs.ErrNotFound)
}

// Mailings returns the mailings of a job, or all if job is empty, the oldest first.
func (d *DB) Mailings(ctx context.Context, job string) ([]jobs.Mailing, error) {
	const query = `
		SELECT id, job, name, letters, language, attach, links, confirmed, state, created
		FROM mailings
		WHERE job = ? OR ? = ''
		ORDER BY id`
	var rows []struct {
		ID        int64
		Job       string
		Name      string
		Letters   hash
		Language  string
		Attach    bool
		Links     bool
		Confirmed int
		State     jobs.MailingState
		Created   int64
	}
	if err := d.list(ctx, &rows, query, job, job); err != nil {
		return nil, fmt.Errorf("list mailings: %w", err)
	}
	list := make([]jobs.Mailing, len(rows))
	for i, r := range rows {
		list[i] = jobs.Mailing{
			ID: r.ID, Job: r.Job, Name: r.Name, Letters: jobs.Hash(r.Letters), Language: r.Language, Attach: r.Attach, Links: r.Links,
			Confirmed: r.Confirmed, State: r.State, Created: fromMillis(r.Created),
		}
	}
	return list, nil
}

// Recipients returns valid passes of a job with an id above after, in the order of their
// ids, and whether the mailing has a delivery about each; mailing may be 0.
func (d *DB) Recipients(ctx context.Context, job string, mailing, after int64, limit int) ([]jobs.Recipient, error) {
	const query = `
		SELECT p.id, p.type_id, p.serial, r.data, EXISTS (SELECT 1 FROM deliveries d WHERE d.pass_id = p.id AND d.mailing_id = ?)
		FROM passes p
		JOIN rows r ON r.id = p.row_id
		WHERE p.job = ? AND p.id > ? AND p.standing = 'valid'
		ORDER BY p.id
		LIMIT ?`
	var page []jobs.Recipient
	err := d.again(ctx, "recipients", func() error {
		page = make([]jobs.Recipient, 0, limit)
		return d.query(ctx, func(rows *sql.Rows) error {
			var r jobs.Recipient
			err := rows.Scan(&r.Pass, &r.TypeID, &r.Serial, &r.Values, &r.Mailed)
			page = append(page, r)
			return err
		}, query, mailing, job, after, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("recipients of job %q: %w", job, err)
	}
	return page, nil
}

// Recipient returns the pass of a job with that serial number, or
// [jobs.ErrNotFound].
func (d *DB) Recipient(ctx context.Context, job, serial string) (r jobs.Recipient, err error) {
	const query = `SELECT p.id, p.type_id, p.serial, r.data FROM passes p JOIN rows r ON r.id = p.row_id WHERE p.serial = ? AND p.job = ?`
	found := false
	err = d.again(ctx, "recipient", func() error {
		return d.query(ctx, func(rows *sql.Rows) error {
			found = true
			return rows.Scan(&r.Pass, &r.TypeID, &r.Serial, &r.Values)
		}, query, serial, job)
	})
	if err == nil && !found {
		err = jobs.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("pass %s of job %q: %w", serial, job, err)
	}
	return r, nil
}

var insertDeliveries = bulk{
	head: `INSERT INTO deliveries (id, mailing_id, pass_id, recipient, domain, address, state, next, changed)`,
	row: `(?, ?, ?, ?, ?, ?,
		CASE WHEN EXISTS (SELECT 1 FROM suppressions WHERE suppressions.address = ?) THEN 'suppressed' ELSE 'waiting' END, ?, ?)`,
	tail: `
		ON CONFLICT DO NOTHING`,
}

// Intend writes deliveries down: waiting, or suppressed if the recipient is. One that
// the mailing has for the pass and recipient already stays as it is.
func (d *DB) Intend(ctx context.Context, mailing int64, list []jobs.Delivery) error {
	now := millis(d.now())
	err := d.write(ctx, stepIntend, func(t *tx) error {
		return t.insert(ctx, insertDeliveries, len(list), func(dst []any, i int) []any {
			v := &list[i]
			return append(dst, v.ID, mailing, v.Pass, v.Recipient, domainOf(v.Recipient), v.Address[:], v.Address[:], now, now)
		}, nil)
	})
	if err != nil {
		return fmt.Errorf("write down %d deliveries of mailing %d: %w", len(list), mailing, err)
	}
	return nil
}

// Deliveries returns deliveries of a mailing in a state, in the order of their ids,
// those after the given one.
func (d *DB) Deliveries(ctx context.Context, mailing int64, state jobs.DeliveryState, after string, limit int) ([]jobs.Delivery, error) {
	const query = `
		SELECT d.id, d.mailing_id, d.pass_id, p.type_id, p.serial, d.recipient, d.address, d.state, d.code, d.answer, d.tries, d.first, d.next, d.changed
		FROM deliveries d
		JOIN passes p ON p.id = d.pass_id
		WHERE d.mailing_id = ? AND d.state = ? AND d.id > ?
		ORDER BY d.id
		LIMIT ?`
	var rows []deliveryRow
	if err := d.list(ctx, &rows, query, mailing, string(state), after, limit); err != nil {
		return nil, fmt.Errorf("list deliveries of mailing %d: %w", mailing, err)
	}
	return deliveries(rows), nil
}

type deliveryRow struct {
	ID        string
	Mailing   int64  `db:"mailing_id"`
	Pass      int64  `db:"pass_id"`
	TypeID    string `db:"type_id"`
	Serial    string
	Recipient string
	Address   digest
	State     jobs.DeliveryState
	Code      int
	Answer    string
	Tries     int
	First     int64
	Next      int64
	Changed   int64
	Data      []byte
}

func deliveries(rows []deliveryRow) []jobs.Delivery {
	list := make([]jobs.Delivery, len(rows))
	for i, r := range rows {
		list[i] = jobs.Delivery{
			ID: r.ID, Mailing: r.Mailing, Pass: r.Pass, TypeID: r.TypeID, Serial: r.Serial, Recipient: r.Recipient, Address: r.Address,
			State: r.State, Code: r.Code, Answer: r.Answer, Tries: r.Tries, Next: fromMillis(r.Next), Changed: fromMillis(r.Changed), Values: r.Data,
		}
		if r.First != 0 {
			list[i].First = fromMillis(r.First)
		}
	}
	return list
}

// DeliveryCounts returns how many deliveries of a mailing are in which state.
func (d *DB) DeliveryCounts(ctx context.Context, mailing int64) (map[jobs.DeliveryState]int, error) {
	const query = `SELECT state, COUNT(*) AS n FROM deliveries WHERE mailing_id = ? GROUP BY state`
	var rows []struct {
		State jobs.DeliveryState
		N     int
	}
	if err := d.list(ctx, &rows, query, mailing); err != nil {
		return nil, fmt.Errorf("count deliveries of mailing %d: %w", mailing, err)
	}
	counts := make(map[jobs.DeliveryState]int, len(rows))
	for _, r := range rows {
		counts[r.State] = r.N
	}
	return counts, nil
}

// Begun reports whether deliveries of a mailing are being tried, or were by a process
// that has died: [DB.LockMailing] tells, and lets these wait again.
func (d *DB) Begun(ctx context.Context, mailing int64) (begun bool, err error) {
	const query = `SELECT CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE mailing_id = ? AND state = 'trying') THEN 1 ELSE 0 END`
	if err := d.get(ctx, &begun, query, mailing); err != nil {
		return false, fmt.Errorf("look for deliveries that are being tried of mailing %d: %w", mailing, err)
	}
	return begun, nil
}

// NextDue returns when the next delivery of a mailing is due; zero if none waits.
func (d *DB) NextDue(ctx context.Context, mailing int64) (time.Time, error) {
	const query = `SELECT COALESCE(MIN(next), 0) FROM deliveries WHERE mailing_id = ? AND state = 'waiting'`
	var next int64
	if err := d.get(ctx, &next, query, mailing); err != nil || next == 0 {
		return time.Time{}, err
	}
	return fromMillis(next), nil
}
