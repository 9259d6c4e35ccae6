package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"os"

	"passmill/sign"
)

type certRequestCommand struct {
	PassType string `required:"" xor:"kind" placeholder:"pass.com.example.member" help:"The pass type identifier that the certificate is to be for."`
	Push     bool   `required:"" xor:"kind" help:"It is to be a push certificate for device management instead."`
	Email    string `required:"" xor:"contact" placeholder:"ADDRESS" help:"Who is warned before it expires."`
	AppleID  string `name:"apple-id" required:"" xor:"contact" placeholder:"ADDRESS" help:"With --push: the Apple ID that asks for it, and is warned before it expires."`
	Tenant   string `placeholder:"NAME" help:"It is to belong to this tenant, not to the account."`
	Name     string `placeholder:"NAME" help:"What to call it."`
	EC       bool   `name:"ec" help:"Make an EC key (P-256), which signs faster; whether Apple takes one for passes is not documented."`
	New      bool   `help:"Make a new key even if one waits for the same certificate."`
	NewTopic bool   `help:"With --push: also under another Apple ID than the certificate that there is; every device has to be enrolled again then."`
	Out      string `placeholder:"FILE|-" help:"Where to write the request (default: PASSTYPE.certSigningRequest; - is standard output)."`
}

// Help is the end of the command's -h.
func (certRequestCommand) Help() string {
	return "The private key is sealed in the ledger and never lies in a file; the request holds no secret. Exit status: 0 done, 1 not done."
}

// Run makes a key and writes its signing request.
func (c *certRequestCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	q, err := c.request()
	if err != nil {
		return err
	}
	r, err := registryToFill(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	k, waits, err := r.Request(ctx, q)
	if err != nil {
		return err
	}
	file, err := c.write(ctx, r, std, k)
	if err != nil {
		return err
	}
	c.tell(std, k, waits, file)
	return nil
}

// write puts the request where it is wanted. A file that is there is replaced only
// if it holds a request of the registry: this one, or that of an earlier certificate.
func (c *certRequestCommand) write(ctx context.Context, r *registry, std streams, k sign.Key) (file string, err error) {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: k.CSR})
	if c.Out == "-" {
		_, err := std.out.Write(text)
		return "the request", err
	}
	file = c.Out
	if file == "" {
		file = cmp.Or(c.PassType, pushFile(c.Tenant)) + ".certSigningRequest"
	}
	old, err := os.ReadFile(file)
	switch {
	case err == nil && string(old) == string(text):
		return file, nil
	case err == nil && !r.wrote(ctx, old), err != nil && !errors.Is(err, fs.ErrNotExist):
		return file, fmt.Errorf("there is another file at %s, which was not touched; the key waits in the ledger: say --out FILE to write its request", file)
	}
	return file, os.WriteFile(file, text, 0o644)
}

// wrote reports whether a file is a request that was made for a key of the registry.
func (r *registry) wrote(ctx context.Context, file []byte) bool {
	block, _ := pem.Decode(file)
	if block == nil {
		return false
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return false
	}
	id, err := sign.KeyID(csr.PublicKey)
	if err != nil {
		return false
	}
	k, err := r.Store.Key(ctx, id)
	return err == nil && bytes.Equal(k.CSR, block.Bytes)
}

// tell says what remains to be done, in the words of Apple's portal.
func (c *certRequestCommand) tell(std streams, k sign.Key, waits bool, file string) {
	made := fmt.Sprintf("made a key (%s), sealed in the ledger", k.Algorithm)
	if waits {
		made = fmt.Sprintf("a key (%s) waits for this certificate already, since %s; --new makes another", k.Algorithm, k.Created.Format("2 January 2006"))
	}
	w := std.out
	if c.Out == "-" {
		w = std.err
	}
	if c.Push {
		fmt.Fprintf(w, pushSteps, made, file, k.Contact, tenantOption(k.Tenant))
		return
	}
	fmt.Fprintf(w, `%s; its request is in %s

What remains, as Account Holder or Admin of the team:
  1. Open https://developer.apple.com/account/resources/identifiers/list/passTypeId
  2. If %[3]s is not in the list: press +, choose "Pass Type IDs", continue, and register it.
  3. Click %[3]s, then "Create Certificate".
  4. Choose the file %[2]s, and continue.
  5. Download the certificate (a file that ends in .cer).
  6. Run: passmill cert import FILE.cer
`, made, file, k.BaseName)
}

// bareAddress reports whether text is one e-mail address and nothing else.
func bareAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text
}
