package sign

import (
	"errors"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"passmill/sign/secret"
)

// readP12 reads a PKCS #12 file, old (RC2, triple DES) or new (AES).
func (p *parts) readP12(data []byte, password secret.Text) error {
	if err := boundP12(data); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	key, cert, chain, err := pkcs12.DecodeChain(data, password.Reveal())
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, explainP12(err))
	}
	k, err := signer(key)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.keys = append(p.keys, k)
	p.certs = append(append(p.certs, cert), chain...)
	return nil
}

// explainP12 says in words of our own why a PKCS #12 file was not read. The
// library has sentinels for the password alone; the tests notice if its other
// words change.
func explainP12(err error) error {
	var unknown pkcs12.NotImplementedError
	switch text := err.Error(); {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return fmt.Errorf("%w: give the one that was typed when the file was exported (an empty one is a password too)", ErrPassword)
	case strings.Contains(text, "private key missing"):
		return fmt.Errorf("%w: %s", ErrNoKey, exportHint)
	case strings.Contains(text, "exactly one key bag"):
		return errors.New("holds more than one private key: export the one certificate with its key")
	case strings.Contains(text, "certificate missing"):
		return errors.New("holds a private key but no certificate: " + exportHint)
	case strings.Contains(text, "no MAC in data"):
		return errors.New("is not protected by a password: give an empty password, or export it again with one")
	case errors.As(err, &unknown):
		return fmt.Errorf("is of a kind that is not supported: convert it with openssl pkcs12 -in FILE -out all.pem and openssl pkcs12 -export -in all.pem -out new.p12: %w", err)
	}
	return fmt.Errorf("is damaged: export it again: %w", err)
}
