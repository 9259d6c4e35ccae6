package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/mail"
)

// lettersMark is a file that all letters in the ledger have, beside those of the
// user.
const lettersMark = ".letters"

// mailPage is how many passes are looked at, and deliveries written, at once.
const mailPage = 1000

// A mailPlan is what a mailing of a job would come to, and its numbers.
type mailPlan struct {
	o        *outgoing
	def      definition
	name     string
	letters  *mail.Letters
	mailing  jobs.Mailing // ID 0: there is none yet
	shown    []string     // serial numbers of passes whose address can't be used, the first ones
	Passes   int          `json:"passes"`
	Fresh    int          `json:"new"`        // that are not in the mailing yet
	Waiting  int          `json:"waiting"`    // that are, and were not sent yet
	Already  int          `json:"already"`    // that are, and are settled
	Without  int          `json:"no_address"` // without an address
	Unusable int          `json:"unusable"`   // with one that no mail can be sent to
	Muted    int          `json:"suppressed"` // new ones that get no mails
}

// Mails is how many mails would be sent.
func (p *mailPlan) Mails() int { return p.Fresh + p.Waiting }

// planMailing looks at all passes of a job.
func planMailing(ctx context.Context, o *outgoing, def definition, name string) (*mailPlan, error) {
	if def.job.Mail.To == "" {
		return nil, fmt.Errorf("job %q mails nobody: write mail: {to: FIELD} into it, with the field that holds the addresses, and run passmill make again", def.job.Name)
	}
	p := &mailPlan{o: o, def: def, name: name}
	var err error
	if p.letters, err = def.letters(o.offers(meant(def.job, name))); err != nil {
		return nil, err
	}
	if def.job.Links.Kind == jobs.LinkSealed {
		return nil, fmt.Errorf("job %q has sealed links, and no passes before they are opened: write links: plain into it, or mail what passmill links %s --out FILE writes by another program", def.job.Name, def.job.Name)
	}
	if !linked(def.job) && !def.job.Mail.Attach {
		return nil, fmt.Errorf("job %q: its mails would bring no pass; write links: true into the job, or attach: true under mail", def.job.Name)
	}
	if p.mailing, err = o.db.Mailing(ctx, def.job.Name, name); err != nil && !errors.Is(err, jobs.ErrNotFound) {
		return nil, err
	}
	muted, err := o.db.Suppressions(ctx)
	if err != nil {
		return nil, err
	}
	set := make(map[[32]byte]bool, len(muted))
	for _, s := range muted {
		set[s.Address] = true
	}
	err = p.each(ctx, func(r jobs.Recipient, to string, bad bool) error {
		p.Passes++
		switch {
		case r.Mailed:
			p.Already++
		case to == "" && !bad:
			p.Without++
		case bad:
			p.Unusable++
			if len(p.shown) < 5 {
				p.shown = append(p.shown, r.Serial)
			}
		case set[o.marks.hash(to)]:
			p.Muted++
		default:
			p.Fresh++
		}
		return nil
	})
	if err != nil || p.mailing.ID == 0 {
		return p, err
	}
	counts, err := o.db.DeliveryCounts(ctx, p.mailing.ID)
	p.Waiting = counts[jobs.DeliveryWaiting] + counts[jobs.DeliveryTrying]
	p.Already = max(0, p.Already-p.Waiting)
	return p, err
}

// each calls f for every pass with its address; bad is one that can't be used.
func (p *mailPlan) each(ctx context.Context, f func(r jobs.Recipient, to string, bad bool) error) error {
	for after := int64(0); ; {
		page, err := p.o.db.Recipients(ctx, p.def.job.Name, p.mailing.ID, after, mailPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.Pass
			to, err := addressOf(r, p.def.job.Mail.To)
			if err != nil {
				return err
			}
			bad := to != "" && mail.CheckAddress(to) != nil
			if err := f(r, to, bad); err != nil {
				return err
			}
		}
		if len(page) < mailPage {
			return nil
		}
	}
}

// addressOf returns what a row has in the field with the address.
func addressOf(r jobs.Recipient, field string) (string, error) {
	for v, err := range jobs.NamedValues(r.Values) {
		if err != nil {
			return "", fmt.Errorf("row of pass %s: %w", r.Serial, err)
		}
		if jobs.FoldName(v.Name) == jobs.FoldName(field) {
			return strings.TrimSpace(v.Text), nil
		}
	}
	return "", nil
}

// print tells the plan.
func (p *mailPlan) print(w io.Writer) {
	fmt.Fprintf(w, "%s of job %q: %s would be sent\n", count(p.Passes, "pass"), p.def.job.Name, count(p.Mails(), "mail"))
	for _, line := range []struct {
		n    int
		what string
	}{
		{p.Waiting, choose(p.Waiting, "of them was confirmed before and waits", "of them were confirmed before and wait")}, {p.Already, "settled in this mailing already"}, {p.Without, "without an address"},
		{p.Unusable, "with an address that no mail can be sent to"}, {p.Muted, "suppressed: passmill suppress list"},
	} {
		if line.n > 0 {
			fmt.Fprintf(w, "  %s %s\n", thousands(line.n), line.what)
		}
	}
	if len(p.shown) > 0 {
		fmt.Fprintf(w, "  no mail can be sent to the addresses of the passes %s; write them bare, like wallet@example.com\n", strings.Join(p.shown, ", "))
	}
	for _, note := range p.letters.Lint() {
		fmt.Fprintf(w, "  note: %s\n", note)
	}
	if !p.o.offers(p.mailing).Unsubscribe {
		fmt.Fprintf(w, "  note: nobody can unsubscribe from these mails: write publicURL into %s, and let passmill serve run there\n", settingsFile)
	}
}

// confirmed reports whether a number is that of the mails, or that of a mailing that
// was interrupted.
func (p *mailPlan) confirmed(n int) bool {
	return n == p.Mails() || p.mailing.ID != 0 && p.Fresh == 0 && n == p.mailing.Confirmed
}

// prepare writes down all deliveries. It may be interrupted and done again.
func (p *mailPlan) prepare(ctx context.Context, confirmed int) error {
	db := p.o.db
	version, files := keptLetters(p.letters)
	if err := db.SaveTemplate(ctx, version, "letters", files); err != nil {
		return err
	}
	m := meant(p.def.job, p.name)
	m.Letters, m.Confirmed = version, confirmed
	m, err := db.PrepareMailing(ctx, m)
	if err != nil {
		return p.stopped(err)
	}
	p.mailing = m
	batch := make([]jobs.Delivery, 0, mailPage)
	flush := func() error {
		if err := p.giveLinks(ctx, batch); err != nil {
			return err
		}
		err := db.Intend(ctx, m.ID, batch)
		batch = batch[:0]
		return err
	}
	err = p.each(ctx, func(r jobs.Recipient, to string, bad bool) error {
		if r.Mailed || to == "" || bad {
			return nil
		}
		batch = append(batch, jobs.Delivery{ID: strings.ToLower(rand.Text()), Pass: r.Pass, TypeID: r.TypeID, Serial: r.Serial, Recipient: to, Address: p.o.marks.hash(to)})
		if len(batch) < mailPage {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	p.mailing.State = jobs.MailingOpen
	return p.stopped(db.OpenMailing(ctx, m.ID)) // somebody may have paused it meanwhile
}

// stopped says of a mailing that is paused what lets it go on.
func (p *mailPlan) stopped(err error) error {
	if errors.Is(err, jobs.ErrStopped) {
		return fmt.Errorf("the mailing is paused; passmill mail resume %s lets it go on", p.def.job.Name)
	}
	return err
}

// giveLinks gives the passes of deliveries their links, all together: one by one, each
// would cost the sync of a transaction.
func (p *mailPlan) giveLinks(ctx context.Context, list []jobs.Delivery) error {
	if !linked(p.def.job) {
		return nil
	}
	byType := map[string][]string{}
	for _, d := range list {
		byType[d.TypeID] = append(byType[d.TypeID], d.Serial)
	}
	for typeID, serials := range byType {
		if _, err := p.o.ondemand.Links(ctx, typeID, serials); err != nil {
			return err
		}
	}
	return nil
}

// keptLetters returns letters as the ledger keeps them, and their version.
func keptLetters(l *mail.Letters) (jobs.Hash, map[string][]byte) {
	files := maps.Clone(l.Files)
	if files == nil {
		files = map[string][]byte{}
	}
	files[lettersMark] = []byte("1")
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, part := range [][]byte{[]byte(name), files[name]} {
			fmt.Fprintf(sum, "%d:%s", len(part), part)
		}
	}
	return jobs.Hash(sum.Sum(nil)[:16]), files
}

var _ mail.Outbox = (*ledger.DB)(nil)
