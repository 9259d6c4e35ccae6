package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"passmill/sign/signtest"
	"passmill/sign/verify"
	"passmill/templates"
)

type demoCommand struct {
	Dir string `default:"demo" help:"The folder to make the demo in (default: demo)."`
}

// Help is the end of the command's -h.
func (demoCommand) Help() string {
	return "Makes a workspace with a template, a workbook of 1,000 members, a pretend Apple authority and a job; makes the passes and verifies every one. Run again, it shows that nothing changed. Exit status: 0 all came out as it should."
}

const (
	demoPassword = "pretend" // of a pretend certificate; a genuine one's belongs in the environment
	demoJob      = `# A job: which rows become which passes, and where they go.
# Run it with: passmill make members.yaml
name: members
template: templates/storecard
source: {file: members.xlsx, sheet: Members}
map: {MemberID: "Member no."}     # field: header, where they differ
serial: MemberID
certificate: {p12: pretend-apple/pass.p12, passwordFile: pretend-apple/password.txt}
output: {dir: out, name: "{serial}.pkpass", bundle: FamilyID}
onError: skip                     # skip bad rows and say which; or stop; or "1%"
`
	demoSettings = "# This file marks the workspace: passmill.db lies beside it.\n"
)

// Run makes the demo.
func (c *demoCommand) Run(ctx context.Context, std streams) error {
	if err := c.prepare(std); err != nil {
		return err
	}
	job := filepath.Join(c.Dir, "members.yaml")
	fmt.Fprintf(std.out, "Making passes of %s …\n\n", filepath.Join(c.Dir, "members.xlsx"))
	made := makeCommand{Job: job}
	err := made.Run(ctx, std, &commands{})
	if s, partly := errors.AsType[status](err); err != nil && (!partly || s.code != exitPartly) {
		return err
	}
	good, bad, err := c.verify(ctx, std)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "verified: %s passes and bundled copies are good, %s would be refused by a phone that trusts the pretend authority\n", thousands(good), thousands(bad))
	if want := demoRows - demoRefused; bad > 0 || good < want {
		return fmt.Errorf("the demo foresees %d good passes and no bad one; remove %s and try again, and if that does not help, this is a bug", want, c.Dir)
	}
	c.next(std)
	return nil
}

func (c *demoCommand) next(std streams) {
	fmt.Fprintf(std.out, `
The rows that were refused are bad on purpose: each line above names the cell and how to mend it.

What lies in %[1]s:
  members.xlsx          the workbook: mend a row, or change a name
  members.yaml          the job
  templates/storecard   the template
  out                   the passes, and families of them as bundles
  pretend-apple         a pretend authority; phones refuse its passes, as they should
  passmill.db           the ledger

What to do next:
  %[2]s make %[1]s/members.yaml      only what you changed is made
  %[2]s check %[1]s/members.yaml     every problem, with the cell's value
  %[2]s verify --root %[1]s/pretend-apple/root.pem %[1]s/out
  %[2]s fsck --root %[1]s/pretend-apple/root.pem %[1]s/members.yaml
For passes that phones take, put your certificate from Apple into the job.
`, c.Dir, programName())
}

// programName is how the user can call this program again: go run removes what
// it has built.
func programName() string {
	name, err := os.Executable()
	if err != nil || strings.Contains(filepath.ToSlash(name), "/go-build") {
		return "go run ./cmd/passmill"
	}
	return os.Args[0]
}

// prepare writes the workspace. What is there already stays as it is, so that
// the user's changes are seen by the next run.
func (c *demoCommand) prepare(std streams) error {
	if err := os.MkdirAll(filepath.Join(c.Dir, "pretend-apple"), 0o755); err != nil {
		return err
	}
	if !exists(filepath.Join(c.Dir, "templates", "storecard")) {
		if err := templates.Write("storecard", filepath.Join(c.Dir, "templates", "storecard")); err != nil {
			return err
		}
	}
	if !exists(filepath.Join(c.Dir, "pretend-apple", "pass.p12")) {
		fmt.Fprintln(std.out, "Making a pretend Apple authority and a certificate …")
		if err := c.writeAuthority(); err != nil {
			return fmt.Errorf("pretend authority: %w", err)
		}
	}
	return errors.Join(
		c.write("members.xlsx", writeMembersFile),
		c.write("members.yaml", func(name string) error { return os.WriteFile(name, []byte(demoJob), 0o644) }),
		c.write(settingsFile, func(name string) error { return os.WriteFile(name, []byte(demoSettings), 0o644) }),
	)
}

func (c *demoCommand) write(name string, write func(name string) error) error {
	name = filepath.Join(c.Dir, name)
	if exists(name) {
		return nil
	}
	return write(name)
}

func writeMembersFile(name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return writeMembers(f)
}

func (c *demoCommand) writeAuthority() error {
	authority, err := signtest.NewAuthority(time.Now())
	if err != nil {
		return err
	}
	issued, err := authority.Issue(signtest.Options{TypeID: "pass.com.example.talwind", Organization: "Talwind Coffee Roasters"})
	if err != nil {
		return err
	}
	p12, err := issued.P12(signtest.Modern, demoPassword)
	if err != nil {
		return err
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Root().Raw})
	for name, data := range map[string][]byte{"root.pem": root, "password.txt": []byte(demoPassword + "\n"), "pass.p12": p12} {
		if err := os.WriteFile(filepath.Join(c.Dir, "pretend-apple", name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// verify judges everything in the output, with the pretend root trusted.
func (c *demoCommand) verify(ctx context.Context, std streams) (good, bad int, err error) {
	roots, err := trustedRoots([]string{filepath.Join(c.Dir, "pretend-apple", "root.pem")})
	if err != nil {
		return 0, 0, err
	}
	files, err := findPasses([]string{filepath.Join(c.Dir, "out")})
	if err != nil {
		return 0, 0, err
	}
	show := verdicts{w: std.out, many: true, told: map[string]bool{}}
	err = verifyFiles(ctx, files, verify.Options{Roots: roots, Chains: &verify.Chains{}}, func(v verdict) {
		if v.Good {
			good++
			return
		}
		bad++
		show.print(v)
	})
	return good, bad, err
}
