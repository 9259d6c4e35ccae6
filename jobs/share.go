package jobs

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// A Share is a part of a whole, from 0 to 1.
type Share float64

// ParseShare reads a share such as "1%".
func ParseShare(text string) (Share, error) {
	if number, ok := strings.CutSuffix(strings.TrimSpace(text), "%"); ok {
		percent, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err == nil && percent >= 0 && percent <= 100 {
			return Share(percent / 100), nil
		}
	}
	return 0, fmt.Errorf("%q is no share; write it as 1%%, from 0%% to 100%%", text)
}

// String returns the share as [ParseShare] reads it.
func (s Share) String() string { return Policy{float64(s)}.percent() }

// UnmarshalText implements [encoding.TextUnmarshaler], for flags: no share at all is
// what a flag means that is not there.
func (s *Share) UnmarshalText(text []byte) (err error) {
	if *s, err = ParseShare(string(text)); err == nil && *s == 0 {
		err = fmt.Errorf("%s is nothing; write more, such as 1%%", text)
	}
	return err
}

// Has reports whether a serial number is in the share. It is always the same ones,
// and a larger share has all that a smaller one has.
func (s Share) Has(serial string) bool {
	sum := sha256.Sum256([]byte("canary\n" + serial)) // not in step with folders, which are named by a hash too
	return float64(binary.BigEndian.Uint64(sum[:])>>11) < float64(s)*(1<<53)
}
