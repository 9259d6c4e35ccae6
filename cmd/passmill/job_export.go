package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/templates"
)

type jobExport struct {
	Name string `arg:"" help:"The job's name."`
	Dir  string `placeholder:"DIR" help:"Write the job file and the template's folder there."`
}

// Help is the end of the command's -h.
func (jobExport) Help() string {
	return "In the folder, passmill make runs the job with the very same template: passes that were made stay as they are. Its paths lead to the same source, certificate and output as before. Exit status: 0 done, 1 not done."
}

// Run prints the job, or writes it with its template.
func (c *jobExport) Run(ctx context.Context, std streams, all *commands) (err error) {
	space, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	stored, err := lookUp(ctx, db, c.Name)
	if err != nil {
		return err
	}
	if c.Dir == "" {
		_, err := std.out.Write(stored.Definition)
		return err
	}
	def, err := restore(ctx, db, space, stored)
	if err != nil {
		return err
	}
	name, err := c.write(def)
	if err != nil {
		return fmt.Errorf("export job %q: %w", c.Name, err)
	}
	fmt.Fprintf(std.out, "wrote %q; run it with: passmill make %q\n", name, name)
	return nil
}

// write writes job file and template into a new or empty folder.
func (c *jobExport) write(def definition) (name string, err error) {
	if entries, err := os.ReadDir(c.Dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("folder %s: %w and is not empty; choose another", c.Dir, fs.ErrExist)
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return "", err
	}
	from, err := filepath.Abs(def.dir)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(c.Dir)
	if err != nil {
		return "", err
	}
	if def.job.Images.Dir == "" && def.job.Source.File == "" && hasImages(def.template) {
		def.job.Images.Dir = "." // which is meant, and where it will no longer be
	}
	def.job.Rebase(from, to)
	if def.template != nil {
		folder := path.Base(filepath.ToSlash(def.job.Template))
		if folder = fileName(folder); folder == "" {
			folder = "template"
		}
		def.job.Template = folder
		if err := writeFiles(filepath.Join(c.Dir, folder), def.template.Files); err != nil {
			return "", err
		}
	}
	base := fileName(def.job.Name)
	if base == "" {
		base = "job"
	}
	name = filepath.Join(c.Dir, base+".yaml")
	return name, os.WriteFile(name, def.job.Text(), 0o644)
}

// hasImages reports whether rows may bring images; those of a template that only
// a run finds may.
func hasImages(t *templates.Template) bool {
	return t == nil || slices.ContainsFunc(t.Fields, func(f jobs.Field) bool { return f.Type == jobs.TypeImage })
}

var unfit = regexp.MustCompile(`[^\p{L}\p{N}._ -]+`)

// fileName returns a name that every system takes as that of a file, near to the
// given one; empty if nothing is left of it.
func fileName(name string) string { return strings.Trim(unfit.ReplaceAllString(name, "-"), ". -") }

// writeFiles writes files by their paths into a folder, and nowhere else.
func writeFiles(dir string, files map[string][]byte) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for name, data := range files {
		name = filepath.FromSlash(name)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
