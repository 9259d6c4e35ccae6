package link

import "encoding/binary"

// A Plain names a pass of the ledger, and which of the links it is that the pass has
// had.
type Plain struct {
	Pass  int64 // its id
	Nonce [8]byte
}

// Plain makes the code of a plain link with the key of a version.
func (c *Codes) Plain(version int, p Plain) (string, error) {
	content := binary.AppendUvarint([]byte{plainCode}, uint64(p.Pass))
	return c.seal(version, append(content, p.Nonce[:]...))
}

func parsePlain(data []byte) (*Plain, error) {
	id, n := binary.Uvarint(data)
	if n <= 0 || len(data) != n+8 {
		return nil, ErrUnknown
	}
	return &Plain{Pass: int64(id), Nonce: [8]byte(data[n:])}, nil
}
