package sign

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"

	"passmill/sign/secret"
)

// Limits on what is read, before a library sees it. A genuine .p12 has 3 to 6
// KiB; PEM files may carry a whole chain with comments.
const (
	maxP12      = 64 << 10
	maxPEM      = 256 << 10
	maxPassword = 1024
)

// A File is a file that was read by the caller.
type File struct {
	Name string // as the user knows it, for messages
	Data []byte
}

// Material is what an [Identity] is loaded from. What a file is, PKCS #12, PEM
// or DER, is told by its content, never by its name.
type Material struct {
	Certificate  File        // .p12 or .pfx, or the certificate as PEM or DER, with or without its key
	Key          File        // the private key as PEM or DER; empty if Certificate holds it
	Intermediate File        // Apple's intermediate certificate; empty to find the right one
	Password     secret.Text // of Certificate if that is a .p12, or of the key if that is encrypted
}

// Load reads an identity. It fails if a file cannot be read, the password is
// wrong ([ErrPassword]) or the key is missing ([ErrNoKey]). Whether the identity
// is fit to sign passes is for [Identity.Check] to say.
//
// Without Material.Intermediate, the intermediate certificate is the one that
// the certificate's authority key identifier names, out of those in the files
// and the one that this package embeds (WWDR G4).
func Load(m Material) (*Identity, error) { return Reader(Read).Load(m) }

// Load does what [Load] does, with a reader of its own.
func (r Reader) Load(m Material) (*Identity, error) {
	c, err := r(m.Certificate, m.Password)
	if err != nil {
		return nil, err
	}
	p := &parts{name: c.name, keyFile: c.name, certs: c.certs, keys: c.keys}
	if len(m.Key.Data) > 0 {
		k, err := r(m.Key, m.Password)
		if err != nil {
			return nil, err
		}
		p.keys, p.keyFile = k.keys, k.name
	}
	return p.identity(m.Intermediate)
}

// parts is what lies in a file: certificates and private keys in their order.
type parts struct {
	name    string // of the file
	keyFile string // of the file that the keys are from
	certs   []*x509.Certificate
	keys    []crypto.Signer
}

// read takes a file of any kind apart.
func read(f File, password secret.Text) (*parts, error) {
	p := &parts{name: f.Name, keyFile: f.Name}
	switch {
	case len(f.Data) == 0:
		return nil, fmt.Errorf("%s is empty", f.Name)
	case len(f.Data) > maxPEM:
		return nil, fmt.Errorf("%s has %d bytes: a certificate file has at most %d", f.Name, len(f.Data), maxPEM)
	case looksLikePEM(f.Data):
		return p, p.readPEM(f.Data, password)
	}
	return p, p.readDER(f.Data, password)
}

func looksLikePEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }

// readDER reads a certificate, a key or a PKCS #12 file.
func (p *parts) readDER(data []byte, password secret.Text) error {
	if cert, err := x509.ParseCertificate(data); err == nil {
		p.certs = append(p.certs, cert)
		return nil
	}
	if key, err := parseKey(data); err == nil {
		p.keys = append(p.keys, key)
		return nil
	}
	if looksLikeEncryptedKey(data) {
		key, err := decryptKey(data, password)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		p.keys = append(p.keys, key)
		return nil
	}
	if !IsP12(data) {
		return fmt.Errorf("%s is %s: give a .p12 file, or the certificate and its key as PEM files", p.name, describe(data))
	}
	if len(data) > maxP12 {
		return fmt.Errorf("%s has %d bytes: a .p12 file has at most %d; export the one certificate with its key", p.name, len(data), maxP12)
	}
	return p.readP12(data, password)
}

// IsP12 reports whether data begins like a PFX (RFC 7292, section 4): a
// sequence whose first member is the version, 3.
func IsP12(data []byte) bool {
	var pfx asn1.RawValue
	if _, err := asn1.Unmarshal(data, &pfx); err != nil {
		// A cut file still begins as a PFX does; BER has an indefinite length.
		return len(data) > 8 && data[0] == 0x30 && bytes.Contains(data[:8], []byte{2, 1, 3})
	}
	return pfx.Tag == asn1.TagSequence && bytes.HasPrefix(pfx.Bytes, []byte{2, 1, 3})
}

// describe says what a file is that is nothing we can use.
func describe(data []byte) string {
	var signed struct {
		Type asn1.ObjectIdentifier
		Rest asn1.RawValue `asn1:"optional"`
	}
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return "a zip archive"
	case bytes.Contains(data[:min(len(data), 256)], []byte("ssh-rsa ")):
		return "an SSH key"
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return "a certificate signing request: give the certificate that Apple made of it"
	}
	if _, err := asn1.Unmarshal(data, &signed); err == nil && len(signed.Type) > 0 {
		return fmt.Sprintf("an ASN.1 file of type %v, not a PKCS #12 file", signed.Type)
	}
	return "not a certificate, a key or a PKCS #12 file, or damaged"
}

// readPEM reads every certificate and key of a PEM file and passes over other
// blocks, such as the text that openssl writes between them.
func (p *parts) readPEM(data []byte, password secret.Text) error {
	for n := 1; ; n++ {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if err := p.readBlock(block, password); err != nil {
			return fmt.Errorf("%s: block %d (%s): %w", p.name, n, block.Type, err)
		}
	}
	if len(p.certs) == 0 && len(p.keys) == 0 {
		return fmt.Errorf("%s: holds no whole PEM block of a certificate or a key; the file may be cut", p.name)
	}
	return nil
}

func (p *parts) readBlock(block *pem.Block, password secret.Text) error {
	switch block.Type {
	case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("damaged certificate: %w", err)
		}
		p.certs = append(p.certs, cert)
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		key, err := readKey(block, password)
		if err != nil {
			return err
		}
		p.keys = append(p.keys, key)
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		return fmt.Errorf("this is a signing request: give the certificate that Apple made of it")
	}
	return nil
}
