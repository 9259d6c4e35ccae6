package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

type benchCommand struct {
	Passes int    `short:"n" default:"2000" help:"How many distinct passes each measurement makes (default: 2000)."`
	Rounds int    `default:"7" help:"How many rounds; each measures everything in turn (default: 7)."`
	Rows   int    `default:"100000" help:"How many unchanged rows of a CSV file are run again (default: 100000; 0: none)."`
	Sheet  int    `default:"20000" help:"How many unchanged rows of a workbook are run again (default: 20000; 0: none)."`
	Dir    string `help:"Where to write (default: the folder for temporary files). Take the disk that passes will lie on."`
	JSON   bool   `help:"Print one JSON object for each round."`
}

// Help is the end of the command's -h.
func (benchCommand) Help() string {
	return "Needs no certificate and no network: it makes a throw-away authority and an RSA-2048 key. Figures of one machine at one time mean little; the ratios, taken in turn within each round, mean more. Every pass that is written is verified. Exit status: 0 done, 1 a pass did not verify."
}

// Run measures and prints.
func (c *benchCommand) Run(ctx context.Context, std streams) error {
	dir, err := os.MkdirTemp(c.Dir, "passmill-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // at the very end: see bench_press.go
	fmt.Fprintf(std.err, "preparing a key, a template with images, and %d rows\n", c.Passes)
	b, err := newBench(ctx, dir, c.Passes)
	if err != nil {
		return err
	}
	var results benchResults
	for round := range c.Rounds {
		fmt.Fprintf(std.err, "round %d of %d\n", round+1, c.Rounds)
		r, err := b.round(ctx, filepath.Join(dir, fmt.Sprint(round)))
		if err != nil {
			return err
		}
		results = append(results, r)
		if c.JSON {
			if err := json.NewEncoder(std.out).Encode(r); err != nil {
				return err
			}
		}
	}
	if !c.JSON {
		results.print(std.out)
		printStages(std.out, b.stages())
	}
	return c.rerun(ctx, std, dir)
}

// rerun measures runs in which nothing has changed.
func (c *benchCommand) rerun(ctx context.Context, std streams, dir string) error {
	for _, kind := range []struct {
		name string
		rows int
	}{{"csv", c.Rows}, {"xlsx", c.Sheet}} {
		if kind.rows == 0 {
			continue
		}
		fmt.Fprintf(std.err, "making %d passes from a %s file, to run it again\n", kind.rows, kind.name)
		r, err := measureRerun(ctx, filepath.Join(dir, kind.name), kind.name, kind.rows, min(c.Rounds, 5))
		if err != nil {
			return err
		}
		r.print(std.out, c.JSON)
	}
	if !c.JSON {
		fmt.Fprintf(std.out, "peak memory of the whole bench: %d MiB\n", peakMemory()>>20)
	}
	return nil
}

// A roundResult holds the figures of one round; rates are passes a second of
// wall time.
type roundResult struct {
	Bare         float64 `json:"bare_signatures_per_second"`
	Memory       float64 `json:"passes_per_second_not_written"`
	Files        float64 `json:"passes_per_second_files_and_ledger"`
	Whole        float64 `json:"passes_per_second_whole_run"`
	Conventional float64 `json:"passes_per_second_conventional"`
	Verify       float64 `json:"passes_per_second_verified"`
	Preflight    float64 `json:"passes_per_second_preflighted"`
	Allocations  float64 `json:"allocations_per_pass"`
	CPU          float64 `json:"cpu_microseconds_per_pass"` // to files and ledger
	MemoryRatio  float64 `json:"ratio_not_written_to_bare"`
	FilesRatio   float64 `json:"ratio_files_and_ledger_to_bare"`
	WholeRatio   float64 `json:"ratio_whole_run_to_bare"`
	CPURatio     float64 `json:"ratio_cpu_bare_to_files_and_ledger"`
	// What it costs to judge a pass over what it costs to press it.
	PreflightRatio float64 `json:"ratio_time_preflight_to_not_written"`
	PreflightCPU   float64 `json:"ratio_cpu_preflight_to_not_written"`
}

type benchResults []roundResult

func (r benchResults) series(of func(roundResult) float64) (s series) {
	for _, round := range r {
		s = append(s, of(round))
	}
	return s
}

func (r benchResults) print(w io.Writer) {
	bare := r.series(func(r roundResult) float64 { return r.Bare })
	memory := r.series(func(r roundResult) float64 { return r.Memory })
	files := r.series(func(r roundResult) float64 { return r.Files })
	whole := r.series(func(r roundResult) float64 { return r.Whole })
	conventional := r.series(func(r roundResult) float64 { return r.Conventional })
	fmt.Fprintf(w, "%s\n\n", machine())
	fmt.Fprintf(w, "Median [minimum..maximum] of %d rounds, %d workers; one key, in every figure.\n", len(r), runtime.GOMAXPROCS(0))
	for _, line := range []struct {
		what string
		s    series
	}{
		{"bare crypto/rsa signatures a second", bare},
		{"passes a second, not written", memory},
		{"passes a second, to files and ledger", files},
		{"passes a second, whole run with import", whole},
		{"passes a second, the conventional way", conventional},
		{"passes verified a second", r.series(func(r roundResult) float64 { return r.Verify })},
		{"passes preflighted a second", r.series(func(r roundResult) float64 { return r.Preflight })},
		{"allocations a pass, not written", r.series(func(r roundResult) float64 { return r.Allocations })},
		{"CPU µs a pass, to files and ledger", r.series(func(r roundResult) float64 { return r.CPU })},
		{"RATIO not written / bare signing", r.series(func(r roundResult) float64 { return r.MemoryRatio })},
		{"RATIO files and ledger / bare signing", r.series(func(r roundResult) float64 { return r.FilesRatio })},
		{"RATIO whole run / bare signing", r.series(func(r roundResult) float64 { return r.WholeRatio })},
		{"RATIO CPU bare / CPU files and ledger", r.series(func(r roundResult) float64 { return r.CPURatio })},
		{"RATIO time preflight / time not written", r.series(func(r roundResult) float64 { return r.PreflightRatio })},
		{"RATIO CPU preflight / CPU not written", r.series(func(r roundResult) float64 { return r.PreflightCPU })},
		{"RATIO not written / conventional", memory.over(conventional)},
		{"RATIO files and ledger / conventional", files.over(conventional)},
	} {
		fmt.Fprintf(w, "  %-40s %v\n", line.what, line.s)
	}
}
