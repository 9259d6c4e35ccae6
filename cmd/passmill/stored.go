package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/templates"
)

// storedJob reads the job of that name from the ledger of the workspace around the
// current folder. It runs with the version of the template that was added with
// it, whatever has become of the folder.
func storedJob(ctx context.Context, name, database string) (def definition, err error) {
	space, err := findWorkspace(".", database)
	if err != nil {
		return def, err
	}
	if !space.hasLedger() {
		return def, fmt.Errorf("there is no file %q, and no ledger here that could hold a job of that name; name a job file, or a workbook with a sheet Job", name)
	}
	db, err := space.open(ctx)
	if err != nil {
		return def, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	stored, err := lookUp(ctx, db, name)
	if errors.Is(err, jobs.ErrNotFound) {
		return def, fmt.Errorf("there is no file %q, and %w", name, err)
	}
	if err != nil {
		return def, err
	}
	return restore(ctx, db, space, stored)
}

// lookUp returns a job of the ledger; the error of one that is not there lists
// those that are.
func lookUp(ctx context.Context, db *ledger.DB, name string) (ledger.Job, error) {
	job, err := db.Job(ctx, name)
	if !errors.Is(err, jobs.ErrNotFound) {
		return job, err
	}
	list, err := db.Jobs(ctx)
	if err != nil {
		return job, err
	}
	var names, quoted []string
	for _, j := range list {
		names, quoted = append(names, j.Name), append(quoted, fmt.Sprintf("%q", j.Name))
	}
	hint := "; passmill job add FILE puts one there"
	if len(names) > 0 {
		hint = "; it holds " + strings.Join(quoted, ", ")
	}
	if near := jobs.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return job, missingJob{fmt.Sprintf("the ledger holds no job %q%s", name, hint)}
}

// A missingJob is [jobs.ErrNotFound] in words of its own.
type missingJob struct{ message string }

func (e missingJob) Error() string        { return e.message }
func (e missingJob) Is(target error) bool { return target == jobs.ErrNotFound }

// restore makes a definition of what the ledger holds.
func restore(ctx context.Context, db *ledger.DB, space workspace, stored ledger.Job) (def definition, err error) {
	def = definition{space: &space, dir: space.folder(stored.Dir)}
	if def.job, err = jobs.ParseJob(stored.Definition, fmt.Sprintf("job %q in the ledger", stored.Name)); err != nil {
		return def, fmt.Errorf("%w\nanother version of passmill has added it; add it again with this one", err)
	}
	if stored.Template == (jobs.Hash{}) {
		return def, nil
	}
	name, files, err := db.TemplateFiles(ctx, stored.Template)
	if err != nil {
		return def, err
	}
	if def.template, err = templates.Restore(files, name); err != nil {
		return def, fmt.Errorf("template %s in the ledger:\n%w", name, err)
	}
	return def, nil
}
