package sign

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/youmark/pkcs8"

	"passmill/sign/secret"
)

const convertHint = "make a .p12 of it with: openssl pkcs12 -export -in CERTIFICATE.pem -inkey KEY.pem -out pass.p12"

// readKey reads the private key of a PEM block, also one that is encrypted: in
// PKCS #8 form, or in the old form of OpenSSL, which says so in its header.
func readKey(block *pem.Block, password secret.Text) (crypto.Signer, error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return decryptKey(block.Bytes, password)
	case block.Headers["DEK-Info"] != "":
		if password.Reveal() == "" {
			return nil, needsPassword()
		}
		// The form has no checksum, for which the library deprecates it: it is
		// read here since files of it are about, and never written.
		der, err := x509.DecryptPEMBlock(block, []byte(password.Reveal())) //lint:ignore SA1019 see above
		if errors.Is(err, x509.IncorrectPasswordError) {
			return nil, wrongPassword()
		}
		if err != nil {
			return nil, fmt.Errorf("the key is encrypted in a way that is not supported: %s", convertHint)
		}
		key, err := parseKey(der)
		if err != nil {
			return nil, wrongPassword() // what a wrong password yields may look whole
		}
		return key, nil
	}
	return parseKey(block.Bytes)
}

func needsPassword() error {
	return fmt.Errorf("%w: the key is encrypted, and no password was given", ErrPassword)
}

func wrongPassword() error {
	return fmt.Errorf("%w: give the one that the key was encrypted with", ErrPassword)
}

// looksLikeEncryptedKey reports whether data is an EncryptedPrivateKeyInfo (RFC
// 5958): an algorithm and an octet string.
func looksLikeEncryptedKey(data []byte) bool {
	var info struct {
		Algorithm struct {
			Type   asn1.ObjectIdentifier
			Params asn1.RawValue `asn1:"optional"`
		}
		Data []byte
	}
	rest, err := asn1.Unmarshal(data, &info)
	return err == nil && len(rest) == 0
}

// decryptKey opens an encrypted PKCS #8 key, after a look at what that costs.
func decryptKey(der []byte, password secret.Text) (crypto.Signer, error) {
	if err := (&walker{}).walk(der, 0); err != nil {
		return nil, fmt.Errorf("the key %w", err)
	}
	if password.Reveal() == "" {
		return nil, needsPassword()
	}
	key, err := pkcs8.ParsePKCS8PrivateKey(der, []byte(password.Reveal()))
	switch {
	case err == nil:
		return signer(key)
	case strings.Contains(err.Error(), "incorrect password"): // it has no sentinel; a test notices other words
		return nil, wrongPassword()
	case strings.Contains(err.Error(), "supported"):
		return nil, fmt.Errorf("the key is encrypted in a way that is not supported: %s", convertHint)
	}
	return nil, fmt.Errorf("the encrypted key is damaged, or the password is wrong: %s", convertHint)
}
