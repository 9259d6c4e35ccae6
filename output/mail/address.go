package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
)

// maxAddress is the longest address that SMTP takes (RFC 5321, section 4.5.3.1.3,
// without the brackets).
const maxAddress = 254

// CheckAddress refuses what is no bare mail address, and what is one and has a
// form that servers have taken for another: with quotes, blanks, brackets or
// letters outside of ASCII. Its error does not quote the address.
func CheckAddress(address string) error {
	at := strings.LastIndexByte(address, '@')
	switch parsed, err := netmail.ParseAddress(address); {
	case len(address) > maxAddress:
		return fmt.Errorf("mail address is longer than %d characters", maxAddress)
	case strings.ContainsAny(address, "\"<>()[]\\,;: \t"), strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("mail address holds a character that is not taken: write it bare, like wallet@example.com")
	case err != nil || parsed.Address != address || at < 1 || !domain(address[at+1:]):
		return errors.New("not a mail address: write it bare, like wallet@example.com")
	}
	return nil
}

// domain reports whether a text can be the name of a host.
func domain(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-') {
				return false
			}
		}
	}
	return true
}
