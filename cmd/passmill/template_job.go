package main

import (
	"fmt"
	"io"
	"path/filepath"

	"passmill/jobs"
	"passmill/jobs/sheet"
	"passmill/templates"
)

// writeJob writes the workbook that is a whole job.
func (c *templateSheet) writeJob(w io.Writer, std streams, t *templates.Template) error {
	serial, fields := t.SerialField(), t.Fields
	if serial == "" {
		serial = "SerialNumber"
		fields = append([]jobs.Field{{Name: serial}}, fields...)
	}
	lines := []sheet.Line{
		{Key: "template", Value: c.fromWorkbook(), Note: "the template's folder, seen from this workbook, or the name of a starter"},
		{Key: "serial", Value: serial, Note: "the column that is the serial number of the pass: another one in each row"},
		{Key: "certificate.p12", Value: "cert.p12", Note: "the Pass Type ID certificate with its key; without certificate.p12 and a password, the one that passmill cert import took in"},
		{Key: "certificate.passwordEnv", Value: "PASS_PASSWORD", Note: "the environment variable that holds its password; or name a file with it under certificate.passwordFile"},
		{Key: "output.dir", Value: "out", Note: "the folder for the passes"},
		{Key: "output.name", Note: "how the files are called; without a value {serial}.pkpass"},
		{Key: "output.bundle", Note: "a column: passes with the same value also go into one .pkpasses file"},
		{Key: "onError", Value: "skip", Note: "what becomes of bad rows: skip leaves them out, stop makes nothing, 1% makes nothing if more are bad"},
		{Key: "name", Note: "the name of the job; without a value that of this file"},
	}
	if err := sheet.WriteJob(w, lines, fields); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "wrote %s: a job with its rows; fill it in, then run passmill check %q\n", c.File, c.File)
	return nil
}

// fromWorkbook returns the template as the workbook names it.
func (c *templateSheet) fromWorkbook() string {
	if !exists(c.Dir) || filepath.IsAbs(c.Dir) {
		return c.Dir
	}
	rel, err := filepath.Rel(filepath.Dir(c.File), c.Dir)
	if err != nil {
		return c.Dir
	}
	return filepath.ToSlash(rel)
}
