package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"passmill/jobs"
	"passmill/output/mail"
)

// trial writes one mail, into files or to an address that was named, and no trace of
// it into the ledger; but the pass gets its link, if it had none.
func (c *mailSendCommand) trial(ctx context.Context, std streams, def definition, o *outgoing) error {
	spec := def.job.Mail
	if spec.To == "" {
		return fmt.Errorf("job %q mails nobody: write mail: {to: FIELD} into it", def.job.Name)
	}
	letters, err := def.letters(o.offers(meant(def.job, "")))
	if err != nil {
		return err
	}
	for _, note := range letters.Lint() {
		fmt.Fprintf(std.err, "note: %s\n", note)
	}
	r, err := c.somebody(ctx, def, o)
	if err != nil {
		return err
	}
	to, err := addressOf(r, spec.To)
	if err != nil {
		return err
	}
	if c.Test != "" {
		to = c.Test
	}
	d := jobs.Delivery{ID: "test-" + strings.ToLower(rand.Text()), Pass: r.Pass, TypeID: r.TypeID, Serial: r.Serial, Recipient: to, Values: r.Values}
	m, err := o.compose(ctx, letters, meant(def.job, ""), d)
	if err != nil {
		return err
	}
	if c.Test == "" {
		if mail.CheckAddress(to) != nil {
			m.To = "nobody@example.com" // a preview is possible all the same
		}
		return c.preview(std, m, o.box.server.DKIM)
	}
	if outcome, err := o.box.server.Send(ctx, m, nil); outcome != mail.Sent {
		return fmt.Errorf("send the test: %w", err)
	}
	fmt.Fprintf(std.out, "sent one mail, about pass %s, to %s\n", r.Serial, to)
	return nil
}

// somebody returns the pass of --preview, or the first of the job.
func (c *mailSendCommand) somebody(ctx context.Context, def definition, o *outgoing) (jobs.Recipient, error) {
	if c.Preview != "" {
		return o.db.Recipient(ctx, def.job.Name, c.Preview)
	}
	page, err := o.db.Recipients(ctx, def.job.Name, 0, 0, 1)
	if err == nil && len(page) == 0 {
		err = fmt.Errorf("job %q has no passes yet; run passmill make %s first", def.job.Name, c.Job)
	}
	if err != nil {
		return jobs.Recipient{}, err
	}
	return page[0], nil
}

// preview writes the mail as it would be sent, and what a browser and a plain reader
// show of it.
func (c *mailSendCommand) preview(std streams, m mail.Message, key *mail.DKIM) error {
	whole, err := m.Bytes(key)
	if err != nil {
		return err
	}
	page := m.HTML
	for _, f := range m.Inline {
		page = strings.ReplaceAll(page, "cid:"+f.Name, "data:"+f.Type+";base64,"+base64.StdEncoding.EncodeToString(f.Data))
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"mail-preview.eml", whole}, {"mail-preview.html", []byte(page)}, {"mail-preview.txt", []byte(m.Text)}} {
		path := filepath.Join(c.Out, f.name)
		if err := os.WriteFile(path, f.data, 0o600); err != nil {
			return err
		}
		fmt.Fprintln(std.out, path)
	}
	return nil
}
