package link

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"sync"
	"time"
)

// A Sealed carries a row.
type Sealed struct {
	Series     [8]byte   // of job, template version and layout
	Epoch      int       // generation of all links of the job; 0 is the first
	Generation int       // of the links of this pass; 0 is the first
	Issued     time.Time // in whole minutes
	Days       int       // how long after that it opens; 0 for ever
	Values     []byte    // of the row, as a [Layout] writes them
}

// Expires returns when the link opens no more; zero for never.
func (s *Sealed) Expires() time.Time {
	if s.Days == 0 {
		return time.Time{}
	}
	return s.Issued.Add(time.Duration(s.Days) * 24 * time.Hour)
}

// firstMinute is what the times of links count from.
var firstMinute = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Bounds of the values: below the first, compressing gains nothing; above the second,
// nobody has sealed them.
const (
	worthCompressing = 160
	maxValues        = 64 << 10
)

// Sealed makes the code of a sealed link.
func (c *Codes) Sealed(s Sealed) (string, error) {
	values, kind := s.Values, byte(sealedCode)
	if small := compressed(values); small != nil {
		values, kind = small, compressedCode
	}
	content := make([]byte, 0, 32+len(values))
	content = append(append(content, kind), s.Series[:]...)
	for _, n := range []int64{int64(s.Epoch), int64(s.Generation), int64(s.Issued.Sub(firstMinute) / time.Minute), int64(s.Days)} {
		content = binary.AppendUvarint(content, uint64(max(n, 0)))
	}
	return c.seal(c.keys.Newest(), append(content, values...))
}

func parseSealed(data []byte, packed bool) (*Sealed, error) {
	if len(data) < 8 {
		return nil, ErrUnknown
	}
	s := &Sealed{Series: [8]byte(data)}
	rest := data[8:]
	var numbers [4]uint64
	for i := range numbers {
		v, n := binary.Uvarint(rest)
		if n <= 0 || v > 1<<31 {
			return nil, ErrUnknown
		}
		numbers[i], rest = v, rest[n:]
	}
	s.Epoch, s.Generation, s.Days = int(numbers[0]), int(numbers[1]), int(numbers[3])
	s.Issued = firstMinute.Add(time.Duration(numbers[2]) * time.Minute)
	if s.Values = rest; !packed {
		return s, nil
	}
	values, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(rest)), maxValues+1))
	if err != nil || len(values) > maxValues {
		return nil, ErrUnknown
	}
	s.Values = values
	return s, nil
}

// A packer compresses, again and again.
type packer struct {
	out bytes.Buffer
	w   *flate.Writer
}

var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a good one
	}
	return &packer{w: w}
}}

// compressed returns values compressed, or nil if that makes them no smaller.
func compressed(values []byte) []byte {
	if len(values) < worthCompressing {
		return nil
	}
	p := packers.Get().(*packer)
	defer packers.Put(p)
	p.out.Reset()
	p.w.Reset(&p.out)
	_, _ = p.w.Write(values) // a buffer takes everything
	_ = p.w.Close()
	if p.out.Len() >= len(values) {
		return nil
	}
	return bytes.Clone(p.out.Bytes())
}
