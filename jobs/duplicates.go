package jobs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// serials knows every serial number of an import by a hash: enough to find the
// second row of a pair, and to say which was the first.
type serials struct {
	fold  bool // names differ only as far as letters' case allows
	first map[Hash]firstRow
	twice []twin
}

// A firstRow is the first row with a serial number, and what became of it.
type firstRow struct {
	row  int32
	told bool  // its duplicate has been reported
	pass int64 // the pass that the row leaves unchanged, with heldRow if it is held; or one of the below
}

const (
	stagedRow  = 0
	refusedRow = -1
	heldRow    = 1 << 62
)

// A twin is a first row whose serial number came again.
type twin struct {
	origin Origin
	key    Hash
	again  int
	serial string // of both; empty if letters' case may tell them apart
	fix    string
}

// newSerials takes the pattern because names made of the serial itself must
// differ even where a file system folds letters' case.
func newSerials(names *Pattern) *serials {
	fold := names != nil && slices.Contains(names.parts, "serial")
	return &serials{fold: fold, first: map[Hash]firstRow{}}
}

func (s *serials) key(serial string) Hash {
	if s.fold {
		serial = strings.ToLower(serial)
	}
	sum := sha256.Sum256([]byte(serial))
	return Hash(sum[:len(Hash{})])
}

// note keeps what became of the first row with a serial number.
func (s *serials) note(serial string, pass int64) {
	key := s.key(serial)
	if f, ok := s.first[key]; ok && pass != stagedRow { // that is what is assumed
		f.pass = pass
		s.first[key] = f
	}
}

// duplicate refuses a row whose serial number has been met before, and keeps in
// mind that the first one is to be refused as well: nobody but the user can say
// which of the two is right.
func (im *Importer) duplicate(c *candidate) {
	if c.staged.Serial == "" {
		return
	}
	key := im.seen.key(c.staged.Serial)
	first, met := im.seen.first[key]
	if !met {
		im.seen.first[key] = firstRow{row: int32(c.staged.Row)}
		return
	}
	c.again = true
	serial, fix := c.staged.Serial, "give each row a serial number of its own"
	if im.seen.fold && strings.ToLower(serial) != strings.ToUpper(serial) {
		serial, fix = "", fix+"; capital and small letters count as the same"
	}
	im.refuse(c, im.Serial, "duplicate-serial", fmt.Sprintf("is the serial number of row %d as well", first.row), fix)
	if !first.told {
		origin := c.origin
		origin.Row, origin.Key = int(first.row), "" // the key is this row's
		im.seen.twice = append(im.seen.twice, twin{origin, key, c.staged.Row, serial, fix})
		first.told = true
		im.seen.first[key] = first
	}
}

// withdraw refuses, at the end, the first rows of all pairs.
func (im *Importer) withdraw(ctx context.Context, run int64, number int) error {
	var staged []int
	var seen []int64
	var rows []int
	batch := Batch{Number: number}
	for _, t := range im.seen.twice {
		c := candidate{origin: t.origin, staged: Staged{Serial: t.serial}}
		im.refuse(&c, im.Serial, "duplicate-serial", fmt.Sprintf("is the serial number of row %d as well", t.again), t.fix)
		c.problems[0].Value = Shorten(t.serial)
		batch.Problems = append(batch.Problems, c.problems...)
		rows = append(rows, t.origin.Row)
		switch pass := im.seen.first[t.key].pass; pass {
		case refusedRow:
			continue // counted as refused already
		case stagedRow:
			staged = append(staged, t.origin.Row)
			im.count.Made--
		default:
			seen = append(seen, pass&^heldRow)
			im.count.Unchanged--
			if pass&heldRow != 0 {
				im.count.Held--
				batch.Held--
			}
		}
		batch.Refused++
		im.count.Refused++
	}
	if im.Untaken != nil && len(rows) > 0 {
		im.Untaken(rows)
	}
	if im.Snapshot != nil && len(staged)+len(seen) > 0 {
		if err := im.Snapshot.Withdraw(ctx, run, staged, seen); err != nil {
			return fmt.Errorf("withdraw rows with duplicate serial numbers: %w", err)
		}
	}
	return im.storeAll(ctx, run, batch)
}

// storeAll stores a batch that may have any number of problems, in parts.
func (im *Importer) storeAll(ctx context.Context, run int64, batch Batch) error {
	for len(batch.Problems) > 0 {
		part := batch
		part.Problems = batch.Problems[:min(batchRows, len(batch.Problems))]
		batch.Problems = batch.Problems[len(part.Problems):]
		if err := im.store(ctx, run, part); err != nil {
			return err
		}
		batch.Number++
		batch.Refused, batch.Held = 0, 0 // counted by the first part
	}
	return nil
}
