package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
)

type certImportCommand struct {
	File         string `arg:"" help:"The certificate: .cer, .p12, .pfx or PEM."`
	Key          string `placeholder:"FILE" help:"The private key, if it is in a file of its own."`
	Intermediate string `placeholder:"FILE" help:"Apple's intermediate certificate, if passmill does not carry the right one."`
	PasswordFile string `placeholder:"FILE" help:"A file whose first line is the password (default: it is asked for)."`
	PasswordEnv  string `placeholder:"VARIABLE" help:"An environment variable that holds the password."`
	Tenant       string `placeholder:"NAME" help:"It belongs to this tenant, not to the account."`
	Name         string `placeholder:"NAME" help:"What to call it."`
	Comment      string `placeholder:"TEXT" help:"A comment."`
	Contact      string `placeholder:"ADDRESS" help:"Who is warned before it expires."`
	Push         bool   `help:"It is a push certificate for device management."`
	NewTopic     bool   `help:"With --push: also one of another topic than there is; every device has to be enrolled again then."`
	DryRun       bool   `help:"Say what would happen, and keep nothing."`
	Force        bool   `help:"Also one that is older than the one there is, or another team's."`
}

// Help is the end of the command's -h.
func (certImportCommand) Help() string {
	return "A certificate with the base name and team of one that is there renews it: it signs from then on, and passes stay as they are. A file that is wrong in any way changes nothing. Exit status: 0 done, 1 not done."
}

// maxImport is more than a file of certificates has.
const maxImport = 1 << 20

// Run takes a certificate in.
func (c *certImportCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	i := keyring.Import{Kind: sign.KindPass, Tenant: c.Tenant, Name: c.Name, Comment: c.Comment, Contact: c.Contact, Force: c.Force, DryRun: c.DryRun}
	if c.Push {
		i.Kind, i.NewTopic = sign.KindPush, c.NewTopic
	} else if c.NewTopic {
		return status{exitUsage, errors.New("--new-topic is for push certificates; say --push as well")}
	}
	if c.Contact != "" && !bareAddress(c.Contact) {
		return status{exitUsage, errors.New("--contact: the address must be a bare one, like wallet@example.com")}
	}
	for _, f := range []struct {
		to   *sign.File
		name string
	}{{&i.Certificate, c.File}, {&i.Key, c.Key}, {&i.Intermediate, c.Intermediate}} {
		if *f.to, err = readImport(f.name); err != nil {
			return err
		}
	}
	given := c.PasswordEnv+c.PasswordFile != ""
	if i.Password, err = c.password(); err != nil {
		return err
	}
	r, err := registryToFill(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	done, err := r.Import(ctx, i)
	if errors.Is(err, sign.ErrPassword) && !given {
		if i.Password, err = askPassword(std, c.File, err); err != nil {
			return err
		}
		done, err = r.Import(ctx, i)
	}
	if err != nil {
		return err
	}
	c.tell(std, done)
	return nil
}

// readImport reads a file that was named, with a bound on its size.
func readImport(name string) (sign.File, error) {
	if name == "" {
		return sign.File{}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return sign.File{}, noFile(name, err)
	}
	if info.Size() > maxImport || info.IsDir() {
		return sign.File{}, fmt.Errorf("%s is no certificate file: one has a few thousand bytes", name)
	}
	data, err := os.ReadFile(name)
	return sign.File{Name: filepath.Base(name), Data: data}, err
}

func (c *certImportCommand) password() (secret.Text, error) {
	switch {
	case c.PasswordEnv != "" && c.PasswordFile != "":
		return secret.Text{}, status{exitUsage, errors.New("--password-env and --password-file: give one of them")}
	case c.PasswordEnv != "":
		return passwordFromEnv(c.PasswordEnv)
	case c.PasswordFile != "":
		return passwordFromFile(c.PasswordFile)
	}
	return secret.Text{}, nil // many files have none; it is asked for if this one has
}

// askPassword asks for the password on a terminal, without showing it.
func askPassword(std streams, file string, why error) (secret.Text, error) {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return secret.Text{}, fmt.Errorf("%w\nthere is no terminal to ask for it: say --password-file FILE or --password-env VARIABLE", why)
	}
	fmt.Fprintf(std.err, "Password of %s: ", file)
	text, err := term.ReadPassword(in)
	fmt.Fprintln(std.err)
	defer clear(text)
	return secret.New(string(text)), err
}

// tell says what was done, or would be.
func (c *certImportCommand) tell(std streams, done keyring.Imported) {
	would := map[bool]string{false: "", true: "would be "}[c.DryRun]
	e := done.Entry
	switch done.Action {
	case sign.ActionAdd:
		fmt.Fprintf(std.out, "%s: %sadded%s\n", title(e), would, map[bool]string{true: " as the default"}[e.Default])
	case sign.ActionRenew:
		fmt.Fprintf(std.out, "%s: %srenewed; the one before it was valid until %s, and is kept\n", title(e), would, done.Old.Certificate.NotAfter.UTC().Format("2 January 2006"))
	default:
		fmt.Fprintf(std.out, "%s: this very certificate signs already\n", title(e))
	}
	nfc := ""
	if done.Certificate.NFC {
		nfc = ", for NFC"
	}
	key := "with its key"
	if done.Waited {
		key = "with the key that waited for it"
	}
	if e.Kind == sign.KindPush {
		fmt.Fprintf(std.out, pushRead, e.Vendor, e.BaseName, done.Certificate.NotAfter.UTC().Format("2 January 2006 15:04 MST"), cmp.Or(e.Contact, "nobody"), key)
	} else {
		fmt.Fprintf(std.out, "team %s, valid until %s%s, %s\n", e.TeamID, done.Certificate.NotAfter.UTC().Format("2 January 2006 15:04 MST"), nfc, key)
	}
	for _, note := range done.Notes {
		fmt.Fprintf(std.err, "note: %s\n", note)
	}
}
