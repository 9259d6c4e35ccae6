package mail

import (
	"context"
	"slices"
	"sync"

	"passmill/jobs"
)

// maxEntries is how many changes are written down in one transaction.
const maxEntries = 256

// A journal writes down changes for many workers at once: what comes while one
// transaction is written goes into the next.
type journal struct {
	outbox  Outbox
	entries chan entry
	done    sync.WaitGroup
}

// An entry is a change and where its end is told; nil if nobody waits for it.
type entry struct {
	change jobs.DeliveryChange
	told   chan<- error
}

// newJournal begins to write. failed hears of the first change that nobody waits
// for and that could not be written.
func newJournal(ctx context.Context, o Outbox, failed func(error)) *journal {
	j := &journal{outbox: o, entries: make(chan entry, maxEntries)}
	j.done.Go(func() {
		for first := range j.entries {
			group := j.more(first)
			stopped, err := j.record(ctx, group)
			for _, e := range group {
				switch {
				case e.told == nil && err != nil:
					failed(err)
				case e.told == nil:
				case err == nil && slices.Contains(stopped, e.change.ID):
					e.told <- jobs.ErrStopped
				default:
					e.told <- err
				}
			}
		}
	})
	return j
}

// more takes what waits beside the first, in the order in which it came.
func (j *journal) more(first entry) []entry {
	group := []entry{first}
	for len(group) < maxEntries {
		select {
		case e, ok := <-j.entries:
			if !ok {
				return group
			}
			group = append(group, e)
		default:
			return group
		}
	}
	return group
}

func (j *journal) record(ctx context.Context, group []entry) ([]string, error) {
	changes := make([]jobs.DeliveryChange, len(group))
	for i, e := range group {
		changes[i] = e.change
	}
	return j.outbox.Record(ctx, changes)
}

// doubt writes down that the end of a mail may be written now, and waits until that
// is certain. [jobs.ErrStopped] forbids it.
func (j *journal) doubt(id string) error {
	told := make(chan error, 1)
	j.entries <- entry{jobs.DeliveryChange{ID: id, State: jobs.DeliveryInDoubt}, told}
	return <-told
}

// settle writes down what became of a delivery, some time before close returns.
func (j *journal) settle(c jobs.DeliveryChange) { j.entries <- entry{change: c} }

// close waits until everything is written.
func (j *journal) close() {
	close(j.entries)
	j.done.Wait()
}
