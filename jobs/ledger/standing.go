package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"passmill/jobs"
	"passmill/sign"
)

// Of passes that change by another word than their row's.
const (
	stepStanding step = "standing"
	stepFresh    step = "fresh"
	stepForget   step = "forget"
	stepMissing  step = "missing"
	stepRollBack step = "rollback"
)

var changeSteps = []step{stepStanding, stepFresh, stepForget, stepMissing, stepRollBack}

// ChangeFaultPoints returns those of passes that change by another word than their
// row's.
func ChangeFaultPoints() []string { return points(changeSteps) }

// A standingRow is how a pass stands, as the table says it.
type standingRow struct {
	State jobs.StandingState `db:"standing"`
	Cause jobs.StandingCause `db:"standing_cause"`
	Ends  int64              `db:"standing_ends"`
}

func (r standingRow) standing() jobs.Standing {
	s := jobs.Standing{State: r.State, Cause: r.Cause}
	if r.Ends != 0 {
		s.Ends = fromMillis(r.Ends)
	}
	return s
}

// endsOf is how the table says when a standing ends.
func endsOf(s jobs.Standing) int64 {
	if s.Ends.IsZero() {
		return 0
	}
	return millis(s.Ends)
}

// Standings returns, by serial number, how the passes of a type stand that a person
// made void or expired. Those whose row was missing are not among them: they are
// asked for since their row is there.
func (d *DB) Standings(ctx context.Context, typeID string, serials []string) (map[string]jobs.Standing, error) {
	// The test for 'valid' repeats the condition of the index, which is empty for
	// most jobs.
	const query = `
		SELECT serial, standing, standing_cause, standing_ends
		FROM passes
		WHERE type_id = ? AND standing <> 'valid' AND standing_cause = 'person' AND serial IN (` + listMark + `)`
	found := map[string]jobs.Standing{}
	var serial string
	var row standingRow
	dest := []any{&serial, &row.State, &row.Cause, &row.Ends}
	scan := func(rows *sql.Rows) error {
		err := rows.Scan(dest...)
		found[serial] = row.standing()
		return err
	}
	for query, list := range lists(query, serials) {
		err := d.again(ctx, "standings", func() error {
			return d.query(ctx, scan, query, append([]any{typeID}, list...)...)
		})
		if err != nil {
			return nil, fmt.Errorf("how passes stand: %w", err)
		}
	}
	return found, nil
}

// returns reports whether the row of a pass has come back that was missing.
func (m *pressed) returns() bool { return m.old.standing.Cause == jobs.CauseMissing }

// outrun reports whether a pass got another standing while it was pressed: its file
// says what it was before.
func (m *pressed) outrun() bool {
	if m.passID == 0 || m.returns() {
		return false
	}
	is, was := m.old.standing, m.Staged.Standing
	return is.Valid() != was.Valid() || !is.Valid() && (is.State != was.State || !is.Ends.Equal(was.Ends))
}

// outrun has the files pressed again that say what their passes were before.
func (c *chunk) outrun(ctx context.Context) error {
	var ids []int64
	for i := range c.made {
		if c.made[i].outrun() {
			ids = append(ids, c.made[i].passID)
		}
	}
	return c.stale(ctx, ids)
}

// MaxStanding is how many passes one call gives another standing.
const MaxStanding = listMax

// SetStanding gives passes another standing, by a person's word, each with a new
// change number even if it stands so already, and writes the event in the same
// transaction. Their devices hear of it; their files are to be pressed again. Passes
// that are not there are passed over.
func (d *DB) SetStanding(ctx context.Context, ids []int64, s jobs.Standing, event sign.Event) error {
	if len(ids) == 0 {
		return nil
	}
	if s.Valid() {
		s = jobs.Standing{State: jobs.StandingValid}
	} else {
		s.Cause = jobs.CausePerson
	}
	err := d.audited(ctx, stepStanding, event, func(t *tx, _ *sign.Event) error {
		return t.stand(ctx, ids, s, 0, d.now())
	})
	if err != nil {
		return fmt.Errorf("give %d passes another standing: %w", len(ids), err)
	}
	return nil
}

// stand gives passes a standing; run is the one whose source had no row of them.
func (t *tx) stand(ctx context.Context, ids []int64, s jobs.Standing, run int64, now time.Time) error {
	const set = `standing = ?, standing_cause = ?, standing_ends = ?, standing_run = ?`
	if err := t.renumber(ctx, set, ids, now, string(s.State), string(s.Cause), endsOf(s), run); err != nil {
		return err
	}
	return t.told(ctx, ids, now)
}

// renumber gives passes new change numbers and, in the same statement, other values;
// there are at most listMax of them.
func (t *tx) renumber(ctx context.Context, set string, ids []int64, now time.Time, args ...any) error {
	const (
		numbers = `
			, change_number = CAST(? AS BIGINT) + n.k, modified = CASE WHEN modified + 1000 > CAST(? AS BIGINT) THEN modified + 1000 ELSE CAST(? AS BIGINT) END
			FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS k FROM passes WHERE id IN (` + listMark + `)) AS n
			WHERE passes.id = n.id`
		count = `UPDATE change_counter SET value = ? WHERE id = 1`
	)
	last, err := t.lockCounter(ctx)
	if err != nil {
		return err
	}
	second := millis(now.Truncate(1e9)) // HTTP dates tell seconds
	n, err := execList(ctx, t, `UPDATE passes SET `+set+numbers, ids, append(args, last, second, second)...)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(ctx, count, last+n)
	return err
}

// told has devices hear of passes that have new change numbers, and their files
// pressed again.
func (t *tx) told(ctx context.Context, ids []int64, now time.Time) error {
	if err := t.changed(ctx, ids, millis(now)); err != nil {
		return err
	}
	return t.stale(ctx, ids)
}
