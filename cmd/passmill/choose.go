package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// choiceOptions choose passes that the ledger has.
type choiceOptions struct {
	Serials     []string `arg:"" optional:"" name:"serial" help:"Serial numbers of passes."`
	Where       string   `placeholder:"CONDITION" help:"Those whose rows fulfil a condition over their fields: \"Tier = 'Gold' and Points >= 1000\"; in ('A', 'B'), not, or, parentheses; texts in single quotes, days as 2026-12-31, true, false."`
	Job         string   `placeholder:"JOB" help:"Passes of this job only: its file, or its name in the ledger. Needed with --where if the ledger has several."`
	Type        string   `placeholder:"PASS.TYPE" help:"Passes of this pass type only."`
	SkipUnknown bool     `help:"Pass over serial numbers that no pass has."`
}

// A chosenPass is a pass that a command is about.
type chosenPass struct {
	id       int64
	job      string
	standing jobs.Standing
}

// A choice is what a command is about.
type choice struct {
	passes  []chosenPass
	jobs    []string // of the passes
	unknown []string // serial numbers without a pass
}

func (c choice) ids() []int64 { return c.idsOf("") }

// idsOf returns the passes of a job, or of all.
func (c choice) idsOf(job string) []int64 {
	ids := make([]int64, 0, len(c.passes))
	for _, p := range c.passes {
		if job == "" || p.job == job {
			ids = append(ids, p.id)
		}
	}
	return ids
}

// open opens the ledger that holds the passes, and turns --job into a name.
func (o *choiceOptions) open(ctx context.Context, database string) (*restater, error) {
	switch {
	case len(o.Serials) == 0 && o.Where == "":
		return nil, status{exitUsage, errors.New("name serial numbers, or choose passes by --where")}
	case len(o.Serials) > 0 && o.Where != "":
		return nil, status{exitUsage, errors.New("name serial numbers or choose by --where, not both")}
	}
	space, err := workspaceOf(ctx, &o.Job, database)
	if err != nil {
		return nil, err
	}
	return openRestater(ctx, space)
}

// workspaceOf returns the workspace with the passes of a job, of which nothing else need
// be left, and turns the name of its file into its own.
func workspaceOf(ctx context.Context, job *string, database string) (workspace, error) {
	if !namesFile(*job) {
		return findWorkspace(".", database)
	}
	def, err := findJob(ctx, *job, database)
	if err != nil {
		return workspace{}, err
	}
	if err := def.close(); err != nil {
		return workspace{}, err
	}
	*job = def.job.Name
	return def.workspace(database)
}

// choose finds the passes.
func (o *choiceOptions) choose(ctx context.Context, c *restater) (choice, error) {
	known, err := c.db.JobsWithPasses(ctx)
	if err != nil {
		return choice{}, err
	}
	if o.Job != "" && !slices.Contains(known, o.Job) {
		return choice{}, fmt.Errorf("the ledger has no passes of job %q; it has those of %s", o.Job, orNone(known))
	}
	if o.Where == "" {
		return o.bySerial(ctx, c.db)
	}
	if o.Job == "" && len(known) > 1 {
		return choice{}, fmt.Errorf("the ledger has passes of several jobs, whose rows have different fields; add --job with one of %s", strings.Join(known, ", "))
	}
	return o.byCondition(ctx, c.db)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// bySerial finds the passes that were named. Nothing is to be done unless all are
// known, and each means one pass.
func (o *choiceOptions) bySerial(ctx context.Context, db *ledger.DB) (chosen choice, err error) {
	serials := slices.Clone(o.Serials)
	slices.Sort(serials)
	serials = slices.Compact(serials)
	rows, err := db.PassesBySerial(ctx, serials, o.Job, o.Type)
	if err != nil {
		return choice{}, err
	}
	types := map[string][]string{}
	for _, p := range rows {
		chosen.add(p)
		types[p.Serial] = append(types[p.Serial], p.TypeID)
	}
	for _, s := range serials {
		switch {
		case len(types[s]) == 0:
			chosen.unknown = append(chosen.unknown, visible(s))
		case len(types[s]) > 1:
			err = errors.Join(err, fmt.Errorf("serial number %s is that of passes of several types; add --type with one of %s", visible(s), strings.Join(types[s], ", ")))
		}
	}
	if len(chosen.unknown) > 0 && !o.SkipUnknown {
		err = errors.Join(err, fmt.Errorf("no pass has the serial number %s; nothing was changed; --skip-unknown passes over them, and a job is named with --job", strings.Join(chosen.unknown, ", nor ")))
	}
	chosen.jobs = sortedJobs(chosen.passes)
	return chosen, err
}

func (c *choice) add(p ledger.PassRow) {
	c.passes = append(c.passes, chosenPass{p.ID, p.Job, p.Standing})
}

// byCondition finds the passes whose rows fulfil the condition.
func (o *choiceOptions) byCondition(ctx context.Context, db *ledger.DB) (chosen choice, err error) {
	condition, err := jobs.ParseCondition(o.Where)
	if err != nil {
		return choice{}, status{exitUsage, fmt.Errorf("--where: %w", err)}
	}
	fields := map[string]string{} // that any row has, by folded name
	for after := int64(0); ; {
		page, err := db.PassesOf(ctx, o.Job, o.Type, after, 500)
		if err != nil {
			return choice{}, err
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].ID
		for _, p := range page {
			holds, err := condition.Holds(p.Values)
			if err != nil {
				return choice{}, fmt.Errorf("--where: %w", err)
			}
			if holds {
				chosen.add(p)
			}
			if err := noteFields(fields, p.Values); err != nil {
				return choice{}, err
			}
		}
	}
	for _, name := range condition.Fields() {
		if _, ok := fields[name]; !ok && len(fields) > 0 {
			return choice{}, fmt.Errorf("--where: no row of the passes has a value for the field %q; they have %s (the ledger keeps what the template uses)", name, fieldNames(fields))
		}
	}
	chosen.jobs = sortedJobs(chosen.passes)
	return chosen, nil
}

// noteFields notes the fields that a row has values for.
func noteFields(fields map[string]string, data []byte) error {
	for v, err := range jobs.NamedValues(data) {
		if err != nil {
			return err
		}
		if _, ok := fields[v.Name]; !ok { // most rows have the same
			fields[jobs.FoldName(v.Name)] = v.Name
			fields[v.Name] = v.Name
		}
	}
	return nil
}

func fieldNames(fields map[string]string) string {
	names := make([]string, 0, len(fields))
	for _, name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
