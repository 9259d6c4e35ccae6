package sign

import "encoding/hex"

// EmbeddedKeyIDs returns the key ids of the embedded intermediates: a test
// cannot have a genuine certificate with its key.
func EmbeddedKeyIDs() []string {
	var ids []string
	for _, cert := range embedded() {
		ids = append(ids, hex.EncodeToString(cert.SubjectKeyId))
	}
	return ids
}

// BoundP12 is the walk over a .p12 before it is opened.
var BoundP12 = boundP12
