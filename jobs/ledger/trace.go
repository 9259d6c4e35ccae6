package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// A TraceRow is a row version that may be of a person: of a pass, or of none yet.
type TraceRow struct {
	Job    string
	Serial string
	TypeID string // of its pass; "" if it has none
	Values []byte // as [jobs.AppendValues] writes them
}

// A Trace names what is of a person: a job and a serial number, whatever passes and
// rows have them.
type Trace struct {
	Job, Serial string
}

// notErased is a condition on rows: they are no tombstones. No fingerprint is zero.
const notErased = `r.fingerprint <> ?`

var zeroHash = make([]byte, 16)

// Trace goes through all row versions, of all runs, and returns of which jobs and
// serial numbers those are that match.
func (d *DB) Trace(ctx context.Context, match func(TraceRow) (bool, error)) ([]Trace, error) {
	const query = `
		SELECT r.id, u.job, r.serial, COALESCE(p.type_id, ''), r.data
		FROM rows r
		JOIN runs u ON u.id = r.run_id
		LEFT JOIN passes p ON p.id = r.pass_id
		WHERE r.id > ? AND ` + notErased + `
		ORDER BY r.id
		LIMIT ` + pageLimit
	var traces traceSet
	for last, n := int64(0), 1; n > 0; {
		n = 0
		err := d.query(ctx, func(rows *sql.Rows) error {
			var r TraceRow
			if err := rows.Scan(&last, &r.Job, &r.Serial, &r.TypeID, &r.Values); err != nil {
				return err
			}
			n++
			ok, err := match(r)
			if ok {
				traces.add(Trace{r.Job, r.Serial})
			}
			return err
		}, query, last, zeroHash)
		if err != nil {
			return nil, fmt.Errorf("look through all rows: %w", err)
		}
	}
	return traces.list, nil
}

// TraceMails returns whose passes were mailed, or are to be, to an address: a keyed
// hash.
func (d *DB) TraceMails(ctx context.Context, address [32]byte) ([]Trace, error) {
	const query = `
		SELECT DISTINCT p.job, p.serial
		FROM deliveries d
		JOIN passes p ON p.id = d.pass_id
		WHERE d.address = ?`
	var list []Trace
	err := d.query(ctx, func(rows *sql.Rows) error {
		var t Trace
		err := rows.Scan(&t.Job, &t.Serial)
		list = append(list, t)
		return err
	}, query, address[:])
	if err != nil {
		return nil, fmt.Errorf("look through all mails: %w", err)
	}
	return list, nil
}

// TraceProblems goes through the jobs and serial numbers of all rows that were refused,
// and returns those that match.
func (d *DB) TraceProblems(ctx context.Context, match func(Trace) bool) ([]Trace, error) {
	const query = `SELECT DISTINCT u.job, o.serial FROM problems o JOIN runs u ON u.id = o.run_id WHERE o.serial <> ''`
	var list []Trace
	err := d.query(ctx, func(rows *sql.Rows) error {
		var t Trace
		err := rows.Scan(&t.Job, &t.Serial)
		if match(t) {
			list = append(list, t)
		}
		return err
	}, query)
	if err != nil {
		return nil, fmt.Errorf("look through all problems: %w", err)
	}
	return list, nil
}

// Jobs and types that the ledger has ever made passes of, or links.
const (
	everyJob  = `SELECT job FROM runs UNION SELECT job FROM link_series UNION SELECT job FROM recipes ORDER BY 1`
	everyType = `SELECT type_id FROM passes UNION SELECT type_id FROM link_series ORDER BY 1`
)

// Ever returns the names of all jobs, and all pass types, that the ledger knows.
func (d *DB) Ever(ctx context.Context) (names, types []string, err error) {
	if err = d.list(ctx, &names, everyJob); err == nil {
		err = d.list(ctx, &types, everyType)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list jobs and pass types: %w", err)
	}
	return names, types, nil
}

// A traceSet holds each trace once, in the order in which they came.
type traceSet struct {
	list []Trace
	has  map[Trace]bool
}

func (s *traceSet) add(t Trace) {
	if s.has == nil {
		s.has = map[Trace]bool{}
	}
	if !s.has[t] {
		s.has[t] = true
		s.list = append(s.list, t)
	}
}
