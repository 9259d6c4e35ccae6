package sign

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"passmill/sign/secret"
)

// The records of the REST API over the registry, which the ledger keeps.

// A Scope is what an [APIKey] may be used for.
type Scope string

// The scopes. None includes another.
const (
	ScopeRead  Scope = "certificates:read"
	ScopeWrite Scope = "certificates:write"
)

// An APIKey lets a program use the REST API. Its secret is not in it.
type APIKey struct {
	ID        string
	Name      string // unique; the user name of HTTP basic authentication
	Hash      []byte // [HashAPIKey] of the secret
	Scopes    []Scope
	Tenant    string // whose certificates it sees, and no others; empty for the account's
	Created   time.Time
	CreatedBy string
	Used      time.Time // to the hour; the zero time if never
}

// May reports whether the key has a scope.
func (k APIKey) May(s Scope) bool { return slices.Contains(k.Scopes, s) }

// apiKeyMark is what the secrets of API keys begin with, so that they are known
// for what they are wherever they lie.
const apiKeyMark = "passmill_key_"

// NewAPISecret makes the secret of an API key: 256 random bits.
func NewAPISecret() secret.Text {
	bits := make([]byte, 32)
	rand.Read(bits) // never fails, as its documentation says
	return secret.New(apiKeyMark + base64.RawURLEncoding.EncodeToString(bits))
}

// HashAPIKey returns what the ledger keeps of a secret. A plain SHA-256 sum is
// right for a secret of 256 random bits: there is nothing to guess, so nothing is
// won by making a guess slow, and a slow hash of each request would be a way to
// keep the server busy. Passwords, which people choose, are another matter.
func HashAPIKey(s secret.Text) []byte {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return sum[:]
}

// An Answer is what the REST API answered to a request that named itself, to be
// given again when the request comes again.
type Answer struct {
	KeyID   string // of the [APIKey]
	Name    string // that the request gave itself
	Request []byte // tells whether it is the same request; says nothing of its content
	Status  int    // of HTTP; 0 while there is no answer yet
	Body    []byte
	Created time.Time
	Expires time.Time
}

// ErrTaken means that there is an API key of that name.
var ErrTaken = errors.New("name is taken")

// Actions on API keys.
const (
	ActionKeyAdd    Action = "key-add"
	ActionKeyRemove Action = "key-remove"
)
