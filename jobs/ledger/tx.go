package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"passmill/jobs/connect"
	"passmill/jobs/fault"
)

// patience is how long an operation is done again after its connection broke or
// the database was busy.
const patience = 30 * time.Second

// A step is a transaction with a name, for fault points.
type step string

// The steps of all operations.
const (
	stepBegin       step = "begin"
	stepResume      step = "resume"
	stepClear       step = "clear"
	stepTemplate    step = "template"
	stepCertificate step = "certificate"
	stepImages      step = "images"
	stepStage       step = "stage"
	stepWithdraw    step = "withdraw"
	stepImported    step = "imported"
	stepCommit      step = "commit"
	stepLeftover    step = "leftover"
	stepBundle      step = "bundle"
	stepClose       step = "close"
	stepTidy        step = "tidy"
	stepFinish      step = "finish"
	stepJob         step = "job"
	stepRemoveJob   step = "removejob"
	stepAudit       step = "audit"

	// Of the registry of certificates, which no run changes.
	stepKey     step = "key"
	stepVersion step = "version"
	stepEntry   step = "entry"
	stepRemove  step = "remove"
	stepSeal    step = "seal"
	stepAlert   step = "alert"

	// Of the REST API.
	stepAPIKey step = "api-key"
	stepAPIUse step = "api-use"
	stepAnswer step = "answer"

	// Of slots, and of what the operator is told.
	stepSlot   step = "slot"
	stepBeat   step = "beat"
	stepFail   step = "fail"
	stepNotice step = "notice"
)

// Of updates.
const (
	stepRecipe step = "recipe"
	stepMaster step = "master" // no run passes it twice
)

// Of what phones ask for.
const (
	stepRegister   step = "register"
	stepUnregister step = "unregister"
	stepTold       step = "told"
	stepPhoneLog   step = "phone-log"
)

// Of what became of passes and people.
const (
	stepFunnel step = "funnel"
	stepErase  step = "erase"
)

var steps = []step{
	stepBegin, stepResume, stepClear, stepTemplate, stepCertificate, stepImages, stepStage, stepWithdraw, stepImported,
	stepCommit, stepLeftover, stepBundle, stepClose, stepTidy, stepFinish, stepJob, stepRemoveJob, stepAudit, stepRecipe,
}

// Of pushes.
const (
	stepPushClaim  step = "push-claim"
	stepPushSettle step = "push-settle"
)

var pushSteps = []step{stepPushClaim, stepPushSettle}

// PushFaultPoints returns those of pushes.
func PushFaultPoints() []string { return points(pushSteps) }

var registrySteps = []step{stepKey, stepVersion, stepEntry, stepRemove, stepSeal, stepAlert}

var apiSteps = []step{stepAPIKey, stepAPIUse, stepAnswer}

var phoneSteps = []step{stepRegister, stepUnregister, stepTold, stepPhoneLog}
var slotSteps = []step{stepSlot, stepBeat, stepFail, stepNotice}

// before and after are the fault points around the commit of a step.
func (s step) before() string { return "ledger." + string(s) + ".commit" }
func (s step) after() string  { return "ledger." + string(s) + ".committed" }

// FaultPoints returns the names of the fault points that a run passes, for tests
// that walk them.
func FaultPoints() []string { return points(steps) }

// RegistryFaultPoints returns those of the registry of certificates.
func RegistryFaultPoints() []string { return points(registrySteps) }

// APIFaultPoints returns those of the REST API.
func APIFaultPoints() []string { return points(apiSteps) }

// PhoneFaultPoints returns those of what phones ask for.
func PhoneFaultPoints() []string { return points(phoneSteps) }

// SlotFaultPoints returns those of slots and notices.
func SlotFaultPoints() []string { return points(slotSteps) }

func points(steps []step) []string {
	var names []string
	for _, s := range steps {
		names = append(names, s.before(), s.after())
	}
	return names
}

// A tx is a transaction that writes.
type tx struct {
	*sqlx.Tx
	dialect dialect
	solo    *solo // nil for PostgreSQL
}

// write does op in a transaction. If the answer of the commit is lost, or the
// connection breaks, it does all of it again; so op must be safe to repeat, and
// must not add to what an earlier try left in variables.
func (d *DB) write(ctx context.Context, s step, op func(*tx) error) error {
	return d.again(ctx, string(s), func() error { return d.once(ctx, s, op) })
}

func (d *DB) once(ctx context.Context, s step, op func(*tx) error) (err error) {
	t, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		// An error of the rollback itself adds nothing: the transaction is
		// over already, or its connection is.
		_ = t.Rollback()
		if t.solo != nil {
			<-t.solo.turn
		}
	}()
	if err := d.fenced(ctx, t, s); err != nil {
		return err
	}
	if err := op(t); err != nil {
		return err
	}
	if err := fault.Point(s.before()); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return fault.Point(s.after())
}

func (d *DB) begin(ctx context.Context) (*tx, error) {
	if d.solo != nil {
		return d.solo.begin(ctx)
	}
	t, err := d.read.BeginTxx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &tx{Tx: t, dialect: postgres}, nil
}

// again does op until it doesn't fail for a reason that passes.
func (d *DB) again(ctx context.Context, what string, op func() error) error {
	deadline := time.Now().Add(patience)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := op()
		if err == nil || ctx.Err() != nil || !connect.Passing(err) || time.Now().After(deadline) {
			return err
		}
		d.log.WarnContext(ctx, "database did not answer, trying again", "step", what, "err", err)
		if pause(ctx, wait) != nil {
			return err
		}
	}
}

// exec executes a statement. On SQLite it is prepared once for all.
func (t *tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.solo == nil {
		return t.ExecContext(ctx, t.dialect.sql(query), args...)
	}
	stmt, err := t.solo.prepared(ctx, t.dialect.sql(query))
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// affect executes a statement and returns how many rows it changed.
func (t *tx) affect(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// each queries and calls scan for every row.
func (t *tx) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	if t.solo == nil {
		return connect.Each(t.QueryContext(ctx, t.dialect.sql(query), args...))(scan)
	}
	stmt, err := t.solo.prepared(ctx, t.dialect.sql(query))
	if err != nil {
		return err
	}
	return connect.Each(stmt.QueryContext(ctx, args...))(scan)
}

// one queries one row. found is false if there is none.
func (t *tx) one(ctx context.Context, dest []any, query string, args ...any) (found bool, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(dest...)
	}, query, args...)
	return found, err
}
