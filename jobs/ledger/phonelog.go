package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"passmill/jobs"
)

// What is kept of what phones say: anybody can say anything.
const (
	linesOfPass = 50     // of each pass
	linesOfNone = 1_000  // that name no pass of the ledger
	linesKept   = 10_000 // in all
)

// AddPhoneLines keeps what phones said. A pass that is not in the ledger is not named,
// and the oldest lines go once there are too many.
func (d *DB) AddPhoneLines(ctx context.Context, lines []jobs.PhoneLine) error {
	const (
		insert = `INSERT INTO phone_log (at, type_id, serial, device, text) VALUES (?, ?, ?, ?, ?)`
		known  = `SELECT 1 FROM passes WHERE serial = ? AND type_id = ?`
		trim   = `
			DELETE FROM phone_log
			WHERE serial = ? AND type_id = ? AND id <= (
				SELECT id FROM phone_log WHERE serial = ? AND type_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?
			)`
		oldest = `DELETE FROM phone_log WHERE id <= (SELECT MAX(id) FROM phone_log) - ?`
	)
	err := d.write(ctx, stepPhoneLog, func(t *tx) error {
		for _, l := range lines {
			var n int
			keep := linesOfPass
			if found, err := t.one(ctx, []any{&n}, known, l.Serial, l.TypeID); err != nil {
				return err
			} else if !found {
				l.TypeID, l.Serial, keep = "", "", linesOfNone
			}
			if _, err := t.exec(ctx, insert, millis(l.At), l.TypeID, l.Serial, l.Device, l.Text); err != nil {
				return err
			}
			if _, err := t.exec(ctx, trim, l.Serial, l.TypeID, l.Serial, l.TypeID, keep); err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, oldest, linesKept)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep what phones say: %w", err)
	}
	return nil
}

// PhoneLines returns what phones said last, newest first: of the passes with a serial
// number, or of all.
func (d *DB) PhoneLines(ctx context.Context, serial string, limit int) ([]jobs.PhoneLine, error) {
	query := `SELECT at, type_id, serial, device, text FROM phone_log WHERE serial = ? ORDER BY id DESC LIMIT ?`
	args := []any{serial, limit}
	if serial == "" {
		query, args = strings.Replace(query, "WHERE serial = ? ", "", 1), args[1:]
	}
	var lines []jobs.PhoneLine
	err := d.query(ctx, func(rows *sql.Rows) error {
		var l jobs.PhoneLine
		var at int64
		err := rows.Scan(&at, &l.TypeID, &l.Serial, &l.Device, &l.Text)
		l.At = fromMillis(at)
		lines = append(lines, l)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("what phones say: %w", err)
	}
	return lines, nil
}
