package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"passmill/jobs"
	"passmill/jobs/picture"
	"passmill/jobs/sheet"
	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/templates"
)

// Work is a job with everything that it names opened, checked and joined.
type work struct {
	definition
	template *templates.Template
	named    string         // the ledger that was named on the command line
	identity *sign.Identity // nil if it was not asked for
	chosen   keyring.Chosen // where it is from, if that is the registry
	source   rowSource
	filler   *filler
	schema   *jobs.Schema
	contacts int // how many of the schema's fields, the last ones, only mails need
	names    *jobs.Pattern
	service  string           // where phones ask for updates of the passes; empty for passes without
	masters  *keyring.Masters // that tokens come from; nil if none is needed
	rows     *sheet.Book      // the workbook with the rows, if it is not that of the job
	album    *picture.Album   // nil if rows bring no images
	temp     string           // our own folder for what does not fit into memory
}

// A rowSource is a source of rows with what a command tells of it.
type rowSource interface {
	jobs.Source
	// Notes returns what is odd about the source as a whole.
	Notes() []jobs.Problem
	// AtMost returns a number of rows that Rows does not exceed, near enough
	// to plan by; 0 if nothing is known before they are read.
	AtMost() int
	// Hash is equal for sources with equal rows, and another one each time
	// where that can't be known before they are read.
	Hash() jobs.Hash
	Close() error
}

// openJob finds a job and opens what it names.
func openJob(ctx context.Context, name, database string, signing bool) (*work, error) {
	def, err := findJob(ctx, name, database)
	if err != nil {
		return nil, err
	}
	return openWork(ctx, def, database, signing)
}

// openWork opens what a job names, and takes over its definition. Everything that
// is wrong is reported at once, as far as one thing can be looked at without the
// other.
func openWork(ctx context.Context, def definition, database string, signing bool) (*work, error) {
	job := def.job
	w := &work{definition: def, named: database}
	w.names, _ = jobs.ParsePattern(job.Output.Name) // ParseJob has checked it
	var errs []error
	sourceErr := w.openSource(ctx)
	var templateErr error
	if job.Template != "" || sourceErr == nil { // the classic tables name one
		templateErr = w.loadTemplate()
	}
	if signing { // after the template, which may name the pass type
		errs = append(errs, w.loadIdentity(ctx, time.Now()))
	}
	errs = append(errs, w.loadService(ctx, signing), templateErr, sourceErr)
	if templateErr == nil && sourceErr == nil {
		if err := w.join(ctx); err != nil {
			errs = append(errs, err)
			for _, note := range w.source.Notes() { // one of them may be the reason
				errs = append(errs, errors.New(note.String()))
			}
		}
		if w.filler != nil {
			errs = append(errs, w.checkType(), w.checkKeys(), w.checkMissing(), w.openAlbum())
		}
		if signing && w.filler != nil {
			errs = append(errs, w.filler.refused())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(fmt.Errorf("job %q can't start", job.Name), err, w.close())
	}
	return w, nil
}

// place says where the names of the columns were looked for.
func (w *work) place() string {
	if w.job.Source.Kind != jobs.SourceFile {
		return "the columns that the database gives"
	}
	return fmt.Sprintf("the names of the columns in row %d of %s (header: under source names another row)", w.job.Source.Header, w.job.Source.File)
}

func (w *work) close() error {
	var err error
	if w.source != nil {
		err = w.source.Close()
	}
	if w.rows != nil {
		err = errors.Join(err, w.rows.Close())
	}
	err = errors.Join(err, w.definition.close())
	err = errors.Join(err, w.closeAlbum())
	if w.temp != "" {
		err = errors.Join(err, os.RemoveAll(w.temp))
	}
	return err
}

func (w *work) loadTemplate() (err error) {
	if w.template = w.definition.template; w.template == nil {
		w.template, err = templates.Open(w.job.Template, w.dir)
	}
	if err != nil {
		return err
	}
	if from := w.template.ActiveFrom; from.After(time.Now()) {
		return fmt.Errorf("template %s comes into force on %s; use another until then, or change its activeFrom", w.job.Template, from.Format("2 January 2006 15:04 MST"))
	}
	return nil
}

func (w *work) openSource(ctx context.Context) (err error) {
	switch w.job.Source.Kind {
	case jobs.SourceFile:
		w.source, err = w.openSheet(ctx)
	case jobs.SourceQuery:
		w.source, err = w.openQuery(ctx)
	case jobs.SourceTables:
		w.source, err = w.openTables(ctx)
	}
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	return nil
}

func (w *work) openSheet(ctx context.Context) (rowSource, error) {
	s := w.job.Source
	hidden := sheet.SkipHidden
	if s.Hidden == "keep" {
		hidden = sheet.KeepHidden
	}
	o := sheet.Options{File: w.path(s.File), Sheet: s.Sheet, Header: s.Header, Hidden: hidden, Limits: sheet.Wide()}
	book, err := w.bookOf(ctx, o)
	if err != nil {
		return nil, err
	}
	var source *sheet.Source
	if book != nil {
		source, err = book.Source(ctx, o)
	} else {
		source, err = sheet.Open(ctx, o)
	}
	if err != nil {
		return nil, err // not a *sheet.Source that is nil
	}
	return source, nil
}

// join compiles the template for the certificate and matches its fields to the
// source's columns.
func (w *work) join(ctx context.Context) (err error) {
	if w.filler, err = newFiller(w.template, w.identity, w.service); err != nil {
		return err
	}
	fields := w.fields()
	if err := w.joinFields(ctx, fields); err != nil {
		return err
	}
	contacts, err := w.contactFields(fields)
	if err != nil {
		return err
	}
	fields, w.contacts = append(fields, contacts...), len(contacts)
	if w.schema, err = jobs.NewSchema(fields, w.source.Columns(), w.job.Map); err != nil {
		return fmt.Errorf("%s:\n%w", w.place(), err)
	}
	w.filler.join(fields)
	if w.masters != nil && w.identity != nil {
		w.filler.token = func(serial string) (string, error) {
			return w.masters.Token(w.masters.Newest(), w.identity.TypeID(), serial)
		}
	}
	return w.keyOf()
}

// fields returns the fields that rows have to give: those that the template
// uses, the serial number's, and the one that makes bundles. The last two are
// looked for among the declared ones, and else are text.
func (w *work) fields() []jobs.Field {
	fields := w.filler.fields()
	add := func(name string, field jobs.Field) jobs.Field {
		for _, f := range slices.Concat(fields, w.template.Fields) {
			if jobs.FoldName(f.Name) == jobs.FoldName(name) {
				field = f
				break
			}
		}
		return field
	}
	serial := add(w.job.Serial, jobs.Field{Name: w.job.Serial})
	serial.Optional, serial.Default = false, "" // there is no pass without a serial number
	fields = replace(fields, serial)
	if w.job.Output.Bundle != "" {
		fields = replace(fields, add(w.job.Output.Bundle, jobs.Field{Name: w.job.Output.Bundle, Optional: true}))
	}
	return fields
}

// replace puts a field in the place of the one with its name, or at the end.
func replace(fields []jobs.Field, f jobs.Field) []jobs.Field {
	i := slices.IndexFunc(fields, func(g jobs.Field) bool { return jobs.FoldName(g.Name) == jobs.FoldName(f.Name) })
	if i < 0 {
		return append(fields, f)
	}
	fields[i] = f
	return fields
}

// target says whose passes the work makes.
func (w *work) target(sink string) jobs.Target {
	t := jobs.Target{Job: w.job.Name, Template: w.template.Version, Sink: sink}
	if w.identity != nil {
		t.TypeID, t.TeamID = w.identity.TypeID(), w.identity.TeamID()
	}
	if w.masters != nil {
		t.Service, t.Token = w.service, w.masters.Newest()
	}
	return t
}

// importer returns the importer of the work's rows, without a ledger.
func (w *work) importer(target jobs.Target) *jobs.Importer {
	bundle := -1
	if w.job.Output.Bundle != "" {
		bundle = w.schema.Index(w.job.Output.Bundle)
	}
	names := w.names
	if w.job.Planned() {
		names = nil
	}
	return &jobs.Importer{
		Target: target, Source: w.source, Schema: w.schema,
		Serial: w.schema.Index(w.job.Serial), Bundle: bundle, Contacts: w.contacts, Names: names,
		Folder:    w.source.AtMost() > jobs.FolderThreshold,
		Preflight: w.filler.preflight, Images: w.images(),
	}
}

// key returns what must be the same for an interrupted run to be resumed.
func (w *work) key(o rowOptions, force bool, canary jobs.Share, target jobs.Target) jobs.RunKey {
	job := *w.job
	job.Schedule, job.Notify = jobs.ScheduleSpec{}, jobs.NotifySpec{} // they don't decide what is made
	settings := fmt.Appendf(nil, "%+v %+v %v %v %+v", job, o, force, canary, target)
	if w.job.Source.Kind != jobs.SourceFile { // a variable may name another database than before
		settings = fmt.Append(settings, w.databaseName())
	}
	sum := sha256.Sum256(settings)
	return jobs.RunKey{Job: w.job.Name, Source: w.source.Hash(), Template: w.template.Version, Sink: target.Sink, Settings: jobs.Hash(sum[:16])}
}
