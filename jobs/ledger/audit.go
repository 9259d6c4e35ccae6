package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"time"

	"passmill/sign"
)

const eventColumns = `number, id, at, actor, action, entry_id, certificate_id, run_id, job, detail`

// An eventRow is a row of the table audit.
type eventRow struct {
	Number      int64       `db:"number"`
	ID          string      `db:"id"`
	At          int64       `db:"at"`
	Actor       string      `db:"actor"`
	Action      sign.Action `db:"action"`
	Entry       string      `db:"entry_id"`
	Certificate string      `db:"certificate_id"`
	Run         int64       `db:"run_id"`
	Job         string      `db:"job"`
	Detail      string      `db:"detail"`
}

// AddEvent writes a line of the audit. It is there once, however often it is
// written.
func (d *DB) AddEvent(ctx context.Context, e sign.Event) error {
	err := d.audited(ctx, stepAudit, e, func(*tx, *sign.Event) error { return nil })
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// audited does op in a transaction and writes e, which op may complete, in the
// same one. If e is written already, an earlier try was committed and its answer
// lost: then op is not done again.
func (d *DB) audited(ctx context.Context, s step, e sign.Event, op func(*tx, *sign.Event) error) error {
	if e.ID == "" {
		e.ID = rand.Text()
	}
	const (
		have   = `SELECT 1 FROM audit WHERE id = ?`
		insert = `
			INSERT INTO audit (id, at, actor, action, entry_id, certificate_id, run_id, job, detail)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	)
	return d.write(ctx, s, func(t *tx) error {
		if s != stepAudit { // the lines of a run need not wait for each other
			if err := t.lockRegistry(ctx); err != nil {
				return err
			}
		}
		var one int
		if found, err := t.one(ctx, []any{&one}, have, e.ID); err != nil || found {
			return err
		}
		e := e // a try that fails leaves nothing behind
		if err := op(t, &e); err != nil {
			return err
		}
		_, err := t.exec(ctx, insert, e.ID, millis(e.At), e.Actor, string(e.Action), e.Entry, e.Certificate, e.Run, e.Job, e.Detail)
		return err
	})
}

// lockRegistry lets nobody else change the registry until the transaction ends.
func (t *tx) lockRegistry(ctx context.Context) error {
	_, err := t.sealingKey(ctx)
	return err
}

// Events returns lines of the audit, newest first.
func (d *DB) Events(ctx context.Context, f sign.EventFilter) ([]sign.Event, error) {
	const (
		ofAll = `SELECT ` + eventColumns + ` FROM audit WHERE number < ? ORDER BY number DESC LIMIT ?`
		ofOne = `SELECT ` + eventColumns + ` FROM audit WHERE number < ? AND entry_id = ? ORDER BY number DESC LIMIT ?`
	)
	before, limit := int64(math.MaxInt64), int64(math.MaxInt32)
	if f.Before > 0 {
		before = f.Before
	}
	if f.Limit > 0 {
		limit = int64(f.Limit)
	}
	query, args := ofAll, []any{before, limit}
	if f.Entry != "" {
		query, args = ofOne, []any{before, f.Entry, limit}
	}
	var rows []eventRow
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	events := make([]sign.Event, len(rows))
	for i, r := range rows {
		events[i] = sign.Event{
			Number: r.Number, ID: r.ID, At: fromMillis(r.At), Actor: r.Actor, Action: r.Action, Entry: r.Entry,
			Certificate: r.Certificate, Run: r.Run, Job: r.Job, Detail: r.Detail,
		}
	}
	return events, nil
}

// LastSigned returns when a pass was last signed, as far as the ledger knows;
// the zero time if never.
func (d *DB) LastSigned(ctx context.Context) (time.Time, error) {
	// The newest change of a pass is found by the index of change numbers.
	const query = `
		SELECT COALESCE(MAX(at), 0) AS at
		FROM (
			SELECT MAX(at) AS at FROM audit WHERE action IN ('sign-begin', 'sign-end')
			UNION ALL
			SELECT MAX(pressed_at) AS at
			FROM artefacts
			WHERE pass_id = (SELECT id FROM passes ORDER BY change_number DESC LIMIT 1)
		) newest`
	var at int64
	if err := d.get(ctx, &at, query); err != nil {
		return time.Time{}, fmt.Errorf("time of the last signature: %w", err)
	}
	if at == 0 {
		return time.Time{}, nil
	}
	return fromMillis(at), nil
}
