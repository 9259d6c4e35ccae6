package sheet

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
)

// ReportOptions say what a report is about and where it goes.
type ReportOptions struct {
	// File is the workbook to write. It must end in .xlsx.
	File string
	// Source is where the rows come from that the problems are about. Any
	// source will do; of a workbook that was opened here, the report is a copy.
	Source jobs.Source
	// SourceFile is the path of the source's file, which is never
	// overwritten; empty if the source is none.
	SourceFile string
	// Job is the name of the job, for the title.
	Job string
	// Serial is the index of the source's column with the serial number: a
	// problem of a whole row is shown there. -1 if there is none.
	Serial int
	// Now is when the rows were checked.
	Now time.Time
	// Limits bound the report. A zero member takes the value of
	// [DefaultReportLimits].
	Limits ReportLimits
	// TempDir is a folder for what does not fit into memory, as in [Options].
	TempDir string
}

// A Report gathers the problems of a check and writes them into a workbook: a
// first sheet that sums up, and the rows as the user knows them, with cells in
// the colour of what is wrong and a note on each. It is not safe for concurrent
// use.
//
// What it gathers is put aside on the disk, so that memory does not grow with
// the problems; only where each one lies is kept, 24 bytes for each.
type Report struct {
	options ReportOptions
	columns []jobs.Column
	fields  *Joined // which has the sheet with fields of passes; nil if there is none
	dir     *folder
	spool   *spool
	marks   []mark
	kinds   map[kind]*tally
	listed  int
	total   int
	refused int // of the job as a whole, not of a row
	err     error
}

// A kind is what problems are counted by.
type kind struct {
	code     string
	severity jobs.Severity
}

// A tally counts the problems of a kind.
type tally struct {
	kind
	count   int
	example string
}

// A mark leads from a cell to a problem about it.
type mark struct {
	place  uint64 // the row, as placeOf has it
	at     int64  // where the problem lies in the spool
	row    int32  // its number in the source; 0 if it has none
	column int16  // index of the source's column; of a sheet with fields, the column's number
	rank   uint8  // of the severity: 0 is the worst
	fields bool   // it is on the sheet with fields of passes
}

// NewReport checks that the report may be written to its file, before anybody
// waits for rows: never over the source, and over an existing file only if that
// is a report too. The caller closes the Report.
func NewReport(o ReportOptions) (*Report, error) {
	if err := mayWrite(o.File, o.SourceFile); err != nil {
		return nil, err
	}
	o.Limits = o.Limits.filled()
	dir := &folder{path: o.TempDir}
	fields, _ := o.Source.(*Joined)
	return &Report{options: o, columns: o.Source.Columns(), fields: fields, dir: dir, spool: newSpool(dir), kinds: map[kind]*tally{}}, nil
}

// Add takes in a problem. Problems are listed in the order of their adding.
func (r *Report) Add(p jobs.Problem) {
	r.count(p)
	if r.listed == r.options.Limits.Listed || r.err != nil {
		return
	}
	r.listed++
	at := r.spool.size
	if r.ofFields(p.Origin) {
		r.markFields(p, at)
	} else if place, ok := placeOf(p.Origin); ok {
		r.marks = append(r.marks, mark{place, at, int32(p.Origin.Row), int16(r.column(p)), uint8(rank(p.Severity)), false})
	} else if column := r.column(p); p.Origin.Column != "" && column >= 0 { // about the column itself
		r.marks = append(r.marks, mark{headerPlace, at, int32(r.headerRow()), int16(column), uint8(rank(p.Severity)), false})
	}
	data, err := json.Marshal(p)
	if err == nil {
		_, err = r.spool.Write(append(binary.AppendUvarint(nil, uint64(len(data))), data...))
	}
	r.err = err
}

func (r *Report) count(p jobs.Problem) {
	r.total++
	if p.Severity == jobs.Refused && p.Origin.Row == 0 && !r.ofFields(p.Origin) {
		r.refused++
	}
	k := kind{p.Code, p.Severity}
	t := r.kinds[k]
	if t == nil {
		t = &tally{kind: k, example: p.Message}
		r.kinds[k] = t
	}
	t.count++
}

// column returns the index of the column that a problem is about: by its
// letters, where the source has such, else by the field's name. What has no
// column of its own is shown at the serial number.
func (r *Report) column(p jobs.Problem) int {
	i := slices.IndexFunc(r.columns, func(c jobs.Column) bool {
		if p.Origin.Column != "" {
			return c.Ref == p.Origin.Column
		}
		return p.Field != "" && jobs.FoldName(c.Name) == jobs.FoldName(p.Field)
	})
	if i < 0 {
		i = r.options.Serial
	}
	return min(max(i, 0), len(r.columns)-1)
}

// headerRow returns the number of the row with the names of the columns.
func (r *Report) headerRow() int {
	if s := r.source(); s != nil {
		return s.options.Header
	}
	return 1
}

// source returns the sheet or CSV file that the rows stand in; nil if they come
// from elsewhere.
func (r *Report) source() *Source {
	switch s := r.options.Source.(type) {
	case *Source:
		return s
	case *Joined:
		return s.Source
	}
	return nil
}

// Write writes the report and returns what was left out or is not as it could
// be, in sentences that the report holds too. count is what the check has
// counted.
func (r *Report) Write(ctx context.Context, count jobs.Count) ([]string, error) {
	err := errors.Join(r.err, r.spool.flush())
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var remarks []string
	err = replace(r.options.File, func(out *os.File) (err error) {
		remarks, err = r.write(ctx, out, count)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", r.options.File, err)
	}
	return remarks, nil
}

// Close removes what was put aside.
func (r *Report) Close() error { return errors.Join(r.spool.Close(), r.dir.close()) }

// sorted returns the kinds, the most frequent first.
func (r *Report) sorted() []*tally {
	var list []*tally
	for _, t := range r.kinds {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *tally) int {
		if a.count != b.count {
			return b.count - a.count
		}
		if d := rank(a.severity) - rank(b.severity); d != 0 {
			return d
		}
		return strings.Compare(a.code, b.code)
	})
	return list
}
