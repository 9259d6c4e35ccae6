package ledger

import (
	"encoding/binary"
	"errors"
	"slices"
)

// errSeen means that the stored ids of unchanged passes can't be read.
var errSeen = errors.New("the list of unchanged passes is damaged")

// encodeSeen writes ids as the differences between them in rising order, in as
// few bytes as each needs: about one per pass of a large run. It returns how
// many there are, each counted once.
func encodeSeen(ids []int64) ([]byte, int) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	seen := make([]byte, 0, len(ids)+binary.MaxVarintLen64)
	last := int64(0)
	for _, id := range ids {
		seen = binary.AppendUvarint(seen, uint64(id-last))
		last = id
	}
	return seen, len(ids)
}

// decodeSeen returns the ids in rising order.
func decodeSeen(seen []byte) ([]int64, error) {
	var ids []int64
	last := int64(0)
	for len(seen) > 0 {
		step, n := binary.Uvarint(seen)
		if n <= 0 || step == 0 || step > uint64(1<<63-1-last) {
			return nil, errSeen
		}
		last += int64(step)
		ids = append(ids, last)
		seen = seen[n:]
	}
	return ids, nil
}
