package main

import (
	"context"
	"fmt"

	"passmill/jobs"
)

// parseRow reads the values of a staged row.
func (w *work) parseRow(row jobs.Staged) ([]jobs.Value, error) {
	values := make([]jobs.Value, len(w.schema.Fields))
	return values, jobs.ParseValues(row.Values, w.schema.Fields, values)
}

// parse reads the values of all rows. An import has them at hand when it judges
// a row, so that reading them again is no part of what that costs.
func (b *bench) parse() error {
	b.values = make([][]jobs.Value, len(b.rows))
	for i := range b.rows {
		var err error
		if b.values[i], err = b.work.parseRow(b.rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// preflight fills and judges the pass of each row, on all cores, a few times.
func (b *bench) preflight() (p pace, err error) {
	n := 4 * len(b.rows)
	cpu := cpuTime()
	p.rate, err = onAllCores(n, func(i int) error {
		i %= len(b.rows)
		if found := b.work.filler.preflight(b.values[i], b.rows[i].Serial); len(found) > 0 {
			return fmt.Errorf("row %d: %s", b.rows[i].Row, found[0].Message)
		}
		return nil
	})
	p.cpu = float64((cpuTime() - cpu).Microseconds()) / float64(n)
	return p, err
}

// besidePress measures what judging a pass costs beside pressing it: before and
// after, so that a machine whose speed drifts weighs on both.
func (b *bench) besidePress(ctx context.Context, r *roundResult) error {
	before, err := b.preflight()
	if err != nil {
		return err
	}
	cpu := cpuTime()
	r.Memory, r.Allocations, err = b.memory(ctx)
	pressing := float64((cpuTime() - cpu).Microseconds()) / float64(b.passes)
	if err != nil {
		return err
	}
	after, err := b.preflight()
	r.Preflight = (before.rate + after.rate) / 2
	r.PreflightRatio = r.Memory / r.Preflight
	r.PreflightCPU = (before.cpu + after.cpu) / 2 / pressing
	return err
}
