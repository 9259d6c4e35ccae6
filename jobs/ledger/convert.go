package ledger

import (
	"database/sql/driver"
	"fmt"
	"time"

	"passmill/jobs"
)

// hash is a [jobs.Hash] as databases take it.
type hash jobs.Hash

// Value implements [driver.Valuer].
func (h hash) Value() (driver.Value, error) { return h[:], nil }

// Scan implements [sql.Scanner].
func (h *hash) Scan(value any) error { return scanHash(h[:], value) }

// scanHash copies a column into a hash of fixed size.
func scanHash(dst []byte, value any) error {
	src, ok := value.([]byte)
	if !ok || len(src) != len(dst) {
		return fmt.Errorf("a hash of %d bytes is stored as %d bytes of %T", len(dst), len(src), value)
	}
	copy(dst, src)
	return nil
}

// A digest is a full SHA-256 sum as databases take it.
type digest [32]byte

// Scan implements [sql.Scanner].
func (d *digest) Scan(value any) error { return scanHash(d[:], value) }

// millis is the form of a time in the tables.
func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
