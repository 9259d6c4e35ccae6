package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	"passmill/jobs"
)

// A Nonce tells apart the links that a pass has had.
type Nonce [8]byte

// A Link is what the ledger knows of the link to a pass, and of the pass. It does not
// hold the link itself.
type Link struct {
	PassID  int64
	TypeID  string
	Serial  string
	Job     string
	Bundle  string
	Version int // of the master key that the link is made with; 0 if the pass has no link
	Nonce   Nonce
	Issued  time.Time
	Expires time.Time // zero for never
	Uses    int       // to how many devices it gives the pass; 0 for any number
	Used    int
	Revoked time.Time // zero if it is not
}

const linkColumns = `p.id, p.type_id, p.serial, p.job, p.bundle, COALESCE(l.key_version, 0) AS key_version, l.nonce,
	COALESCE(l.issued, 0) AS issued, COALESCE(l.expires, 0) AS expires, COALESCE(l.uses, 0) AS uses,
	COALESCE(l.used, 0) AS used, COALESCE(l.revoked, 0) AS revoked
	FROM passes p
	LEFT JOIN links l ON l.pass_id = p.id`

func scanLink(rows *sql.Rows) (Link, error) {
	var l Link
	var nonce sql.RawBytes
	var issued, expires, revoked int64
	err := rows.Scan(&l.PassID, &l.TypeID, &l.Serial, &l.Job, &l.Bundle, &l.Version, &nonce, &issued, &expires, &l.Uses, &l.Used, &revoked)
	if err != nil || l.Version == 0 {
		return l, err
	}
	l.Issued, l.Expires, l.Revoked = fromMillis(issued), orZero(expires), orZero(revoked)
	return l, scanHash(l.Nonce[:], []byte(nonce))
}

// orZero is the zero time for a time that is not.
func orZero(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return fromMillis(ms)
}

// orNoMillis is 0 for the zero time.
func orNoMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return millis(t)
}

// Link returns the link of a pass by the id of that, or [jobs.ErrNotFound].
func (d *DB) Link(ctx context.Context, passID int64) (Link, error) {
	const query = `SELECT ` + linkColumns + ` WHERE p.id = ?`
	return d.link(ctx, query, passID)
}

// LinkOf returns the link of a pass, or [jobs.ErrNotFound] if there is no such pass.
func (d *DB) LinkOf(ctx context.Context, typeID, serial string) (Link, error) {
	const query = `SELECT ` + linkColumns + ` WHERE p.serial = ? AND p.type_id = ?`
	return d.link(ctx, query, serial, typeID)
}

func (d *DB) link(ctx context.Context, query string, args ...any) (l Link, err error) {
	found := false
	err = d.again(ctx, "link", func() error {
		return d.query(ctx, func(rows *sql.Rows) (err error) {
			found = true
			l, err = scanLink(rows)
			return err
		}, query, args...)
	})
	if err == nil && !found {
		err = jobs.ErrNotFound
	}
	if err != nil {
		return Link{}, fmt.Errorf("look up a link: %w", err)
	}
	return l, nil
}

// Links returns, by serial number, the links of those of the passes that there are.
func (d *DB) Links(ctx context.Context, typeID string, serials []string) (map[string]Link, error) {
	const query = `SELECT ` + linkColumns + ` WHERE p.type_id = ? AND p.serial IN (` + listMark + `)`
	links := make(map[string]Link, len(serials))
	for query, list := range lists(query, serials) {
		err := d.again(ctx, "links", func() error {
			return d.query(ctx, func(rows *sql.Rows) error {
				l, err := scanLink(rows)
				links[l.Serial] = l
				return err
			}, query, append([]any{typeID}, list...)...)
		})
		if err != nil {
			return nil, fmt.Errorf("look up %d links: %w", len(serials), err)
		}
	}
	return links, nil
}

// LinksOfJob returns a page of the links that the passes of a job have, by rising id
// of the pass, from the first after the id after.
func (d *DB) LinksOfJob(ctx context.Context, job string, after int64, limit int) (page []Link, err error) {
	const query = `SELECT ` + linkColumns + ` WHERE p.job = ? AND p.id > ? AND l.pass_id IS NOT NULL ORDER BY p.id LIMIT ?`
	err = d.again(ctx, "links", func() error {
		page = nil
		return d.query(ctx, func(rows *sql.Rows) error {
			l, err := scanLink(rows)
			page = append(page, l)
			return err
		}, query, job, after, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("list links of job %q: %w", job, err)
	}
	return page, nil
}

// LinkTerms are those under which links are given out.
type LinkTerms struct {
	Version int       // of the master key that they are made with
	Expires time.Time // zero for never
	Uses    int       // 0 for any number
}

var insertLinks = bulk{
	head: `INSERT INTO links (pass_id, key_version, nonce, issued, expires, uses)`,
	row:  `(?, ?, ?, ?, ?, ?)`,
	tail: ` ON CONFLICT (pass_id) DO NOTHING`,
}

var renewLinks = bulk{
	head: insertLinks.head,
	row:  insertLinks.row,
	tail: `
		ON CONFLICT (pass_id) DO UPDATE SET
			key_version = excluded.key_version, nonce = excluded.nonce, issued = excluded.issued, expires = excluded.expires,
			uses = excluded.uses, used = 0, device = NULL, counted_at = 0, revoked = 0`,
}

// GiveLinks gives the passes of these ids links, in one transaction. One that has a
// link keeps that and its terms, unless all are renewed: then the one before opens no
// more.
func (d *DB) GiveLinks(ctx context.Context, passes []int64, terms LinkTerms, renew bool) error {
	if len(passes) == 0 {
		return nil
	}
	statement := insertLinks
	if renew {
		statement = renewLinks
	}
	nonces := make([]Nonce, len(passes))
	for i := range nonces {
		rand.Read(nonces[i][:])
	}
	err := d.write(ctx, stepLinks, func(t *tx) error {
		return t.insert(ctx, statement, len(passes), func(dst []any, i int) []any {
			return append(dst, passes[i], terms.Version, nonces[i][:], millis(d.now()), orNoMillis(terms.Expires), terms.Uses)
		}, nil)
	})
	if err != nil {
		return fmt.Errorf("give %d passes links: %w", len(passes), err)
	}
	return nil
}

// RevokeLinks revokes the links of passes of a job and type, and says how many it revoked.
func (d *DB) RevokeLinks(ctx context.Context, job, typeID string, serials []string) (n int64, err error) {
	const query = `
		UPDATE links
		SET revoked = ?
		WHERE revoked = 0 AND pass_id IN (SELECT id FROM passes WHERE job = ? AND type_id = ? AND serial IN (` + listMark + `))`
	err = d.write(ctx, stepRevoke, func(t *tx) (err error) {
		n, err = execList(ctx, t, query, serials, millis(d.now()), job, typeID)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("revoke %d links: %w", len(serials), err)
	}
	return n, nil
}

// RevokeAllLinks revokes the links of all passes of a job, and says how many.
func (d *DB) RevokeAllLinks(ctx context.Context, job string) (n int64, err error) {
	const query = `UPDATE links SET revoked = ? WHERE revoked = 0 AND pass_id IN (SELECT id FROM passes WHERE job = ?)`
	err = d.write(ctx, stepRevoke, func(t *tx) (err error) {
		n, err = t.affect(ctx, query, millis(d.now()), job)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("revoke the links of job %q: %w", job, err)
	}
	return n, nil
}

// UseLink counts that a device got a pass by its link; ok is false if the link gives it
// to no further device. What the last device gets again within a while is not counted.
// device is a hash that says nothing of whose it is.
func (d *DB) UseLink(ctx context.Context, passID int64, device []byte, within time.Duration) (ok, counted bool, err error) {
	const (
		have  = `SELECT uses, used, device, counted_at FROM links WHERE pass_id = ? FOR UPDATE`
		count = `UPDATE links SET used = used + 1, device = ?, counted_at = ? WHERE pass_id = ?`
	)
	now := d.now()
	err = d.write(ctx, stepUse, func(t *tx) error {
		var uses, used int
		var last []byte
		var at int64
		ok, counted = false, false
		found, err := t.one(ctx, []any{&uses, &used, &last, &at}, have, passID)
		if err != nil || !found {
			return orNotFound(err)
		}
		if bytes.Equal(last, device) && at > millis(now.Add(-within)) {
			ok = true
			return nil
		}
		if uses > 0 && used >= uses {
			return nil
		}
		ok, counted = true, true
		_, err = t.exec(ctx, count, device, millis(now), passID)
		return err
	})
	if err != nil {
		return false, false, fmt.Errorf("count the use of a link: %w", err)
	}
	return ok, counted, nil
}

// ResetUses forgets how many devices have the passes of a job by their links; serials
// says of which, of all if it is empty. The links that counted open no more.
func (d *DB) ResetUses(ctx context.Context, job string, serials []string) error {
	const (
		all  = `UPDATE links SET used = 0, device = NULL, counted_at = 0 WHERE used > 0 AND pass_id IN (SELECT id FROM passes WHERE job = ?)`
		some = `
			UPDATE links
			SET used = 0, device = NULL, counted_at = 0
			WHERE used > 0 AND pass_id IN (SELECT id FROM passes WHERE job = ? AND serial IN (` + listMark + `))`
	)
	err := d.write(ctx, stepUse, func(t *tx) (err error) {
		if len(serials) == 0 {
			_, err = t.exec(ctx, all, job)
			return err
		}
		_, err = execList(ctx, t, some, serials, job)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the uses of links of job %q: %w", job, err)
	}
	return nil
}

// Together returns the serial numbers of up to limit passes of a job that share a
// bundle, in their order.
func (d *DB) Together(ctx context.Context, job, typeID, bundle string, limit int) ([]string, error) {
	const query = `
		SELECT serial
		FROM passes
		WHERE job = ? AND bundle = ? AND bundle <> '' AND type_id = ?
		ORDER BY serial
		LIMIT ?`
	var serials []string
	if err := d.list(ctx, &serials, query, job, bundle, typeID, limit); err != nil {
		return nil, fmt.Errorf("passes of a bundle: %w", err)
	}
	return serials, nil
}
