package jobs

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// stage compares a batch with the ledger, and stores what came of it.
func (im *Importer) stage(ctx context.Context, run int64, number int, rows []candidate) error {
	for i := range rows {
		im.duplicate(&rows[i])
	}
	known, err := im.known(ctx, rows)
	if err != nil {
		return err
	}
	missing, err := im.missing(ctx, known)
	if err != nil {
		return err
	}
	if err := im.taken(ctx, rows, known); err != nil {
		return err
	}
	batch := Batch{Number: number}
	for i := range rows {
		c := &rows[i]
		if k, ok := known[c.staged.Serial]; ok {
			im.owner(c, k)
			im.keepPlace(c, k)
			same := k.matches(c.staged)
			switch {
			case c.refused:
			case !same && im.holds(c.staged, k):
				c.seen, c.held = k.PassID, true
			case same && !im.Force && !missing[k.Name]:
				c.seen = k.PassID
			}
		}
	}
	im.preflightAll(rows)
	for i := range rows {
		c := &rows[i]
		im.book(c, &batch)
		if err := im.take(c); err != nil {
			return err
		}
	}
	return im.store(ctx, run, batch)
}

// preflightAll judges the rows that are not unchanged, on all cores: it is the most of
// what an import costs.
func (im *Importer) preflightAll(rows []candidate) {
	var all sync.WaitGroup
	for part := range slices.Chunk(rows, max(1, len(rows)/(2*runtime.GOMAXPROCS(0)))) {
		all.Go(func() {
			for i := range part {
				if part[i].seen == 0 {
					im.preflight(&part[i])
				}
			}
		})
	}
	all.Wait()
}

// keepPlace lets a pass stay where it lies if the pattern would only have put it
// into a folder or not: when the number of rows crosses the threshold, nothing
// moves.
func (im *Importer) keepPlace(c *candidate, k Known) {
	if k.Name != "" && k.Name != c.staged.Name && k.Name == im.Names.Name(c.staged.Serial, c.staged.Row, !im.Folder) {
		c.staged.Name = k.Name
	}
}

// matches reports whether the pass is what the row asks for, and lies where it
// is asked to lie.
func (k Known) matches(s Staged) bool {
	return k.Fingerprint == s.Fingerprint && k.Contact == s.Contact && k.Name == s.Name && k.Bundle == s.Bundle && !k.Missing
}

// holds reports whether a pass is to be left as it is, though its row or template has
// changed. One whose row has come back is not: it would stay void.
func (im *Importer) holds(s Staged, k Known) bool {
	return im.Canary > 0 && k.Fingerprint != s.Fingerprint && !k.Missing && !im.Canary.Has(s.Serial)
}

// taken refuses rows whose file belongs to a pass of another job that shares the
// output.
func (im *Importer) taken(ctx context.Context, rows []candidate, known map[string]Known) error {
	if im.Owners == nil {
		return nil
	}
	var names []string
	for i := range rows {
		if k := known[rows[i].staged.Serial]; !rows[i].refused && k.Name != rows[i].staged.Name {
			names = append(names, rows[i].staged.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	owners, err := im.Owners(ctx, names)
	if err != nil {
		return err
	}
	for i := range rows {
		if owner := owners[rows[i].staged.Name]; owner != "" && owner != im.Target.Job {
			im.refuse(&rows[i], im.Serial, "name-taken", fmt.Sprintf("its file belongs to a pass of job %q", owner),
				"give this job another output folder, or another pattern under output: name:")
		}
	}
	return nil
}

// book counts a candidate and puts what is to be stored of it into the batch.
func (im *Importer) book(c *candidate, batch *Batch) {
	pass := int64(stagedRow)
	im.count.Rows++
	batch.Problems = append(batch.Problems, c.problems...)
	switch {
	case c.refused:
		pass = refusedRow
		batch.Refused++
		im.count.Refused++
	case c.seen != 0:
		pass = c.seen
		batch.Seen = append(batch.Seen, c.seen)
		im.count.Unchanged++
		if c.held {
			pass |= heldRow
			batch.Held++
			im.count.Held++
		}
	default:
		batch.Staged = append(batch.Staged, c.staged)
		im.count.Made++
	}
	if !c.again {
		im.seen.note(c.staged.Serial, pass)
	}
}

// take hands over a row that is not refused.
func (im *Importer) take(c *candidate) error {
	if im.Taken == nil || c.refused {
		return nil
	}
	return im.Taken(c.staged, c.mark)
}

func (im *Importer) store(ctx context.Context, run int64, batch Batch) error {
	if im.Report != nil {
		for _, p := range batch.Problems {
			im.Report(p)
		}
	}
	if im.Progress != nil {
		im.Progress(im.count)
	}
	if im.Snapshot == nil {
		return nil
	}
	if err := im.Snapshot.Stage(ctx, run, batch); err != nil {
		return fmt.Errorf("store rows up to row %d: %w", im.count.Rows, err)
	}
	return nil
}

func (im *Importer) known(ctx context.Context, rows []candidate) (map[string]Known, error) {
	if im.Snapshot == nil {
		return nil, nil
	}
	serials := make([]string, 0, len(rows))
	for i := range rows {
		if !rows[i].refused {
			serials = append(serials, rows[i].staged.Serial)
		}
	}
	return im.Snapshot.Known(ctx, im.Target.TypeID, im.Target.Sink, serials)
}

func (im *Importer) missing(ctx context.Context, known map[string]Known) (map[string]bool, error) {
	if im.Missing == nil || len(known) == 0 {
		return nil, nil
	}
	names := make([]string, 0, len(known))
	for _, k := range known {
		if k.Name != "" {
			names = append(names, k.Name)
		}
	}
	gone, err := im.Missing(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("look for the passes that were made before: %w", err)
	}
	set := make(map[string]bool, len(gone))
	for _, name := range gone {
		set[name] = true
	}
	return set, nil
}
