package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign"
)

type rollbackCommand struct {
	Number  int64 `arg:"" name:"run" help:"The number of the run, as its summary and run list show it."`
	VoidNew bool  `help:"Make the passes void that the run made first."`
	DryRun  bool  `help:"Say what would be done, and do nothing."`
	Confirm int   `placeholder:"COUNT" help:"Needed above 100 passes: how many they are."`
	JSON    bool  `help:"Print the summary as one JSON object."`
}

// Help is the end of the command's -h.
func (rollbackCommand) Help() string {
	return "Each pass gets the row and the template version that it had before, and phones hear of it. Passes that changed again since are left alone. The next run makes again what source and template say, so mend these first. Killed, the same command goes on. Exit status: 0 done, 1 not done, 2 wrong command line, 3 some passes were left alone since they changed again, or some files could not be pressed again yet."
}

// A rollbackSummary is what a rollback came to; its JSON names are an interface.
type rollbackSummary struct {
	Run      int64    `json:"run,omitempty"` // of the rollback itself
	Of       int64    `json:"of"`
	Back     int      `json:"back"`
	Returned int      `json:"returned,omitempty"` // valid again: they were void or expired since the run had no row of them
	New      int      `json:"new,omitempty"`      // that the run made first
	Voided   bool     `json:"voided,omitempty"`   // whether these became void
	Later    []string `json:"later,omitempty"`    // serial numbers of passes that changed again
	Devices  int      `json:"devices"`
	Files    int      `json:"files"`
	Left     int      `json:"files_left,omitempty"`
}

// Run takes a run back.
func (c *rollbackCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	r, err := openRestater(ctx, space)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.db.Close()) }()
	of, err := r.db.Run(ctx, c.Number)
	if errors.Is(err, jobs.ErrNotFound) {
		return fmt.Errorf("the ledger has no run %d; passmill run list lists them", c.Number)
	}
	if err != nil {
		return err
	}
	sum, err := c.rollBack(ctx, r, of, std.err)
	if err != nil {
		return explain(err)
	}
	if err := c.print(std.out, sum, of.Key.Job); err != nil {
		return err
	}
	if len(sum.Later) > 0 || sum.Left > 0 {
		return status{code: exitPartly}
	}
	return nil
}

func (c *rollbackCommand) rollBack(ctx context.Context, r *restater, of jobs.Run, w io.Writer) (sum rollbackSummary, err error) {
	unlock, err := r.db.LockJob(ctx, of.Key.Job)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	found, err := r.db.PlanRollback(ctx, of.ID)
	if err != nil {
		return sum, err
	}
	plan := planned{found}
	if sum, err = c.summary(ctx, r.db, of, plan); err != nil || c.DryRun {
		return sum, err
	}
	newest, err := r.db.Runs(ctx, of.Key.Job, 1)
	if err != nil {
		return sum, err
	}
	changes := sum.Back + sum.Returned + len(plan.voids(c.VoidNew))
	began := len(newest) == 1 && newest[0].Key == c.key(of) && newest[0].Finished.IsZero() // by a process that was killed
	if changes == 0 && !began {
		return sum, nil
	}
	if !began {
		if err := confirmed(c.Confirm, changes); err != nil {
			return sum, err
		}
	}
	run, err := r.db.Begin(ctx, c.key(of), time.Now())
	if err != nil {
		return sum, err
	}
	if run.State == jobs.RunImporting {
		if err := c.change(ctx, r, run, of, plan, changes); err != nil {
			return sum, err
		}
	}
	var fresh freshCount
	if of.Key.Sink != "" { // else its passes are planned: there are no files
		fresh, _, err = r.freshenLocked(ctx, r.freshener(of.Key.Job, w), of.Key.Job, of.Key.Sink)
		if err := pressedLater(err, of.Key.Job, w); err != nil {
			return sum, err
		}
	}
	sum.Run, sum.Files, sum.Left = run.ID, fresh.pressed, fresh.failed
	_, err = r.db.Finish(ctx, run.ID, jobs.RunDone, time.Now())
	return sum, err
}

// key is that of the run that takes another back.
func (c *rollbackCommand) key(of jobs.Run) jobs.RunKey {
	sum := sha256.Sum256(fmt.Appendf(nil, "rollback %d %v", of.ID, c.VoidNew))
	return jobs.RunKey{Job: of.Key.Job, Template: of.Key.Template, Sink: of.Key.Sink, Settings: jobs.Hash(sum[:16]), RollsBack: of.ID}
}

// change lets the passes go back, and closes what an import is to other runs.
func (c *rollbackCommand) change(ctx context.Context, r *restater, run, of jobs.Run, plan planned, n int) error {
	e := r.ring.Event(sign.ActionRollback)
	e.Job, e.Run, e.Detail = of.Key.Job, run.ID, fmt.Sprintf("takes back run %d: %s", of.ID, count(n, "pass"))
	if err := r.db.AddEvent(ctx, e); err != nil {
		return err
	}
	if err := r.db.RollBack(ctx, run.ID, of.ID, plan.Back); err != nil {
		return err
	}
	if err := r.db.UndoMissing(ctx, of.ID, plan.Missing); err != nil {
		return err
	}
	void := choice{jobs: []string{of.Key.Job}}
	for _, id := range plan.voids(c.VoidNew) {
		void.passes = append(void.passes, chosenPass{id: id, job: of.Key.Job})
	}
	if err := r.stand(ctx, void, jobs.Standing{State: jobs.StandingVoided}); err != nil {
		return err
	}
	_, err := r.db.Imported(ctx, run.ID)
	return err
}

// A planned rollback.
type planned struct{ ledger.Rollback }

// voids returns the passes that are to become void.
func (p planned) voids(new bool) []int64 {
	if !new {
		return nil
	}
	return p.New
}

func (c *rollbackCommand) summary(ctx context.Context, db *ledger.DB, of jobs.Run, plan planned) (sum rollbackSummary, err error) {
	sum = rollbackSummary{Of: of.ID, Back: len(plan.Back), Returned: len(plan.Missing), New: len(plan.New), Voided: c.VoidNew, Later: plan.Later}
	var devices ledger.IDSet
	for _, ids := range [][]int64{plan.Back, plan.Missing, plan.voids(c.VoidNew)} {
		if _, err := db.Holders(ctx, ids, &devices); err != nil {
			return sum, err
		}
	}
	sum.Devices = devices.Len()
	return sum, nil
}

// maxNamed is how many serial numbers a message names.
const maxNamed = 20

func (c *rollbackCommand) print(w io.Writer, s rollbackSummary, job string) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(s)
	}
	verb := choose(s.Back, "goes back", "go back")
	if c.DryRun {
		verb = "would go back"
	}
	fmt.Fprintf(w, "%s %s to what %s before run %d; %s\n", count(s.Back, "pass"), verb, choose(s.Back, "it was", "they were"), s.Of, hear(s.Devices, c.DryRun))
	if s.Returned > 0 {
		fmt.Fprintf(w, "%s valid again that had no row in run %d\n", count(s.Returned, "pass")+cmp.Or(map[bool]string{true: " would be"}[c.DryRun], choose(s.Returned, " is", " are")), s.Of)
	}
	if s.New > 0 {
		fate := "left: there is nothing before them; --void-new makes them void"
		if s.Voided {
			fate = "void"
		}
		fmt.Fprintf(w, "%s that the run made first %s %s\n", count(s.New, "pass"), choose(s.New, "is", "are"), fate)
	}
	if n := len(s.Later); n > 0 {
		named := strings.Join(s.Later[:min(n, maxNamed)], ", ")
		if n > maxNamed {
			named += ", …"
		}
		fmt.Fprintf(w, "%s changed again since and %s left alone: %s\n", count(n, "pass"), choose(n, "is", "are"), named)
	}
	if s.Run == 0 {
		return nil
	}
	if s.Files > 0 {
		fmt.Fprintf(w, "%s pressed again, as run %d\n", count(s.Files, "file")+choose(s.Files, " was", " were"), s.Run)
	}
	fmt.Fprintf(w, "the next run of job %q makes again what its source and template say: mend them first\n", job)
	return nil
}
