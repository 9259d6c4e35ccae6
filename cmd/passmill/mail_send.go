package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// The mail command and what it does about the mails of a job.
type mailCommand struct {
	Send    mailSendCommand    `cmd:"" default:"withargs" help:"Mail the passes of a job to their holders."`
	Status  mailStatusCommand  `cmd:"" help:"Say what became of the mails of a job, of each one if asked."`
	Pause   mailPauseCommand   `cmd:"" help:"Stop a mailing: no mail is begun after it."`
	Resume  mailResumeCommand  `cmd:"" help:"Let a mailing that was paused go on."`
	Bounces mailBouncesCommand `cmd:"" help:"Read reports of mails that came back."`
}

type mailSendCommand struct {
	Job     string `arg:"" help:"The job, whose passes were made (passmill make)."`
	Confirm *int   `placeholder:"COUNT" help:"Send, since you know that it is so many mails. Without it, the number is told and nothing is sent."`
	Mailing string `placeholder:"NAME" help:"Another mailing than the job's first: everybody gets one mail of each."`
	Preview string `placeholder:"SERIAL" help:"Write the mail about this pass into files, and send nothing."`
	Out     string `default:"." placeholder:"DIR" help:"Where --preview writes (default: here)."`
	Test    string `placeholder:"ADDRESS" help:"Send one mail to this address and to nobody else: that about the pass of --preview, or about some pass."`
	Resend  string `placeholder:"in_doubt|refused|given_up" help:"Let the mails that are in this state wait again, by your decision; then they are sent as all others. Those in doubt may arrive twice."`
	Wait    bool   `help:"Stay until every mail is settled: those that the server put off are tried for five days."`
	JSON    bool   `help:"Print one JSON object."`
}

// Help is the end of the command's -h.
func (mailSendCommand) Help() string {
	return "Killed, it goes on where it was; nobody gets two, nobody is left out. passmill serve sends what is left as well. " +
		"Exit status: 0 done, 1 not done, 2 wrong command line, 3 some mails were refused, are in doubt or still wait."
}

// openMailing opens a job and what sends its mails.
func openMailing(ctx context.Context, name, database string) (def definition, o *outgoing, closing func() error, err error) {
	if def, err = findJob(ctx, name, database); err != nil {
		return def, nil, nil, err
	}
	var db *ledger.DB
	space, err := def.workspace(database)
	if err == nil {
		db, err = space.existing(ctx)
	}
	if err != nil {
		return def, nil, nil, errors.Join(err, def.close())
	}
	closing = func() error { return errors.Join(db.Close(), def.close()) }
	if o, err = space.outgoing(ctx, db); err != nil {
		return def, nil, nil, errors.Join(err, closing())
	}
	return def, o, closing, nil
}

// Run mails, or tells what would be mailed.
func (c *mailSendCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	def, o, closing, err := openMailing(ctx, c.Job, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	if c.Test != "" || c.Preview != "" {
		return c.trial(ctx, std, def, o)
	}
	if c.Resend != "" {
		return c.resend(ctx, std, def, o)
	}
	unlock, err := o.db.LockJob(ctx, def.job.Name) // what is confirmed must not change meanwhile
	if err != nil {
		return err
	}
	p, err := planMailing(ctx, o, def, c.Mailing)
	agreed := err == nil && c.Confirm != nil && p.confirmed(*c.Confirm)
	if agreed {
		err = p.prepare(ctx, *c.Confirm)
	}
	if err = errors.Join(err, unlock()); err != nil {
		return err
	}
	if !agreed {
		return c.unconfirmed(std, p)
	}
	return c.send(ctx, std, o, p.mailing)
}

// unconfirmed tells what would be sent.
func (c *mailSendCommand) unconfirmed(std streams, p *mailPlan) error {
	if c.JSON {
		if err := json.NewEncoder(std.out).Encode(struct {
			Mails int `json:"mails"`
			*mailPlan
		}{p.Mails(), p}); err != nil {
			return err
		}
	} else {
		p.print(std.out)
	}
	again := fmt.Sprintf("passmill mail %s --confirm %d", c.Job, p.Mails())
	if c.Mailing != "" {
		again += " --mailing " + c.Mailing
	}
	switch {
	case c.Confirm != nil:
		return fmt.Errorf("nothing was sent: --confirm %d is not the number of mails, which is %d; if that is right, run %s", *c.Confirm, p.Mails(), again)
	case p.Mails() > 0 && !c.JSON:
		fmt.Fprintf(std.out, "nothing was sent; to send them, run %s\n", again)
	}
	return nil
}

// send sends what is due, and tells what came of it.
func (c *mailSendCommand) send(ctx context.Context, std streams, o *outgoing, m jobs.Mailing) (err error) {
	unlock, err := o.db.LockMailing(ctx, m.ID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	s := o.sender(m)
	told := newMailTeller(std.err)
	s.Told = told.tell
	for {
		if err = s.Run(ctx, m.ID); err != nil {
			break
		}
		var next time.Time
		if next, err = o.db.NextDue(ctx, m.ID); err != nil || next.IsZero() || !c.Wait {
			break
		}
		if err = waitUntil(ctx, later(next, o.window.Opens(time.Now()))); err != nil {
			break
		}
	}
	report, reportErr := newMailReport(context.WithoutCancel(ctx), o.db, m)
	if reportErr != nil {
		return errors.Join(err, reportErr)
	}
	if printErr := report.print(std.out, c.JSON); printErr != nil || err != nil {
		return errors.Join(err, printErr)
	}
	if report.open() {
		return status{code: exitPartly}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// waitUntil waits, and looks up now and then: somebody may let mails wait again.
func waitUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(max(time.Until(t), time.Second), time.Minute)):
		return nil
	}
}

func (c *mailSendCommand) resend(ctx context.Context, std streams, def definition, o *outgoing) error {
	m, err := o.db.Mailing(ctx, def.job.Name, c.Mailing)
	if err != nil {
		return err
	}
	unlock, err := o.db.LockMailing(ctx, m.ID)
	if err != nil {
		return err
	}
	n, err := c.again(ctx, o, m)
	if err = errors.Join(err, unlock()); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s that were %s wait again\n", count(int(n), "mail"), stateWords[jobs.DeliveryState(c.Resend)])
	if c.Confirm == nil || n == 0 {
		return nil
	}
	return c.send(ctx, std, o, m)
}

// again lets mails wait again; none if another number was confirmed, since a server would
// send them.
func (c *mailSendCommand) again(ctx context.Context, o *outgoing, m jobs.Mailing) (int64, error) {
	state := jobs.DeliveryState(c.Resend)
	if c.Confirm != nil {
		counts, err := o.db.DeliveryCounts(ctx, m.ID)
		if err != nil {
			return 0, err
		}
		if n := counts[state]; n != *c.Confirm {
			return 0, fmt.Errorf("nothing was changed: --confirm %d is not the number of mails that are %s, which is %d", *c.Confirm, c.Resend, n)
		}
	}
	return o.db.Resend(ctx, m.ID, state)
}

// A mailTeller shows how far a mailing is, a line now and then.
type mailTeller struct {
	w      io.Writer
	counts map[jobs.DeliveryState]int
	last   time.Time
}

func newMailTeller(w io.Writer) *mailTeller {
	return &mailTeller{w: w, counts: map[jobs.DeliveryState]int{}, last: time.Now()}
}

// tell counts; it is called by one goroutine at a time.
func (t *mailTeller) tell(d jobs.Delivery, c jobs.DeliveryChange) {
	if c.Tried {
		t.counts[c.State]++
	}
	if time.Since(t.last) < 10*time.Second {
		return
	}
	t.last = time.Now()
	fmt.Fprintf(t.w, "%s sent, %s put off, %s refused, %s in doubt\n", thousands(t.counts[jobs.DeliverySent]),
		thousands(t.counts[jobs.DeliveryWaiting]), thousands(t.counts[jobs.DeliveryRefused]), thousands(t.counts[jobs.DeliveryInDoubt]))
}
