package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"passmill/jobs"
	"passmill/jobs/sheet"
	"passmill/templates"
)

type templateCommand struct {
	List   templateList   `cmd:"" help:"List the embedded starter templates."`
	New    templateNew    `cmd:"" help:"Copy a starter into a new folder."`
	Import templateImport `cmd:"" help:"Make a template of a pass that you have."`
	Lint   templateLint   `cmd:"" help:"Say everything that is wrong with a template."`
	Sheet  templateSheet  `cmd:"" help:"Write the empty workbook for a template."`
}

type templateList struct{}

// Run lists the starters.
func (templateList) Run(std streams) error {
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, s := range templates.Starters() {
		fmt.Fprintf(table, "%s\t%s\n", s.Name, s.Description)
	}
	return table.Flush()
}

type templateNew struct {
	Name string `arg:"" help:"Name of the starter."`
	Dir  string `arg:"" help:"The folder to make."`
}

// Run copies a starter.
func (c *templateNew) Run(std streams) error {
	if err := templates.Write(c.Name, c.Dir); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "made %q; change it, then run passmill template lint %q\n", c.Dir, c.Dir)
	return nil
}

type templateLint struct {
	Dir string `arg:"" help:"The template's folder, or the name of a starter."`
}

// Help is the end of the command's -h.
func (templateLint) Help() string {
	return "Exit status: 0 nothing that a phone would refuse, 3 something, 1 could not look."
}

// Run prints all findings.
func (c *templateLint) Run(std streams) error {
	t, err := templates.Open(c.Dir, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		return status{exitPartly, err}
	}
	refused := false
	findings := templates.Lint(t)
	for _, f := range findings {
		fmt.Fprintln(std.out, f)
		refused = refused || f.Severity == jobs.Refused
	}
	if refused {
		return status{code: exitPartly}
	}
	fmt.Fprintf(std.out, "%s: %d fields, %d images: a phone would take it\n", c.Dir, len(t.Fields), len(t.Images))
	return nil
}

type templateSheet struct {
	Dir  string `arg:"" help:"The template's folder, or the name of a starter."`
	File string `arg:"" optional:"" help:"The workbook to write (default: the template's name with .xlsx)."`
	Job  bool   `help:"Write a workbook that is a whole job: with the sheets Job, Passes and, if the template has lists of pass fields, Fields."`
}

// Run writes the empty workbook.
func (c *templateSheet) Run(std streams) (err error) {
	t, err := templates.Open(c.Dir, ".")
	if err != nil {
		return err
	}
	if c.File == "" {
		c.File = filepath.Base(c.Dir) + ".xlsx"
	}
	if !strings.EqualFold(filepath.Ext(c.File), ".xlsx") {
		return fmt.Errorf("write the empty workbook: %s: it is a workbook, so its name must end in .xlsx", c.File)
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write the empty workbook: %s: its folder does not exist; make it, or name another", c.File)
	case err != nil:
		return fmt.Errorf("write the empty workbook: %w; name another file behind the template, or remove this one", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(c.File) // what is not whole
		}
	}()
	if c.Job {
		return c.writeJob(f, std, t)
	}
	if err := sheet.WriteEmpty(f, t.Name, t.Fields); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "wrote %s: a column for each of %d fields\n", c.File, len(t.Fields))
	return nil
}
