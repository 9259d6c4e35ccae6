package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"passmill/jobs"
)

// ErrOtherJob means that a pass belongs to another job.
var ErrOtherJob = errors.New("another job has a pass with this serial number and pass type")

// A LinkSeries is what the sealed links of one job, template version and list of
// fields have in common. The ledger does not know what Layout says.
type LinkSeries struct {
	ID       []byte // eight bytes of a hash over all of it
	Job      string
	TypeID   string
	Template jobs.Hash // version
	Layout   string
}

// SaveSeries keeps a series; its template is saved before.
func (d *DB) SaveSeries(ctx context.Context, s LinkSeries) error {
	const query = `
		INSERT INTO link_series (id, job, type_id, template_version, layout, created)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`
	err := d.write(ctx, stepSeries, func(t *tx) error {
		_, err := t.exec(ctx, query, s.ID, s.Job, s.TypeID, s.Template[:], s.Layout, millis(d.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a series of links of job %q: %w", s.Job, err)
	}
	return nil
}

// Series returns a series, or [jobs.ErrNotFound].
func (d *DB) Series(ctx context.Context, id []byte) (LinkSeries, error) {
	const query = `SELECT job, type_id, template_version, layout FROM link_series WHERE id = ?`
	var row struct {
		Job      string `db:"job"`
		TypeID   string `db:"type_id"`
		Template hash   `db:"template_version"`
		Layout   string `db:"layout"`
	}
	if err := d.get(ctx, &row, query, id); err != nil {
		return LinkSeries{}, fmt.Errorf("series of links: %w", err)
	}
	return LinkSeries{ID: id, Job: row.Job, TypeID: row.TypeID, Template: jobs.Hash(row.Template), Layout: row.Layout}, nil
}

// A SealedRow is a row that came out of a sealed link.
type SealedRow struct {
	jobs.Staged
	Issued time.Time // when the link was given out
}

// OpenSealed plans the passes of rows that came out of sealed links of a series, in
// one transaction, and gives them links. A pass that is there already stays, unless
// the row is newer than what it shows. It is safe to repeat, and to do many times at
// once.
func (d *DB) OpenSealed(ctx context.Context, s LinkSeries, token int, terms LinkTerms, rows []SealedRow) error {
	nonces := make([]Nonce, len(rows))
	for i := range nonces {
		rand.Read(nonces[i][:])
	}
	err := d.write(ctx, stepSealed, func(t *tx) error {
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		o := &opening{tx: t, series: s, token: token, terms: terms, now: d.now()}
		for i := range rows {
			if err := o.open(ctx, rows[i], nonces[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("plan passes of sealed links of job %q: %w", s.Job, err)
	}
	return nil
}

// An opening plans passes in a transaction that holds the change counter.
type opening struct {
	*tx
	series LinkSeries
	token  int
	terms  LinkTerms
	now    time.Time
}

func (o *opening) open(ctx context.Context, row SealedRow, nonce Nonce) error {
	const (
		// The run of a sealed link has no source; see run.
		have = `
			SELECT p.job, p.fingerprint, COALESCE(l.issued, 0), u.source_hash, u.started
			FROM passes p
			JOIN rows r ON r.id = p.row_id
			JOIN runs u ON u.id = r.run_id
			LEFT JOIN links l ON l.pass_id = p.id
			WHERE p.serial = ? AND p.type_id = ?`
		// A link that is there keeps its terms, and learns of the newer row.
		give = `
			INSERT INTO links (pass_id, key_version, nonce, issued, expires, uses)
			SELECT id, ?, ?, ?, ?, ? FROM passes WHERE serial = ? AND type_id = ?
			ON CONFLICT (pass_id) DO UPDATE SET issued = excluded.issued
			WHERE links.issued < excluded.issued`
	)
	var job string
	var print, source hash
	var issued, started int64
	found, err := o.one(ctx, []any{&job, &print, &issued, &source, &started}, have, row.Serial, o.series.TypeID)
	if err != nil {
		return err
	}
	if found && job != o.series.Job {
		return ErrOtherJob
	}
	shown := started // when what the pass shows was read
	if found && jobs.Hash(source) == sealedSource {
		shown = issued
	}
	if !found || shown < millis(row.Issued) && jobs.Hash(print) != row.Fingerprint {
		if err := o.plan(ctx, row.Staged); err != nil {
			return err
		}
	}
	_, err = o.exec(ctx, give, o.terms.Version, nonce[:], millis(row.Issued), orNoMillis(o.terms.Expires), o.terms.Uses, row.Serial, o.series.TypeID)
	return err
}

// sealedSource stands for the source of runs that hold the rows of sealed links.
var sealedSource jobs.Hash

// plan stages the row and commits it, as a run does.
func (o *opening) plan(ctx context.Context, row jobs.Staged) error {
	const (
		insert = `
			INSERT INTO rows (run_id, number, serial, fingerprint, contact, data, name, bundle)
			SELECT id, total + 1, ?, ?, ?, ?, '', ? FROM runs WHERE id = ?
			RETURNING id`
		count = `UPDATE runs SET total = total + 1 WHERE id = ?`
	)
	run, err := o.run(ctx, row.Serial)
	if err != nil {
		return err
	}
	_, err = o.one(ctx, []any{&row.ID}, insert, row.Serial, row.Fingerprint[:], contactOf(&row), notNil(row.Values), row.Bundle, run)
	if err != nil {
		return err
	}
	if _, err := o.exec(ctx, count, run); err != nil {
		return err
	}
	c := &chunk{tx: o.tx, run: run, now: o.now}
	made := jobs.Made{Staged: row, TypeID: o.series.TypeID, Template: o.series.Template, Token: o.token}
	return c.commit(ctx, []jobs.Made{made}, nil)
}

// run returns the run that takes the rows of the series: one that is done and grows,
// since nothing of it ever waits. If it has a row of the pass already, another takes
// the next.
func (o *opening) run(ctx context.Context, serial string) (id int64, err error) {
	const (
		have = `
			SELECT id
			FROM runs
			WHERE job = ? AND sink = '' AND source_hash = ? AND settings_hash = ? AND state = 'done'
				AND NOT EXISTS (SELECT 1 FROM rows WHERE rows.run_id = runs.id AND rows.serial = ?)
			ORDER BY id
			LIMIT 1`
		insert = `
			INSERT INTO runs (job, source_hash, template_hash, sink, settings_hash, state, started, finished, host, pid)
			VALUES (?, ?, ?, '', ?, 'done', ?, ?, '', 0)
			RETURNING id`
	)
	var settings jobs.Hash
	copy(settings[:], o.series.ID)
	found, err := o.one(ctx, []any{&id}, have, o.series.Job, sealedSource[:], settings[:], serial)
	if err != nil || found {
		return id, err
	}
	_, err = o.one(ctx, []any{&id}, insert, o.series.Job, sealedSource[:], o.series.Template[:], settings[:], millis(o.now), millis(o.now))
	return id, err
}

// A LinkMark says from which generation on sealed links open, of a pass or a job.
type LinkMark struct {
	Generation int
	Revoked    bool // nobody is given one
}

// HasLinkMarks reports whether there are any.
func (d *DB) HasLinkMarks(ctx context.Context) (has bool, err error) {
	const query = `SELECT CASE WHEN EXISTS (SELECT 1 FROM link_marks) THEN 1 ELSE 0 END`
	if err := d.get(ctx, &has, query); err != nil {
		return false, fmt.Errorf("look for revoked links: %w", err)
	}
	return has, nil
}

// LinkMarks returns, by id, those of the marks that there are. An id is a keyed hash.
func (d *DB) LinkMarks(ctx context.Context, ids [][]byte) (map[string]LinkMark, error) {
	const query = `SELECT id, generation, revoked FROM link_marks WHERE id IN (` + listMark + `)`
	marks := map[string]LinkMark{}
	for query, list := range lists(query, ids) {
		err := d.again(ctx, "marks", func() error {
			return d.query(ctx, func(rows *sql.Rows) error {
				var id sql.RawBytes
				var m LinkMark
				var revoked int64
				if err := rows.Scan(&id, &m.Generation, &revoked); err != nil {
					return err
				}
				m.Revoked = revoked != 0
				marks[string(id)] = m
				return nil
			}, query, list...)
		})
		if err != nil {
			return nil, fmt.Errorf("look for revoked links: %w", err)
		}
	}
	return marks, nil
}

// MarkLinks revokes the sealed links of marks; renew takes back that nobody is given
// one, and begins a generation if it was not revoked.
func (d *DB) MarkLinks(ctx context.Context, ids [][]byte, renew bool) error {
	const (
		revoke = `
			INSERT INTO link_marks (id, generation, revoked)
			VALUES (?, 1, ?)
			ON CONFLICT (id) DO UPDATE SET generation = link_marks.generation + 1, revoked = excluded.revoked
			WHERE link_marks.revoked = 0`
		again = `
			INSERT INTO link_marks (id, generation, revoked)
			VALUES (?, 1, 0)
			ON CONFLICT (id) DO UPDATE
			SET generation = CASE WHEN link_marks.revoked = 0 THEN link_marks.generation + 1 ELSE link_marks.generation END, revoked = 0`
	)
	err := d.write(ctx, stepMark, func(t *tx) error {
		for _, id := range ids {
			var err error
			if renew {
				_, err = t.exec(ctx, again, id)
			} else {
				_, err = t.exec(ctx, revoke, id, millis(d.now()))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("revoke %d sealed links: %w", len(ids), err)
	}
	return nil
}
