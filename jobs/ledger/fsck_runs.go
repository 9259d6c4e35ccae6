package ledger

import (
	"context"
	"errors"
	"fmt"

	"passmill/jobs"
)

// runs checks the counts of runs that are done, and looks for runs that nobody
// works on.
func (c *checker) runs(ctx context.Context) error {
	const query = `SELECT ` + runColumns + ` FROM runs WHERE id > ? ORDER BY id LIMIT 100`
	for last := int64(0); ; {
		var page []runRow
		if err := c.list(ctx, &page, query, last); err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			last = page[i].ID
			if c.concerns(page[i].Sink) {
				c.Summary.Runs++
			}
			findings, err := c.run(ctx, &page[i])
			if err != nil || !c.all(findings) {
				return err
			}
		}
	}
}

func (c *checker) run(ctx context.Context, r *runRow) ([]Finding, error) {
	subject := fmt.Sprintf("run %d of job %q", r.ID, r.Job)
	switch {
	case isOpen(r.State):
		return c.openRun(ctx, r, subject)
	case !r.Finished.Valid:
		return []Finding{{
			Code: "untidy-run", Advice: true, Subject: subject,
			Message: "is closed, but its waiting rows are still there", Fix: "run the job again: that deletes them",
		}}, nil
	case r.State != jobs.RunDone:
		return nil, nil
	}
	return c.counts(ctx, r, subject)
}

// openRun tells a run that was interrupted from one that is worked on.
func (c *checker) openRun(ctx context.Context, r *runRow, subject string) ([]Finding, error) {
	unlock, err := c.lockJob(ctx, r.Job, 0)
	if errors.Is(err, jobs.ErrLocked) {
		return []Finding{{
			Code: "run-going-on", Advice: true, Subject: subject,
			Message: "is going on, so that this check may find things that are not so",
		}}, nil
	}
	if err != nil {
		return nil, err
	}
	return []Finding{{
		Code: "interrupted-run", Advice: true, Subject: subject,
		Message: "was interrupted", Fix: "run the job again: it goes on where it was",
	}}, unlock()
}

// counts compares what is written on a run with its batches and rows.
func (c *checker) counts(ctx context.Context, r *runRow, subject string) ([]Finding, error) {
	var rows struct {
		All     int `db:"n"`
		Made    int `db:"made"`
		Failed  int `db:"failed"`
		Waiting int `db:"waiting"`
	}
	const query = `
		SELECT COUNT(*) AS n,
			COALESCE(SUM(CASE WHEN state = 'made' THEN 1 ELSE 0 END), 0) AS made,
			COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0) AS failed,
			COALESCE(SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END), 0) AS waiting
		FROM rows
		WHERE run_id = ?`
	if err := c.get(ctx, &rows, query, r.ID); err != nil {
		return nil, err
	}
	unchanged, refused, findings, err := c.batches(ctx, r.ID, subject)
	if err != nil {
		return nil, err
	}
	refused += rows.Failed
	wrong := func(what string, is, want int) {
		if is != want {
			findings = append(findings, Finding{
				Code: "counts", Subject: subject, Message: fmt.Sprintf("counts %d %s, and its rows say %d", is, what, want),
			})
		}
	}
	wrong("rows", r.Total, r.Made+r.Unchanged+r.Refused)
	wrong("made", r.Made, rows.Made)
	wrong("unchanged", r.Unchanged, unchanged)
	wrong("refused", r.Refused, refused)
	wrong("waiting", 0, rows.Waiting)
	return findings, nil
}

// batches adds up the batches of a run, and checks that each can be read.
func (c *checker) batches(ctx context.Context, run int64, subject string) (unchanged, refused int, findings []Finding, err error) {
	const query = `
		SELECT number, unchanged, refused, seen
		FROM batches
		WHERE run_id = ? AND number > ?
		ORDER BY number
		LIMIT 100`
	for last := 0; ; {
		var page []struct {
			Number    int    `db:"number"`
			Unchanged int    `db:"unchanged"`
			Refused   int    `db:"refused"`
			Seen      []byte `db:"seen"`
		}
		if err := c.list(ctx, &page, query, run, last); err != nil || len(page) == 0 {
			return unchanged, refused, findings, err
		}
		for _, b := range page {
			last = b.Number
			unchanged += b.Unchanged
			refused += b.Refused
			seen, err := decodeSeen(b.Seen)
			if err == nil && len(seen) != b.Unchanged {
				err = fmt.Errorf("it names %d unchanged passes and counts %d", len(seen), b.Unchanged)
			}
			if err != nil {
				findings = append(findings, Finding{
					Code: "damaged-batch", Subject: subject, Message: fmt.Sprintf("batch %d: %v", b.Number, err), Fix: "restore the last backup",
				})
			}
		}
	}
}
