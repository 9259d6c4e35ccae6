package mail

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	gomail "github.com/wneessen/go-mail"
)

// smallestRSA is the shortest RSA key in bits that receivers have to take (RFC
// 8301, section 3.2).
const smallestRSA = 1024

// A DKIM signs mails in the name of a domain (RFC 6376). It is safe for concurrent
// use.
type DKIM struct {
	domain, selector string
	key              crypto.Signer
}

// NewDKIM returns what signs with a private key, RSA or Ed25519, in PEM. The
// domain's DNS has the public key at <selector>._domainkey.
func NewDKIM(domainName, selector string, key []byte) (*DKIM, error) {
	var errs []error
	if !domain(domainName) {
		errs = append(errs, fmt.Errorf("DKIM: %q is no domain; write it like example.com", domainName))
	}
	if !domain(selector) {
		errs = append(errs, fmt.Errorf("DKIM: %q is no selector; write the name that stands before ._domainkey in the DNS", selector))
	}
	signer, err := gomail.PrivKeyFromPEM(key)
	if err != nil {
		errs = append(errs, fmt.Errorf("DKIM: read the key: %w; it is an RSA or Ed25519 key in PEM, as openssl genpkey writes it", err))
	}
	if k, ok := signer.(*rsa.PrivateKey); ok && k.N.BitLen() < smallestRSA {
		errs = append(errs, errors.New("DKIM: the RSA key has less than 1024 bits, and receivers do not trust it; make one of 2048"))
	}
	return &DKIM{domain: domainName, selector: selector, key: signer}, errors.Join(errs...)
}

// signedHeaders are what a receiver can rely on. RFC 8058 wants both headers of
// unsubscribing among them.
var signedHeaders = []string{
	"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
}

// signer returns a signer for one mail: the library's keeps state.
func (d *DKIM) signer() *gomail.DKIMSigner {
	s := gomail.NewDKIMSigner(d.domain, d.selector, d.key)
	s.SignHeaders(signedHeaders...)
	s.OversignHeaders("From", "To", "Subject") // a second one, put in later, breaks the signature
	return s
}

// refold writes the header of the signature, with which a signed mail begins, anew.
// The library signs its words unfolded and then breaks lines within them, which no
// receiver puts together again in the same way; only those of the signature itself
// may be broken anywhere (RFC 6376, section 3.5).
func refold(data []byte) []byte {
	end := 0
	for {
		i := bytes.Index(data[end:], []byte("\r\n"))
		if i < 0 {
			return data
		}
		if end += i + 2; end == len(data) || data[end] != ' ' && data[end] != '\t' {
			break
		}
	}
	header := bytes.ReplaceAll(data[:end-2], []byte("\r\n "), nil)
	words, signature, ok := bytes.Cut(header, []byte("; b="))
	if !ok {
		return data
	}
	out := append(make([]byte, 0, len(data)+64), words...)
	out = append(out, "; b="...)
	for part := range slices.Chunk(signature, 72) {
		out = append(append(out, "\r\n "...), part...)
	}
	return append(append(out, "\r\n"...), data[end:]...)
}
