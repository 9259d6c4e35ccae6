package jobs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// What became of the first row with a serial number.
type rowState uint8

const (
	stagedRow rowState = iota
	unchangedRow
	refusedRow
)

// serials knows every serial number of an import, in 16 bytes each: enough to
// find the second row of a pair, and to say which was the first.
type serials struct {
	fold  bool // names differ only as far as letters' case allows
	first map[Hash]firstRow
	twice []twin
}

type firstRow struct {
	row   int32
	state rowState
	told  bool // its duplicate has been reported
}

// A twin is a first row whose serial number came again.
type twin struct {
	origin Origin
	serial string
	again  int
}

// newSerials takes the pattern because names made of the serial itself must
// differ even where a file system folds letters' case.
func newSerials(names *Pattern) *serials {
	return &serials{fold: slices.Contains(names.parts, "serial"), first: map[Hash]firstRow{}}
}

func (s *serials) key(serial string) Hash {
	if s.fold {
		serial = strings.ToLower(serial)
	}
	sum := sha256.Sum256([]byte(serial))
	return Hash(sum[:len(Hash{})])
}

// note keeps what became of the first row with a serial number.
func (s *serials) note(serial string, state rowState) {
	key := s.key(serial)
	if f, ok := s.first[key]; ok && state != stagedRow { // staged is what is assumed
		f.state = state
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
	im.refuse(c, im.Serial, "duplicate-serial", fmt.Sprintf("is the serial number of row %d as well", first.row), duplicateFix)
	if !first.told {
		origin := c.origin
		origin.Row = int(first.row)
		im.seen.twice = append(im.seen.twice, twin{origin, c.staged.Serial, c.staged.Row})
		first.told = true
		im.seen.first[key] = first
	}
}

const duplicateFix = "give each row a serial number of its own; capital and small letters count as the same"

// withdraw refuses, at the end, the first rows of all pairs.
func (im *Importer) withdraw(ctx context.Context, run int64, number int) error {
	if len(im.seen.twice) == 0 {
		return nil
	}
	batch := Batch{Number: number}
	var staged []int
	var unchanged []string
	for _, t := range im.seen.twice {
		c := candidate{origin: t.origin, staged: Staged{Row: t.origin.Row, Serial: t.serial}, values: make([]Value, len(im.Schema.Fields))}
		c.values[im.Serial].Text = t.serial
		im.refuse(&c, im.Serial, "duplicate-serial", fmt.Sprintf("is the serial number of row %d as well", t.again), duplicateFix)
		batch.Problems = append(batch.Problems, c.problems...)
		switch im.seen.first[im.seen.key(t.serial)].state {
		case refusedRow:
			continue // counted as refused already
		case unchangedRow:
			unchanged = append(unchanged, t.serial)
			im.count.Unchanged--
		case stagedRow:
			staged = append(staged, t.origin.Row)
			im.count.Made--
		}
		batch.Refused++
		im.count.Refused++
	}
	if im.Snapshot != nil {
		known, err := im.Snapshot.Known(ctx, im.Target.TypeID, im.Target.Sink, unchanged)
		if err != nil {
			return err
		}
		var seen []int64
		for _, k := range known {
			seen = append(seen, k.PassID)
		}
		if err := im.Snapshot.Withdraw(ctx, run, staged, seen); err != nil {
			return fmt.Errorf("withdraw rows with duplicate serial numbers: %w", err)
		}
	}
	return im.store(ctx, run, batch)
}
