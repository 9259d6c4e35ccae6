package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"passmill/jobs"
)

// A PassRow is a pass beside the row and the template version that it was made of.
type PassRow struct {
	ID       int64
	TypeID   string
	Serial   string
	Job      string
	Change   int64
	Standing jobs.Standing
	Template jobs.Hash
	Token    int    // version of the master key that its token comes from; 0 for none
	Values   []byte // as [jobs.AppendValues] writes them
}

const passRowColumns = `
	SELECT p.id, p.type_id, p.serial, p.job, p.change_number, p.standing, p.standing_cause, p.standing_ends,
		p.template_version, p.token_key_version, r.data
	FROM passes p
	JOIN rows r ON r.id = p.row_id`

func scanPassRow(rows *sql.Rows) (p PassRow, err error) {
	var stands standingRow
	var template sql.RawBytes
	err = rows.Scan(&p.ID, &p.TypeID, &p.Serial, &p.Job, &p.Change, &stands.State, &stands.Cause, &stands.Ends, &template, &p.Token, &p.Values)
	if err != nil {
		return p, err
	}
	p.Standing = stands.standing()
	return p, scanHash(p.Template[:], []byte(template))
}

// PassesOf returns up to limit passes, of a job if one is named and of a type if one is,
// by rising id, from the first after the id after.
func (d *DB) PassesOf(ctx context.Context, job, typeID string, after int64, limit int) (page []PassRow, err error) {
	const query = passRowColumns + `
		WHERE p.id > ? AND p.job <> '' AND (p.job = ? OR ? = '') AND (p.type_id = ? OR ? = '')
		ORDER BY p.id
		LIMIT ?`
	err = d.again(ctx, "passes", func() error {
		page = page[:0]
		return d.query(ctx, func(rows *sql.Rows) error {
			p, err := scanPassRow(rows)
			page = append(page, p)
			return err
		}, query, after, job, job, typeID, typeID, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("read passes: %w", err)
	}
	return page, nil
}

// PassesBySerial returns the passes with some serial numbers, of a type and a job if
// they are named.
func (d *DB) PassesBySerial(ctx context.Context, serials []string, job, typeID string) (found []PassRow, err error) {
	const query = passRowColumns + `
		WHERE (p.job = ? OR ? = '') AND (p.type_id = ? OR ? = '') AND p.serial IN (` + listMark + `)
		ORDER BY p.id`
	for query, list := range lists(query, serials) {
		err := d.query(ctx, func(rows *sql.Rows) error {
			p, err := scanPassRow(rows)
			found = append(found, p)
			return err
		}, query, append([]any{job, job, typeID, typeID}, list...)...)
		if err != nil {
			return nil, fmt.Errorf("look up %d passes: %w", len(serials), err)
		}
	}
	return found, nil
}

// JobsWithPasses returns the jobs that have passes, by name.
func (d *DB) JobsWithPasses(ctx context.Context) ([]string, error) {
	const query = `
		SELECT r.job
		FROM recipes r
		WHERE EXISTS (SELECT 1 FROM runs WHERE runs.job = r.job AND runs.made > 0)
		ORDER BY r.job`
	var names []string
	if err := d.list(ctx, &names, query); err != nil {
		return nil, fmt.Errorf("jobs with passes: %w", err)
	}
	return names, nil
}

// Holders adds to a set the devices that have passes of these ids, and returns by id of
// the pass how many have it.
func (d *DB) Holders(ctx context.Context, ids []int64, devices *IDSet) (map[int64]int, error) {
	const query = `SELECT pass_id, device_id FROM registrations WHERE pass_id IN (` + listMark + `)`
	of := map[int64]int{}
	for query, list := range lists(query, ids) {
		err := d.query(ctx, func(rows *sql.Rows) error {
			var pass, device int64
			err := rows.Scan(&pass, &device)
			devices.Add(device)
			of[pass]++
			return err
		}, query, list...)
		if err != nil {
			return nil, fmt.Errorf("devices of %d passes: %w", len(ids), err)
		}
	}
	return of, nil
}
