package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"passmill/jobs"
	"passmill/jobs/sheet"
	"passmill/templates"
)

// A definition is a job, wherever it was found. It is closed after use.
type definition struct {
	job  *jobs.Job
	dir  string // that the job's paths are relative to
	file string // the job's file; empty if the ledger holds it

	book     *sheet.Book         // the workbook that the job stands in
	space    *workspace          // whose ledger holds the job
	template *templates.Template // the version that the ledger holds with the job
}

// findJob finds the job that a user names: a file, or else a job that the ledger
// holds.
func findJob(ctx context.Context, name, database string) (definition, error) {
	if info, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		if err != nil && namesFile(name) {
			return definition{}, fmt.Errorf("there is no file %q; name a job file, a workbook with a sheet Job, or a job of the ledger", name)
		}
		return storedJob(ctx, name, database)
	}
	return fileJob(ctx, name)
}

// namesFile reports whether a name is that of a job file, as far as can be told.
func namesFile(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".xlsx", ".xlsm", ".ods":
		return true
	}
	return false
}

// fileJob reads the job in a file: YAML, or a workbook with a sheet Job. What a
// file is, its content says.
func fileJob(ctx context.Context, name string) (definition, error) {
	workbook, err := sheet.IsWorkbook(name)
	if err != nil {
		return definition{}, err
	}
	if workbook {
		return bookJob(ctx, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return definition{}, err
	}
	job, err := jobs.ParseJob(text, name)
	if err != nil {
		return definition{}, notRows(name, err)
	}
	return definition{job: job, dir: filepath.Dir(name), file: name}, nil
}

// notRows adds what to do to the error of a file that seems to hold rows.
func notRows(name string, err error) error {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv", ".txt":
		return fmt.Errorf("%w\nrows alone are no job: write a job file, such as members.yaml, that names %s under source: {file: …}", err, filepath.Base(name))
	}
	return err
}

// bookJob reads the job that stands in a workbook.
func bookJob(ctx context.Context, name string) (def definition, err error) {
	book, err := sheet.OpenBook(ctx, sheet.Options{File: name, Limits: sheet.Wide()})
	if err != nil {
		return def, err
	}
	def = definition{dir: filepath.Dir(name), file: name, book: book}
	settings, at, ok, err := book.Settings(ctx)
	if err == nil && !ok {
		err = noJobSheet(name)
	}
	if err == nil {
		def.job, err = jobs.ParseSettings(settings, def.preset, at)
	}
	if err != nil {
		return definition{}, errors.Join(err, book.Close())
	}
	return def, nil
}

func noJobSheet(name string) error {
	base := filepath.Base(name)
	return fmt.Errorf("%s has no sheet called %s, so it holds rows, but no job\n"+
		"either add a sheet with that name, keys in column A and values in column B: template, serial, certificate.p12, output.dir (passmill template sheet --job writes an example)\n"+
		"or write a job file, such as %s.yaml, that names the workbook under source: {file: %s}", base, sheet.JobSheet, strings.TrimSuffix(base, filepath.Ext(base)), base)
}

// preset fills in what a job in a workbook need not say: it is called as the file
// is, its rows stand beside it, and its passes go into the folder out, unless
// they have links.
func (d definition) preset(j *jobs.Job) {
	base := filepath.Base(d.file)
	if j.Name == "" {
		j.Name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	if j.Output.Dir == "" && j.Links == (jobs.LinksSpec{}) {
		j.Output.Dir = "out"
	}
	s := &j.Source
	if s.File == "" && s.Kind == "" && s.Query+s.Database+s.DatabaseEnv == "" {
		s.File = base
	}
	if s.File == base && s.Sheet == "" {
		var ok bool
		if s.Sheet, ok = d.book.Visible(sheet.JobSheet, sheet.FieldsSheet); !ok {
			s.Sheet = sheet.PassesSheet // which is missed when it is opened
		}
		if name, ok := d.book.Sheet(sheet.PassesSheet); ok {
			s.Sheet = name
		}
	}
	if s.File == base && s.Fields == "" {
		s.Fields, _ = d.book.Sheet(sheet.FieldsSheet)
	}
}

// path returns where a file of the job lies.
func (d definition) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.dir, filepath.FromSlash(name))
}

// workspace returns the workspace of the job: that whose ledger holds it, or that
// in which its file lies.
func (d definition) workspace(database string) (workspace, error) {
	if d.space != nil {
		return *d.space, nil
	}
	return findWorkspace(d.dir, database)
}

// close releases the workbook.
func (d definition) close() error {
	if d.book == nil {
		return nil
	}
	return d.book.Close()
}
