package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"passmill/jobs"
	"passmill/jobs/sheet"
)

// reportMemory is what the garbage of a report's making may take before it is
// collected. A copy of the largest workbook that is copied lives in less.
const reportMemory = 384 << 20

// newReport makes the report that --report asks for; nil if it does not.
func (c *checkCommand) newReport(w *work) (*sheet.Report, error) {
	if c.Report == "" {
		return nil, nil
	}
	o := sheet.ReportOptions{File: c.Report, Source: w.source, Job: w.job.Name, Serial: -1, Now: time.Now()}
	if w.job.Source.File != "" {
		o.SourceFile = w.path(w.job.Source.File)
	}
	letters := w.schema.Column(w.schema.Index(w.job.Serial))
	for i, column := range w.source.Columns() {
		if letters != "" && column.Ref == letters || letters == "" && jobs.FoldName(column.Name) == jobs.FoldName(w.job.Serial) {
			o.Serial = i
		}
	}
	return sheet.NewReport(o)
}

// writeReport writes the report and says where it is, and what it leaves out.
func writeReport(ctx context.Context, stderr io.Writer, r *sheet.Report, file string, count jobs.Count) error {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(reportMemory))
	remarks, err := r.Write(ctx, count)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "the report is in %s\n", file)
	for _, remark := range remarks {
		fmt.Fprintf(stderr, "    %s\n", remark)
	}
	return nil
}
