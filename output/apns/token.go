package apns

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// tokenLife is how long a provider token is used: Apple wants at least 20 minutes,
// and takes none that is older than an hour, by its clock.
const tokenLife = 50 * time.Minute

// Tokens make the provider tokens of a team, which prove to Apple who pushes where
// no certificate does. One is used for fifty minutes: making them anew too often
// blocks the account. It is safe for concurrent use; all clients of a team share one.
type Tokens struct {
	Key    *ecdsa.PrivateKey // of the .p8 file
	KeyID  string            // as Apple names the key
	TeamID string
	Now    func() time.Time // nil means time.Now

	mu     sync.Mutex
	bearer string    // guarded by mu
	made   time.Time // guarded by mu
}

// ParseKey reads the text of a .p8 file.
func ParseKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("is no .p8 key; Apple's begins with -----BEGIN PRIVATE KEY-----")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is no .p8 key, or a damaged one; download it from Apple again, or make another")
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, errors.New("is a key of another kind; Apple's keys for pushes are elliptic ones on P-256")
	}
	return ec, nil
}

// Bearer returns the provider token to be used now.
func (t *Tokens) Bearer() (string, error) {
	now := time.Now
	if t.Now != nil {
		now = t.Now
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := now()
	if age := at.Sub(t.made); t.bearer != "" && age >= 0 && age < tokenLife {
		return t.bearer, nil
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"iss": t.TeamID, "iat": at.Unix()})
	token.Header["kid"] = t.KeyID
	text, err := token.SignedString(t.Key)
	if err != nil {
		return "", fmt.Errorf("provider token: %w", err)
	}
	t.bearer, t.made = text, at
	return text, nil
}
