package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/mail"
)

type mailBouncesCommand struct {
	From []string `arg:"" optional:"" help:"Files with a mail or an mbox, or folders (Maildir: what was read is moved from new to cur). Without any, standard input: for a pipe of the mail server."`

	Mailbox bool `help:"Read the mailbox that passmill.yaml names under mailing, by IMAP; what was read is marked so."`
}

// Help is the end of the command's -h.
func (mailBouncesCommand) Help() string {
	return "What is no report of a mail of this ledger is left alone. Exit status: 0 done, 1 not done."
}

// A bounceReader records what reports say.
type bounceReader struct {
	db                      *ledger.DB
	bounced, muted, ignored int
}

// Run reads.
func (c *mailBouncesCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	space, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	b := &bounceReader{db: db}
	switch {
	case c.Mailbox:
		err = b.mailbox(ctx, space)
	case len(c.From) == 0:
		err = b.file(ctx, os.Stdin)
	}
	for _, name := range c.From {
		if err = b.path(ctx, name); err != nil {
			break
		}
	}
	fmt.Fprintf(std.out, "%s bounced, %s of them suppressed; %s left alone\n", count(b.bounced, "mail"), thousands(b.muted), count(b.ignored, "other mail"))
	return err
}

// errNoMailbox means that the settings name none.
var errNoMailbox = fmt.Errorf("%s names no mailbox; write mailing: {mailbox: {server: imap.example.com:993, user: …, passwordFile: …}} into it", settingsFile)

// mailbox reads the mailbox of the workspace.
func (b *bounceReader) mailbox(ctx context.Context, space workspace) error {
	set, err := space.settings()
	if err != nil {
		return err
	}
	box, err := space.returns(set.Mailing.Mailbox)
	if err == nil && box == nil {
		err = errNoMailbox
	}
	if err != nil {
		return err
	}
	return box.Each(ctx, func(r io.Reader) error { return b.mail(ctx, r) })
}

func (b *bounceReader) path(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return noFile(name, err)
	}
	if !info.IsDir() {
		return b.open(ctx, name)
	}
	fresh := filepath.Join(name, "new")
	maildir := exists(fresh) && exists(filepath.Join(name, "cur"))
	if !maildir {
		fresh = name
	}
	entries, err := os.ReadDir(fresh)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := b.open(ctx, filepath.Join(fresh, e.Name())); err != nil {
			return err
		}
		if !maildir {
			continue
		}
		err := os.Rename(filepath.Join(fresh, e.Name()), filepath.Join(name, "cur", e.Name()+":2,S"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (b *bounceReader) open(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.file(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// file reads a mail, or the mails of an mbox.
func (b *bounceReader) file(ctx context.Context, r io.Reader) error {
	in := bufio.NewReader(r)
	if start, _ := in.Peek(5); string(start) != "From " {
		return b.mail(ctx, in)
	}
	var one bytes.Buffer
	flush := func() error {
		defer one.Reset()
		if one.Len() == 0 {
			return nil
		}
		return b.mail(ctx, &one)
	}
	for blank := true; ; {
		line, err := in.ReadBytes('\n')
		if blank && bytes.HasPrefix(line, []byte("From ")) {
			if err := flush(); err != nil {
				return err
			}
		} else if one.Len() < mail.MaxReport {
			one.Write(line)
		}
		blank = len(bytes.TrimSpace(line)) == 0
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return err
		}
	}
}

// mail reads one mail.
func (b *bounceReader) mail(ctx context.Context, r io.Reader) error {
	report, err := mail.ParseBounce(r)
	if errors.Is(err, mail.ErrNoReport) || err == nil && !report.Failed {
		b.ignored++
		return nil
	}
	if err != nil {
		return err
	}
	known := false
	for _, id := range slices.Compact(slices.Sorted(slices.Values(report.Deliveries))) {
		err := b.db.Bounce(ctx, id, report.Code, report.Words, report.Forever())
		if errors.Is(err, jobs.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		known = true
	}
	switch {
	case !known:
		b.ignored++
	case report.Forever():
		b.muted++
		fallthrough
	default:
		b.bounced++
	}
	return nil
}
