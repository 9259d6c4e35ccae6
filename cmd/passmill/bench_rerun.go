package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/dir"
	"passmill/sign/signtest"
)

// A rerunResult is what it costs to run a job again when nothing has changed.
type rerunResult struct {
	Kind  string `json:"kind"`
	Rows  int    `json:"rows"`
	Rate  series `json:"rows_per_second"`
	Bare  series `json:"excelize_rows_per_second,omitempty"` // workbooks: excelize's own loop over the same file
	Ratio series `json:"times_excelize,omitempty"`           // how many times as long as that loop
}

func (r rerunResult) print(w io.Writer, asJSON bool) {
	if asJSON {
		line, _ := json.Marshal(r) // numbers can't fail
		fmt.Fprintf(w, "%s\n", line)
		return
	}
	fmt.Fprintf(w, "\nRun again over %s unchanged rows (%s): none signed\n  %-40s %v\n", thousands(r.Rows), r.Kind, "rows a second, wall time", r.Rate)
	if len(r.Bare) > 0 {
		fmt.Fprintf(w, "  %-40s %v\n  %-40s %v\n", "excelize's bare Rows loop, rows a second", r.Bare, "RATIO our time / excelize's", r.Ratio)
	}
}

// mute signs nothing: the passes that are to stay unchanged need not be good
// ones, and a hundred thousand signatures take minutes.
type mute struct{}

func (mute) Sign(_ context.Context, manifests [][]byte) ([][]byte, error) {
	signatures := make([][]byte, len(manifests))
	for i := range signatures {
		signatures[i] = make([]byte, 2720)
		rand.Read(signatures[i]) //nolint:errcheck // never fails
	}
	return signatures, nil
}

// measureRerun makes the passes of a file once and then runs the job again.
func measureRerun(ctx context.Context, folder, kind string, rows, rounds int) (r rerunResult, err error) {
	authority, err := signtest.NewAuthority(time.Now())
	if err != nil {
		return r, err
	}
	issued, err := authority.Issue(signtest.Options{})
	if err != nil {
		return r, err
	}
	file, err := writeBenchJob(folder, issued, rows, kind)
	if err != nil {
		return r, err
	}
	if _, err := runOnce(ctx, folder, file); err != nil {
		return r, err
	}
	r = rerunResult{Kind: kind, Rows: rows}
	for range rounds {
		start := time.Now()
		again, err := runOnce(ctx, folder, file)
		if err != nil {
			return r, err
		}
		if again.Unchanged != rows {
			return r, fmt.Errorf("of %d rows %d were unchanged", rows, again.Unchanged)
		}
		took := time.Since(start).Seconds()
		r.Rate = append(r.Rate, float64(rows)/took)
		if kind == "xlsx" {
			bare, err := bareExcelize(filepath.Join(folder, "rows.xlsx"))
			if err != nil {
				return r, err
			}
			r.Bare = append(r.Bare, float64(rows)/bare.Seconds())
			r.Ratio = append(r.Ratio, took/bare.Seconds())
		}
	}
	return r, nil
}

// runOnce runs the job as passmill make does, but for the signer.
func runOnce(ctx context.Context, folder, file string) (c jobs.Count, err error) {
	w, err := openWork(ctx, file, "", true)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	db, err := ledger.Open(ctx, filepath.Join(folder, ledgerFile), ledger.Options{})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	sink, err := dir.Open(filepath.Join(folder, "out"))
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	m := newMaker(makeCommand{}, w, io.Discard)
	if err := m.save(ctx, db); err != nil {
		return c, err
	}
	r, err := m.runner(db, sink, "bench")
	if err != nil {
		return c, err
	}
	r.Presser.Signer = mute{}
	run, err := r.Run(ctx)
	return run.Count, err
}

// bareExcelize reads the sheet with excelize alone and returns how long it took.
func bareExcelize(file string) (time.Duration, error) {
	start := time.Now()
	book, err := excelize.OpenFile(file)
	if err != nil {
		return 0, err
	}
	defer book.Close()
	rows, err := book.Rows(book.GetSheetName(0))
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		if _, err := rows.Columns(); err != nil {
			return 0, err
		}
	}
	return time.Since(start), rows.Close()
}
