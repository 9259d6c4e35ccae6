package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// stateWords are the states of deliveries in words.
var stateWords = map[jobs.DeliveryState]string{
	jobs.DeliveryWaiting: "waiting", jobs.DeliveryTrying: "being tried", jobs.DeliverySent: "sent", jobs.DeliveryRefused: "refused",
	jobs.DeliveryBounced: "bounced", jobs.DeliverySuppressed: "suppressed", jobs.DeliveryInDoubt: "in doubt", jobs.DeliveryGivenUp: "given up",
}

// A mailReport says what became of a mailing; its JSON names are an interface.
type mailReport struct {
	Job        string                     `json:"job"`
	Mailing    string                     `json:"mailing,omitempty"`
	State      jobs.MailingState          `json:"state"`
	Created    time.Time                  `json:"created"`
	Confirmed  int                        `json:"confirmed"`
	Counts     map[jobs.DeliveryState]int `json:"counts"`
	Next       *time.Time                 `json:"next,omitempty"`
	Deliveries []deliveryLine             `json:"deliveries,omitempty"`
}

// A deliveryLine is one delivery in a report.
type deliveryLine struct {
	ID        string             `json:"id"`
	Serial    string             `json:"serial"`
	Recipient string             `json:"recipient"`
	State     jobs.DeliveryState `json:"state"`
	Code      int                `json:"code,omitempty"`
	Answer    string             `json:"answer,omitempty"`
	Tries     int                `json:"tries"`
	Next      *time.Time         `json:"next,omitempty"`
	Changed   time.Time          `json:"changed"`
}

func newMailReport(ctx context.Context, db *ledger.DB, m jobs.Mailing) (*mailReport, error) {
	counts, err := db.DeliveryCounts(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	next, err := db.NextDue(ctx, m.ID)
	r := &mailReport{Job: m.Job, Mailing: m.Name, State: m.State, Created: m.Created, Confirmed: m.Confirmed, Counts: counts}
	if !next.IsZero() {
		r.Next = &next
	}
	return r, err
}

// open reports whether there is something left that a person may want to look at.
func (r *mailReport) open() bool {
	for state, n := range r.Counts {
		if n > 0 && state != jobs.DeliverySent && state != jobs.DeliverySuppressed && state != jobs.DeliveryBounced {
			return true
		}
	}
	return false
}

func (r *mailReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	name := ""
	if r.Mailing != "" {
		name = fmt.Sprintf(" %q", r.Mailing)
	}
	total := 0
	for _, n := range r.Counts {
		total += n
	}
	fmt.Fprintf(w, "mailing%s of job %q, %s: %s\n", name, r.Job, r.State, count(total, "mail"))
	for _, state := range jobs.DeliveryStates {
		if n := r.Counts[state]; n > 0 {
			fmt.Fprintf(w, "  %s %s\n", thousands(n), stateWords[state])
		}
	}
	if r.Next != nil && r.State == jobs.MailingOpen {
		fmt.Fprintf(w, "  the next is due %s; run the command again then, or let passmill serve do it\n", r.Next.Local().Format("2006-01-02 15:04:05"))
	}
	return r.printList(w)
}

// printList prints the mails that were asked for. What no server has said has no code.
func (r *mailReport) printList(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range r.Deliveries {
		answer := d.Answer
		if d.Code != 0 {
			answer = fmt.Sprintf("%d %s", d.Code, d.Answer)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", visible(d.Serial), visible(d.Recipient), stateWords[d.State], d.Changed.Local().Format("2006-01-02 15:04"), visible(answer))
	}
	return table.Flush()
}

type mailStatusCommand struct {
	Job     string   `arg:"" help:"The job."`
	Mailing string   `placeholder:"NAME" help:"Another mailing than the job's first."`
	List    []string `placeholder:"STATE" help:"List the mails in this state: waiting, sent, refused, bounced, suppressed, in_doubt, given_up; may be repeated."`
	JSON    bool     `help:"Print one JSON object."`
}

// Run tells.
func (c *mailStatusCommand) Run(ctx context.Context, std streams, all *commands) error {
	return withMailing(ctx, c.Job, c.Mailing, all.Database, func(db *ledger.DB, m jobs.Mailing) error {
		r, err := newMailReport(ctx, db, m)
		if err != nil {
			return err
		}
		for _, state := range c.List {
			if stateWords[jobs.DeliveryState(state)] == "" {
				return status{exitUsage, fmt.Errorf("--list %s: write one of waiting, sent, refused, bounced, suppressed, in_doubt, given_up", state)}
			}
			if err := r.list(ctx, db, m.ID, jobs.DeliveryState(state)); err != nil {
				return err
			}
		}
		return r.print(std.out, c.JSON)
	})
}

func (r *mailReport) list(ctx context.Context, db *ledger.DB, mailing int64, state jobs.DeliveryState) error {
	for after := ""; ; {
		page, err := db.Deliveries(ctx, mailing, state, after, mailPage)
		if err != nil {
			return err
		}
		for _, d := range page {
			after = d.ID
			line := deliveryLine{
				ID: d.ID, Serial: d.Serial, Recipient: d.Recipient, State: d.State, Code: d.Code, Answer: d.Answer, Tries: d.Tries, Changed: d.Changed,
			}
			if d.State == jobs.DeliveryWaiting {
				line.Next = &d.Next
			}
			r.Deliveries = append(r.Deliveries, line)
		}
		if len(page) < mailPage {
			return nil
		}
	}
}

// withMailing opens the ledger of a job and calls f with its mailing. The job need
// not be sound any more.
func withMailing(ctx context.Context, job, name, database string, f func(*ledger.DB, jobs.Mailing) error) (err error) {
	def, err := findJob(ctx, job, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, def.close()) }()
	space, err := def.workspace(database)
	if err != nil {
		return err
	}
	db, err := space.existing(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	m, err := db.Mailing(ctx, def.job.Name, name)
	if errors.Is(err, jobs.ErrNotFound) {
		return fmt.Errorf("nothing was mailed of job %q yet; passmill mail %s tells what would be", def.job.Name, job)
	}
	if err != nil {
		return err
	}
	return f(db, m)
}

type mailPauseCommand struct {
	Job     string `arg:"" help:"The job."`
	Mailing string `placeholder:"NAME" help:"Another mailing than the job's first."`
}

// Run pauses.
func (c *mailPauseCommand) Run(ctx context.Context, std streams, all *commands) error {
	return withMailing(ctx, c.Job, c.Mailing, all.Database, func(db *ledger.DB, m jobs.Mailing) error {
		err := db.SetMailing(ctx, m.ID, jobs.MailingPaused)
		if err == nil {
			fmt.Fprintf(std.out, "paused; passmill mail resume %s lets it go on\n", c.Job)
		}
		return err
	})
}

type mailResumeCommand mailPauseCommand

// Run lets it go on.
func (c *mailResumeCommand) Run(ctx context.Context, std streams, all *commands) error {
	return withMailing(ctx, c.Job, c.Mailing, all.Database, func(db *ledger.DB, m jobs.Mailing) error {
		if m.State != jobs.MailingPaused {
			return fmt.Errorf("the mailing is not paused, but %s", m.State)
		}
		err := db.SetMailing(ctx, m.ID, jobs.MailingOpen)
		if err == nil {
			fmt.Fprintf(std.out, "open again; passmill mail %s or passmill serve sends what is left\n", c.Job)
		}
		return err
	})
}
