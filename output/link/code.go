package link

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"
)

// ErrUnknown means that a code is none: nobody has given it out.
var ErrUnknown = errors.New("no such link")

// purpose names the keys of links among those that are derived.
const purpose = "link"

// maxCode bounds a code: no row that is sealed needs more.
const maxCode = 16 << 10

// codeMAC is what a code is bound to besides its key.
var codeMAC = []byte("passmill code 1")

// Keys are the keys that codes are made with.
type Keys interface {
	// Newest returns the version of the key that new codes are made with.
	Newest() int
	// Derive returns the key of a version, 32 bytes, for a purpose.
	Derive(version int, purpose string) ([]byte, error)
}

// Codes makes codes and opens them, by AES-SIV (RFC 5297): an equal content makes an
// equal code, and a wrong one is found out by 128 bits. It is safe for concurrent use.
type Codes struct {
	keys Keys

	mu     sync.RWMutex
	opened map[int]*opener // by version
}

// An opener is what one version of the key makes.
type opener struct {
	siv   *subtle.AESSIV
	marks []byte // key of marks
}

// NewCodes returns what makes codes with the keys.
func NewCodes(keys Keys) *Codes { return &Codes{keys: keys, opened: map[int]*opener{}} }

// opener returns what a version of the key makes.
func (c *Codes) opener(version int) (*opener, error) {
	c.mu.RLock()
	o := c.opened[version]
	c.mu.RUnlock()
	if o != nil {
		return o, nil
	}
	key, err := c.keys.Derive(version, purpose)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	o = &opener{}
	code, err := hkdf.Key(sha256.New, key, nil, "passmill link code", subtle.AESSIVKeySize)
	if err != nil {
		return nil, err
	}
	if o.siv, err = subtle.NewAESSIV(code); err != nil {
		return nil, err
	}
	if o.marks, err = hkdf.Key(sha256.New, key, nil, "passmill link mark", sha256.Size); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened[version] = o
	return o, nil
}

// seal makes a code of a content with the key of a version.
func (c *Codes) seal(version int, content []byte) (string, error) {
	if version < 1 || version > 255 {
		return "", fmt.Errorf("make a link: key version %d is none", version)
	}
	o, err := c.opener(version)
	if err != nil {
		return "", err
	}
	sealed, err := o.siv.EncryptDeterministically(content, codeMAC)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append([]byte{byte(version)}, sealed...)), nil
}

// open returns the content of a code, or [ErrUnknown]. Codes of one length that have the
// form of one cost the same, whatever is wrong with them.
func (c *Codes) open(code string) ([]byte, error) {
	if len(code) > maxCode || strings.ContainsAny(code, "\r\n") { // which the decoder skips
		return nil, ErrUnknown
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(code)
	if err != nil || len(data) < 1+16+1 {
		return nil, ErrUnknown
	}
	version := int(data[0])
	if version < 1 || version > c.keys.Newest() {
		return nil, ErrUnknown
	}
	o, err := c.opener(version)
	if err != nil {
		return nil, err
	}
	content, err := o.siv.DecryptDeterministically(data[1:], codeMAC)
	if err != nil {
		return nil, ErrUnknown
	}
	return content, nil
}

// Mark returns the keyed hash of something that links are revoked by: with the first
// key, so that it stays the same when others follow.
func (c *Codes) Mark(kind string, names ...string) ([]byte, error) {
	o, err := c.opener(1)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, o.marks)
	for _, s := range append([]string{kind}, names...) {
		mac.Write(binary.AppendUvarint(nil, uint64(len(s))))
		mac.Write([]byte(s))
	}
	return mac.Sum(nil), nil
}

// A Code is what a code says: one of the two is not nil.
type Code struct {
	Version int // of the key that it was made with
	Plain   *Plain
	Sealed  *Sealed
}

// The first byte of a content.
const (
	plainCode      = 1
	sealedCode     = 2
	compressedCode = 3 // sealed, its values compressed
)

// Open says what a code says, or returns [ErrUnknown].
func (c *Codes) Open(code string) (Code, error) {
	content, err := c.open(code)
	if err != nil {
		return Code{}, err
	}
	version, _ := base64.RawURLEncoding.DecodeString(code[:2])
	o := Code{Version: int(version[0])}
	switch rest := content[1:]; content[0] {
	case plainCode:
		o.Plain, err = parsePlain(rest)
	case sealedCode, compressedCode:
		o.Sealed, err = parseSealed(rest, content[0] == compressedCode)
	default: // of a later version of the program
		err = ErrUnknown
	}
	return o, err
}
