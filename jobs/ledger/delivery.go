package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"passmill/jobs"
)

// domainOf returns the part of an address that is the mail server's.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// suppressed is a condition on deliveries: the recipient gets no mails.
const suppressed = `EXISTS (SELECT 1 FROM suppressions WHERE suppressions.address = deliveries.address)`

// Conditions on deliveries: the pass is void or has expired; the mail must not be sent.
const (
	void     = `EXISTS (SELECT 1 FROM passes WHERE passes.id = deliveries.pass_id AND passes.standing <> 'valid')`
	unwanted = `(` + suppressed + ` OR ` + void + `)`
)

// muted sets what becomes of a delivery: it is suppressed, and says so if that is for
// its pass's sake, or gets another state.
const muted = `
	code = CASE WHEN ` + void + ` THEN 0 ELSE code END, answer = CASE WHEN ` + void + ` THEN 'the pass is void or has expired' ELSE answer END,
	state = CASE WHEN ` + unwanted + ` THEN 'suppressed' ELSE `

// Claim takes up to n deliveries that are due out of a mailing that is open, none of
// them to the domains in except, and returns them as trying. Those whose recipient
// is suppressed, or whose pass is void or has expired, become suppressed instead.
//
// One process at a time claims from a mailing: see [DB.LockMailing]. One that has lost
// its lock may not know yet; so what is claimed belongs to the handle that claimed it.
func (d *DB) Claim(ctx context.Context, mailing int64, n int, except []string) ([]jobs.Delivery, error) {
	const (
		open   = `SELECT 1 FROM mailings WHERE id = ? AND state = 'open'`
		choose = `
			SELECT id FROM deliveries
			WHERE mailing_id = ? AND state = 'waiting' AND next <= ? AND domain NOT IN (` + listMark + `)
			ORDER BY next, id
			LIMIT `
		update = `
			UPDATE deliveries
			SET ` + muted + `'trying' END, holder = ?,
				first = CASE WHEN first = 0 THEN ? ELSE first END, changed = ?
			WHERE state = 'waiting' AND id IN (` + listMark + `)`
		read = `
			SELECT d.id, d.mailing_id, d.pass_id, p.type_id, p.serial, d.recipient, d.address, d.state, d.code, d.answer, d.tries, d.first, d.next, d.changed, r.data
			FROM deliveries d
			JOIN passes p ON p.id = d.pass_id
			JOIN rows r ON r.id = p.row_id
			WHERE d.state = 'trying' AND d.holder = ? AND d.id IN (` + listMark + `)
			ORDER BY d.next, d.id`
	)
	if len(except) == 0 {
		except = []string{""}
	}
	except = except[:min(len(except), listMax)]
	var claimed []deliveryRow
	err := d.write(ctx, stepClaim, func(t *tx) error {
		claimed = nil
		now := millis(d.now())
		if found, err := t.one(ctx, []any{new(int)}, open, mailing); err != nil || !found {
			return err
		}
		var ids []string
		for query, list := range lists(choose, except) {
			if err := t.SelectContext(ctx, &ids, t.dialect.sql(query+fmt.Sprint(n)), append([]any{mailing, now}, list...)...); err != nil {
				return err
			}
		}
		if len(ids) == 0 {
			return nil
		}
		if _, err := execList(ctx, t, update, ids, d.holder, now, now); err != nil {
			return err
		}
		for query, list := range lists(read, ids) {
			var part []deliveryRow
			if err := t.SelectContext(ctx, &part, t.dialect.sql(query), append([]any{d.holder}, list...)...); err != nil {
				return err
			}
			claimed = append(claimed, part...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take deliveries of mailing %d: %w", mailing, err)
	}
	return deliveries(claimed), nil
}

// Record writes changes down, all in one transaction. A delivery becomes in doubt only if its
// recipient is not suppressed, its pass is valid and its mailing is open; the ids of the others come
// back as stopped, and they are suppressed or wait. So do those that somebody else has
// taken over meanwhile, and no change of them is written.
func (d *DB) Record(ctx context.Context, changes []jobs.DeliveryChange) (stopped []string, err error) {
	const (
		doubt = `
			UPDATE deliveries
			SET state = 'in_doubt', changed = ?
			WHERE id = ? AND holder = ? AND state IN ('trying', 'in_doubt') AND NOT ` + unwanted + `
				AND EXISTS (SELECT 1 FROM mailings WHERE mailings.id = deliveries.mailing_id AND mailings.state = 'open')`
		stop = `
			UPDATE deliveries
			SET ` + muted + `'waiting' END, holder = '', changed = ?
			WHERE id = ? AND holder = ? AND state IN ('trying', 'in_doubt')`
		settle = `
			UPDATE deliveries
			SET state = CASE WHEN address = ? AND CAST(? AS TEXT) = 'waiting' THEN 'suppressed' ELSE CAST(? AS TEXT) END, code = ?, answer = CASE WHEN address = ? THEN '' ELSE CAST(? AS TEXT) END, tries = tries + ?, next = ?, holder = '', changed = ?
			WHERE id = ? AND holder = ? AND state IN ('trying', 'in_doubt')`
	)
	err = d.write(ctx, stepDelivery, func(t *tx) error {
		stopped = nil
		var sent []string
		at := d.now()
		now := millis(at)
		for _, c := range changes {
			if c.State != jobs.DeliveryInDoubt || c.Tried {
				tried := 0
				if c.Tried {
					tried = 1
				}
				n, err := t.affect(ctx, settle, zeroAddress, string(c.State), string(c.State), c.Code, zeroAddress, c.Answer, tried, due(c.Next, now), now, c.ID, d.holder)
				if err != nil {
					return err
				}
				if n > 0 && c.State == jobs.DeliverySent {
					sent = append(sent, c.ID)
				}
				if c.Never {
					if err := t.suppressOf(ctx, "bounced", c.ID, now); err != nil {
						return err
					}
				}
				continue
			}
			n, err := t.affect(ctx, doubt, now, c.ID, d.holder)
			if err != nil {
				return err
			}
			if n == 1 {
				continue
			}
			stopped = append(stopped, c.ID)
			if _, err := t.exec(ctx, stop, now, c.ID, d.holder); err != nil {
				return err
			}
		}
		return t.mailed(ctx, sent, at)
	})
	if err != nil {
		return nil, fmt.Errorf("record %d deliveries: %w", len(changes), err)
	}
	return stopped, nil
}

// mailed counts deliveries that have just become sent.
func (t *tx) mailed(ctx context.Context, ids []string, at time.Time) error {
	const query = `
		SELECT m.job
		FROM deliveries d
		JOIN mailings m ON m.id = d.mailing_id
		WHERE d.id IN (` + listMark + `)`
	return t.countEach(ctx, jobs.FunnelMailed, at, func(scan func(*sql.Rows) error) error {
		return eachList(ctx, t, scan, query, ids)
	})
}

func due(next time.Time, now int64) int64 {
	if next.IsZero() {
		return now
	}
	return millis(next)
}

// LockMailing makes this process the only one that sends a mailing, until unlock or
// the end of the process. If another one does, the error is [jobs.ErrLocked]. What an
// earlier process was at waits again; what it left in doubt stays so. If that process
// lives, and only its lock was lost, it is stopped before it ends a mail that waits.
func (d *DB) LockMailing(ctx context.Context, mailing int64) (unlock func() error, err error) {
	const query = `UPDATE deliveries SET state = 'waiting', holder = '', changed = ? WHERE mailing_id = ? AND state = 'trying'`
	if unlock, err = d.LockJob(ctx, fmt.Sprintf("mailing %d", mailing)); err != nil {
		return nil, err
	}
	err = d.write(ctx, stepMailing, func(t *tx) error {
		_, err := t.exec(ctx, query, millis(d.now()), mailing)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take over mailing %d: %w", mailing, errors.Join(err, unlock()))
	}
	return unlock, nil
}

// Resend lets the deliveries of a mailing in one of the states in doubt, refused or
// given up wait again, by a person's decision, and returns how many they are. They
// keep their ids, so that who has a mail already can recognise it.
func (d *DB) Resend(ctx context.Context, mailing int64, state jobs.DeliveryState) (n int64, err error) {
	const query = `
		UPDATE deliveries
		SET state = CASE WHEN ` + suppressed + ` THEN 'suppressed' ELSE 'waiting' END, holder = '', first = 0, tries = 0, next = ?, changed = ?
		WHERE mailing_id = ? AND state = ? AND address <> ?`
	switch state {
	case jobs.DeliveryInDoubt, jobs.DeliveryRefused, jobs.DeliveryGivenUp:
	default:
		return 0, fmt.Errorf("deliveries that are %s are not sent again", state)
	}
	err = d.write(ctx, stepResend, func(t *tx) error {
		now := millis(d.now())
		n, err = t.affect(ctx, query, now, now, mailing, string(state), zeroAddress)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("send deliveries of mailing %d again: %w", mailing, err)
	}
	return n, nil
}
