package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"passmill/jobs"
	"passmill/sign"
)

// uses counts what certificates have signed: a row or two for each chunk.
func (c *chunk) uses(ctx context.Context) error {
	type use struct {
		certificate string
		template    jobs.Hash
	}
	signed := map[use]int{}
	for i := range c.made {
		if m := &c.made[i]; m.Certificate != "" {
			signed[use{m.Certificate, m.Template}]++
		}
	}
	insert := bulk{
		head: `INSERT INTO certificate_uses (certificate_id, job, template_version, signed)`,
		row:  `(?, ?, ?, ?)`,
		tail: ` ON CONFLICT (certificate_id, job, template_version) DO UPDATE SET signed = certificate_uses.signed + excluded.signed`,
	}
	keys := slices.Collect(maps.Keys(signed))
	err := c.insert(ctx, insert, len(keys), func(dst []any, i int) []any {
		return append(dst, keys[i].certificate, c.job, keys[i].template[:], signed[keys[i]])
	}, nil)
	if err != nil {
		return fmt.Errorf("uses of certificates: %w", err)
	}
	return nil
}

// CertificateUses says what each certificate has ever signed, by job and template.
// It looks at a small table.
func (d *DB) CertificateUses(ctx context.Context) ([]sign.Use, error) {
	const query = `
		SELECT u.certificate_id AS certificate, u.job, t.name AS template, CAST(SUM(u.signed) AS BIGINT) AS passes
		FROM certificate_uses u
		JOIN templates t ON t.version = u.template_version
		GROUP BY u.certificate_id, u.job, t.name
		ORDER BY u.certificate_id, u.job, t.name`
	return d.usesBy(ctx, query)
}

// PassesSignedBy says which passes have a file that a certificate signed, by job and
// template. It goes through all artefacts.
func (d *DB) PassesSignedBy(ctx context.Context, certificate string) ([]sign.Use, error) {
	const query = `
		SELECT a.certificate_id AS certificate, p.job, t.name AS template, COUNT(DISTINCT p.id) AS passes
		FROM artefacts a
		JOIN passes p ON p.id = a.pass_id
		JOIN templates t ON t.version = p.template_version
		WHERE a.certificate_id = ?
		GROUP BY a.certificate_id, p.job, t.name
		ORDER BY p.job, t.name`
	return d.usesBy(ctx, query, certificate)
}

func (d *DB) usesBy(ctx context.Context, query string, args ...any) ([]sign.Use, error) {
	var rows []struct {
		Certificate, Job, Template string
		Passes                     int
	}
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("uses of certificates: %w", err)
	}
	uses := make([]sign.Use, len(rows))
	for i, r := range rows {
		uses[i] = sign.Use(r)
	}
	return uses, nil
}

// ClaimAlert says that the caller sets out to warn of the expiry of a certificate,
// step days before it. Only one caller is told true; if it doesn't say
// [DB.AlertSent] within the patience, the next who asks is. entry is empty for a
// certificate of Apple's own.
func (d *DB) ClaimAlert(ctx context.Context, entry, certificate string, step int, now time.Time, patience time.Duration) (mine bool, err error) {
	const claim = `
		INSERT INTO certificate_alerts (certificate_id, step, entry_id, claimed)
		VALUES (?, ?, ?, ?)
		ON CONFLICT (certificate_id, step, entry_id) DO UPDATE SET claimed = excluded.claimed
		WHERE certificate_alerts.sent IS NULL AND certificate_alerts.claimed <= ?`
	err = d.write(ctx, stepAlert, func(t *tx) error {
		n, err := t.affect(ctx, claim, certificate, step, entry, millis(now), millis(now.Add(-patience)))
		mine = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("claim the warning of %s: %w", short(certificate), err)
	}
	return mine, nil
}

// AlertSent says that a claimed warning was given: it is never claimed again.
func (d *DB) AlertSent(ctx context.Context, entry, certificate string, step int, event sign.Event) error {
	const query = `UPDATE certificate_alerts SET sent = ? WHERE certificate_id = ? AND step = ? AND entry_id = ?`
	event.Entry, event.Certificate, event.Action = entry, certificate, cmp.Or(event.Action, sign.ActionAlert)
	err := d.audited(ctx, stepAlert, event, func(t *tx, _ *sign.Event) error {
		_, err := t.exec(ctx, query, millis(event.At), certificate, step, entry)
		return err
	})
	if err != nil {
		return fmt.Errorf("record the warning of %s: %w", short(certificate), err)
	}
	return nil
}
