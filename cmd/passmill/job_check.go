package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/templates"
)

// checkDefinition validates everything of a job that can be without a run, and
// returns what the ledger is to hold of it; def then has its template. What is not
// at hand is not looked at, and that is said.
func checkDefinition(ctx context.Context, std streams, def *definition, database string) (ledger.Job, error) {
	stored := ledger.Job{Name: def.job.Name, Definition: def.job.Text(), File: filepath.Base(def.file)}
	if err := unreadable(stored); err != nil {
		return stored, errors.Join(err, def.close())
	}
	w, err := lookAt(ctx, std, *def, database)
	if err != nil {
		return stored, err
	}
	defer w.close()
	if lacking := w.lacksCertificate(); lacking != "" {
		fmt.Fprintf(std.err, "the certificate was not looked at: %s\n", lacking)
	} else if err := w.loadIdentity(ctx, time.Now()); err != nil {
		return stored, err
	}
	if w.filler != nil {
		if err := w.filler.refused(); err != nil {
			return stored, err
		}
	}
	if w.template != nil {
		def.template, stored.Template = w.template, w.template.Version
	}
	return stored, nil
}

// unreadable fails if a definition is not read back as it was written: nothing is
// kept that could not be run.
func unreadable(stored ledger.Job) error {
	again, err := jobs.ParseJob(stored.Definition, stored.Name)
	if err == nil && !bytes.Equal(again.Text(), stored.Definition) {
		err = errors.New("it would be read back as another job")
	}
	if err != nil {
		return fmt.Errorf("keep job %q: %w", stored.Name, err)
	}
	return nil
}

// lookAt opens what the job names: all of it, or the template alone if the source
// is not at hand.
func lookAt(ctx context.Context, std streams, def definition, database string) (*work, error) {
	lacking := lacksSource(def)
	if lacking == "" {
		return openWork(ctx, def, database, false)
	}
	w := &work{definition: def, named: database}
	fmt.Fprintf(std.err, "the source was not looked at: %s\n", lacking)
	if def.job.Template == "" {
		return w, nil
	}
	err := w.loadTemplate()
	if err == nil {
		w.filler, err = newFiller(w.template, nil, "")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("job %q can't be added", def.job.Name), err, w.close())
	}
	return w, nil
}

// lacksSource says why the source is not looked at; "" if it is at hand.
func lacksSource(def definition) string {
	s := def.job.Source
	file := s.File
	if s.Kind == jobs.SourceQuery && s.Database != "" && !isURL(s.Database) {
		file = s.Database
	}
	switch {
	case file == "":
		return "it is a database, which only a run asks"
	case !exists(def.path(file)):
		return fmt.Sprintf("there is no file %q here", def.path(file))
	}
	return ""
}

// templateNow says what has become of the folder of a job's template since the job
// was added.
func templateNow(l jobLine, stored ledger.Job) string {
	t, err := templates.Open(l.Template, l.Folder)
	switch {
	case err != nil:
		return "the folder is gone or damaged now, and is not needed"
	case t.Version != stored.Template:
		return "the folder differs now; passmill job add takes it in"
	}
	return "the folder is the same"
}

// fileNow says what has become of the file that a job was taken from.
func fileNow(ctx context.Context, l jobLine, stored ledger.Job) string {
	name := filepath.Join(l.Folder, stored.File)
	if !exists(name) {
		return "the file is gone now, and is not needed"
	}
	def, err := fileJob(ctx, name)
	if err != nil {
		return "the file can't be read as a job now"
	}
	defer def.close()
	if !bytes.Equal(def.job.Text(), stored.Definition) {
		return "the file says something else now; passmill job add takes it in"
	}
	return "the file says the same"
}
