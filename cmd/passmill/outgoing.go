package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/mail"
	"passmill/output/qr"
)

// unsubscribePath is where links for unsubscribing are, below the public address.
const unsubscribePath = "/u/"

// passMedia is the media type of passes.
const passMedia = "application/vnd.apple.pkpass"

// qrPixels is the side of a QR code in a mail: twice what it is shown at.
const qrPixels = 360

// linked reports whether the passes of a job have links.
func linked(job *jobs.Job) bool { return job.Links.Kind != "" }

// An outgoing writes the mails of mailings and sends them.
type outgoing struct {
	db       *ledger.DB
	box      *mailbox
	set      mailingSettings
	window   mail.Window
	public   string // address of the server; empty if it is unknown
	marks    *marks
	ondemand *onDemand

	mu      sync.Mutex
	letters map[jobs.Hash]*mail.Letters // guarded by mu
}

// outgoing opens what it takes to send mails of a workspace.
func (w workspace) outgoing(ctx context.Context, db *ledger.DB) (*outgoing, error) {
	set, err := w.settings()
	if err != nil {
		return nil, err
	}
	o := &outgoing{db: db, set: set.Mailing, ondemand: newOnDemand(db, w), letters: map[jobs.Hash]*mail.Letters{}}
	var errs []error
	if o.window, err = set.Mailing.check(); err != nil {
		errs = append(errs, err)
	}
	if o.box, err = w.mailbox(); err == nil && o.box == nil {
		err = fmt.Errorf("%s does not say which server takes mails; write mail: {server: smtp.example.com:465, from: Shop <shop@example.com>, user: …, passwordFile: …} into it", w.path(settingsFile))
	}
	errs = append(errs, err)
	if set.PublicURL != "" {
		o.public, err = w.public()
		errs = append(errs, err)
	}
	if o.marks, err = openMarks(ctx, w); err != nil {
		errs = append(errs, fmt.Errorf("mail: addresses are kept as keyed hashes only: %w", err))
	}
	return o, errors.Join(errs...)
}

// meant returns the mailing that a job means.
func meant(job *jobs.Job, name string) jobs.Mailing {
	return jobs.Mailing{Job: job.Name, Name: name, Language: job.Mail.Language, Attach: job.Mail.Attach, Links: linked(job)}
}

// offers says what mails of a job can point at.
func (o *outgoing) offers(m jobs.Mailing) mail.Offers {
	return mail.Offers{Link: m.Links, Attached: m.Attach, Unsubscribe: o.public != ""}
}

// kept returns the letters that the ledger keeps for a mailing.
func (o *outgoing) kept(ctx context.Context, m jobs.Mailing) (*mail.Letters, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l := o.letters[m.Letters]; l != nil {
		return l, nil
	}
	_, files, err := o.db.TemplateFiles(ctx, m.Letters)
	if err != nil {
		return nil, err
	}
	delete(files, lettersMark)
	l, err := mail.ParseLetters(files, o.offers(m))
	if err == nil {
		o.letters[m.Letters] = l
	}
	return l, err
}

// sender returns what sends a mailing.
func (o *outgoing) sender(m jobs.Mailing) *mail.Sender {
	connections := o.set.Connections
	if connections == 0 {
		connections = defaultConnections
	}
	return &mail.Sender{
		Server: o.box.server, Outbox: o.db, Connections: connections, Pace: o.set.Pace, PerDomain: o.set.PerDomain, Window: o.window,
		Compose: func(ctx context.Context, d jobs.Delivery) (mail.Message, error) {
			letters, err := o.kept(ctx, m)
			if err != nil {
				return mail.Message{}, err
			}
			return o.compose(ctx, letters, m, d)
		},
	}
}

// compose writes the mail of a delivery. One without an id is a trial, from which
// nobody can unsubscribe.
func (o *outgoing) compose(ctx context.Context, letters *mail.Letters, m jobs.Mailing, d jobs.Delivery) (msg mail.Message, err error) {
	texts := map[string]string{}
	for v, err := range jobs.NamedValues(d.Values) {
		if err != nil {
			return msg, err
		}
		texts[jobs.FoldName(v.Name)] = v.Text
	}
	p := mail.Particulars{
		ID: d.ID + "@" + o.box.domain, To: d.Recipient, From: o.box.from, Date: time.Now(), Language: texts[jobs.FoldName(m.Language)],
		Value: func(name string) string { return texts[jobs.FoldName(name)] },
	}
	if o.set.Bounces != "" {
		p.Return = verp(o.set.Bounces, d.ID)
	}
	if m.Links {
		if p.Link, err = o.ondemand.Link(ctx, d.TypeID, d.Serial); err != nil {
			return msg, fmt.Errorf("link to a pass: %w", err)
		}
	}
	if o.public != "" {
		p.Unsubscribe = o.public + unsubscribePath + o.marks.mark(d.ID)
	}
	if m.Attach {
		pass, err := o.ondemand.Press(ctx, d.TypeID, d.Serial)
		if err != nil {
			return msg, err
		}
		p.Pass = &mail.File{Name: "pass.pkpass", Type: passMedia, Data: pass.Data}
	}
	return letters.Compose(p, func(text string) ([]byte, error) { return qr.PNG(text, qrPixels) })
}

// verp puts a delivery into the address to which it comes back:
// bounces+DELIVERY@example.com.
func verp(address, delivery string) string {
	at := strings.LastIndexByte(address, '@')
	return address[:at] + "+" + delivery + address[at:]
}
