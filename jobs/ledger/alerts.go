package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"passmill/sign"
)

// Alerts returns the warnings that were given or claimed.
func (d *DB) Alerts(ctx context.Context) ([]sign.Alert, error) {
	const query = `SELECT certificate_id, step, entry_id, claimed, sent FROM certificate_alerts ORDER BY certificate_id, step DESC, entry_id`
	var rows []struct {
		Certificate string        `db:"certificate_id"`
		Step        int           `db:"step"`
		Entry       string        `db:"entry_id"`
		Claimed     int64         `db:"claimed"`
		Sent        sql.NullInt64 `db:"sent"`
	}
	if err := d.list(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("list warnings: %w", err)
	}
	alerts := make([]sign.Alert, len(rows))
	for i, r := range rows {
		alerts[i] = sign.Alert{Entry: r.Entry, Certificate: r.Certificate, Step: r.Step, Claimed: fromMillis(r.Claimed)}
		if r.Sent.Valid {
			alerts[i].Given = fromMillis(r.Sent.Int64)
		}
	}
	return alerts, nil
}

// AlertMails returns the mails of a warning, by recipient.
func (d *DB) AlertMails(ctx context.Context, entry, certificate string, step int) ([]sign.AlertMail, error) {
	const query = `
		SELECT entry_id, certificate_id, step, recipient, state, doubts
		FROM alert_mails
		WHERE certificate_id = ? AND step = ? AND entry_id = ?
		ORDER BY recipient`
	var rows []struct {
		Entry       string              `db:"entry_id"`
		Certificate string              `db:"certificate_id"`
		Step        int                 `db:"step"`
		Recipient   string              `db:"recipient"`
		State       sign.AlertMailState `db:"state"`
		Doubts      int                 `db:"doubts"`
	}
	if err := d.list(ctx, &rows, query, certificate, step, entry); err != nil {
		return nil, fmt.Errorf("list mails of the warning of %s: %w", short(certificate), err)
	}
	mails := make([]sign.AlertMail, len(rows))
	for i, r := range rows {
		mails[i] = sign.AlertMail(r)
	}
	return mails, nil
}

// SetAlertMail writes down what becomes of the mail of a warning, for who claimed
// the warning at the given time. If somebody else has claimed it since, or it was
// given, that is [sign.ErrClaimLost], and nothing is written.
func (d *DB) SetAlertMail(ctx context.Context, m sign.AlertMail, claimed, now time.Time) error {
	const query = `
		INSERT INTO alert_mails (certificate_id, step, entry_id, recipient, state, doubts, changed)
		SELECT certificate_id, step, entry_id, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT)
		FROM certificate_alerts
		WHERE certificate_id = ? AND step = ? AND entry_id = ? AND claimed = ? AND sent IS NULL
		ON CONFLICT (certificate_id, step, entry_id, recipient)
		DO UPDATE SET state = excluded.state, doubts = excluded.doubts, changed = excluded.changed`
	err := d.write(ctx, stepAlert, func(t *tx) error {
		n, err := t.affect(ctx, query, m.Recipient, string(m.State), m.Doubts, millis(now), m.Certificate, m.Step, m.Entry, millis(claimed))
		if err == nil && n == 0 {
			err = sign.ErrClaimLost
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("record the mail of the warning of %s: %w", short(m.Certificate), err)
	}
	return nil
}
