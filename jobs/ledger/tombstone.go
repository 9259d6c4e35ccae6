package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"strings"
)

// noValues is the data of a row without a value.
var noValues = []byte{1}

// takeRows makes tombstones of rows. One that waits would be pressed: it is recorded as
// failed, or deleted if its run reads it again or is over.
func (e *eraser) takeRows(ctx context.Context) error {
	const (
		drop = `DELETE FROM rows WHERE id = ?`
		fail = `UPDATE rows SET state = 'failed' WHERE id = ?`
		note = `UPDATE runs SET refused = refused + 1 WHERE id = ?`
		take = `
			UPDATE rows
			SET serial = CASE WHEN pass_id IS NULL THEN 'erased-row-' || id ELSE 'erased-' || pass_id END,
				fingerprint = ?, contact = ?, data = ?, name = '', bundle = ''
			WHERE id = ?`
	)
	for _, r := range e.rows {
		e.n.Rows++
		if r.state == "waiting" && r.open != "pressing" {
			if _, err := e.exec(ctx, drop, r.id); err != nil {
				return err
			}
			continue
		}
		if r.state == "waiting" {
			for query, id := range map[string]int64{fail: r.id, note: r.run} {
				if _, err := e.exec(ctx, query, id); err != nil {
					return err
				}
			}
		}
		if _, err := e.exec(ctx, take, zeroHash, []byte{}, noValues, r.id); err != nil {
			return err
		}
	}
	return nil
}

// takePasses makes tombstones of passes. They belong to no job any more, so that no run
// and no mailing comes across them.
func (e *eraser) takePasses(ctx context.Context) error {
	const query = `
		UPDATE passes
		SET serial = 'erased-' || id, job = '', fingerprint = ?, contact = ?, bundle = '', former_row = 0, former_template = NULL, changed_by = 0,
			standing = 'valid', standing_cause = '', standing_ends = 0, standing_run = 0
		WHERE id IN (` + listMark + `)`
	n, err := execList(ctx, e.tx, query, e.passes, zeroHash, []byte{})
	e.n.Passes = int(n)
	return err
}

// takePhones forgets who has the passes, and what phones said of them. A device that
// has no other pass is forgotten, too.
func (e *eraser) takePhones(ctx context.Context) error {
	const (
		holders       = `SELECT DISTINCT d.id, d.library FROM registrations r JOIN devices d ON d.id = r.device_id WHERE r.pass_id IN (` + listMark + `)`
		registrations = `DELETE FROM registrations WHERE pass_id IN (` + listMark + `)`
		subscriptions = `
			DELETE FROM subscriptions
			WHERE device_id = ? AND NOT EXISTS (
				SELECT 1
				FROM registrations r
				JOIN passes p ON p.id = r.pass_id
				WHERE r.device_id = subscriptions.device_id AND p.type_id = subscriptions.type_id
			)`
		devices = `DELETE FROM devices WHERE id = ? AND NOT EXISTS (SELECT 1 FROM registrations r WHERE r.device_id = devices.id)`
		said    = `DELETE FROM phone_log WHERE device = ?`
		ofPass  = `DELETE FROM phone_log WHERE serial = ? OR text LIKE ? ESCAPE '\'`
	)
	libraries := map[int64]string{}
	err := eachList(ctx, e.tx, func(rows *sql.Rows) error {
		var id int64
		var library []byte
		err := rows.Scan(&id, &library)
		libraries[id] = hex.EncodeToString(library[:min(6, len(library))])
		return err
	}, holders, e.passes)
	if err != nil {
		return err
	}
	n, err := execList(ctx, e.tx, registrations, e.passes)
	if err != nil {
		return err
	}
	e.n.Registrations = int(n)
	lines := func(query string, args ...any) error {
		n, err := e.affect(ctx, query, args...)
		e.n.LogLines += int(n)
		return err
	}
	for id, library := range libraries {
		if _, err := e.exec(ctx, subscriptions, id); err != nil {
			return err
		}
		gone, err := e.affect(ctx, devices, id)
		if err != nil {
			return err
		}
		if gone == 0 {
			continue
		}
		e.n.Devices++
		if err := lines(said, library); err != nil {
			return err
		}
	}
	for _, s := range e.serials {
		if err := lines(ofPass, s.Serial, "%"+likely.Replace(s.Serial)+"%"); err != nil {
			return err
		}
	}
	return nil
}

// likely lets a text stand for itself in LIKE.
var likely = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
