package signtest

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"

	"passmill/sign"
)

// Issued is a pretend certificate with its key.
type Issued struct {
	Certificate  *x509.Certificate
	Key          crypto.Signer
	intermediate *x509.Certificate
}

// A Format is a form of .p12 file.
type Format int

// The forms of .p12 files: today's, with AES, and the two old ones, with triple
// DES and with RC2, as Keychain writes them.
const (
	Modern Format = iota
	LegacyDES
	LegacyRC2
)

// Identity returns the certificate, its key and the authority's intermediate,
// ready to sign.
func (i *Issued) Identity() (*sign.Identity, error) {
	m, err := i.Material()
	if err != nil {
		return nil, err
	}
	return sign.Load(m)
}

// Material returns the same as PEM files.
func (i *Issued) Material() (sign.Material, error) {
	key, err := i.KeyPEM()
	return sign.Material{
		Certificate:  sign.File{Name: "pretend.pem", Data: i.PEM()},
		Key:          sign.File{Name: "pretend-key.pem", Data: key},
		Intermediate: sign.File{Name: "pretend-wwdr.pem", Data: certificatePEM(i.intermediate)},
	}, err
}

// PEM returns the certificate in PEM form.
func (i *Issued) PEM() []byte { return certificatePEM(i.Certificate) }

// KeyPEM returns the key in PKCS #8 PEM form.
func (i *Issued) KeyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.Key)
	if err != nil {
		return nil, fmt.Errorf("pretend key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// P12 returns a .p12 file with certificate, key and intermediate.
func (i *Issued) P12(f Format, password string) ([]byte, error) {
	encoder := map[Format]*pkcs12.Encoder{Modern: pkcs12.Modern2023, LegacyDES: pkcs12.LegacyDES, LegacyRC2: pkcs12.LegacyRC2}[f]
	if encoder == nil {
		return nil, fmt.Errorf("pretend .p12 file: no format %d", f)
	}
	return encoder.Encode(i.Key, i.Certificate, []*x509.Certificate{i.intermediate}, password)
}
