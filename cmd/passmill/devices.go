package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"passmill/jobs/ledger"
)

type devicesCommand struct {
	List devicesList `cmd:"" help:"List the phones that have passes, and what they have heard of."`
	Show devicesShow `cmd:"" help:"Show a phone with its passes."`
	Log  devicesLog  `cmd:"" help:"Show what phones don't like about passes or the server, and what to do."`
}

type devicesList struct {
	Job     string `placeholder:"NAME" help:"Only phones that have a pass of this job."`
	Serial  string `placeholder:"SERIAL" help:"Only phones that have the pass with this serial number."`
	Waiting bool   `help:"Only phones that have not heard of everything."`
	JSON    bool   `help:"Print each phone as one JSON object on a line of its own."`
}

type devicesShow struct {
	Device string `arg:"" help:"The phone, as devices list names it, or the beginning of that."`
	JSON   bool   `help:"Print it as JSON."`
}

// A deviceLine is a phone and a pass type of devices list --json: its names are an
// interface. Device and token are the beginnings of hashes, which open nothing.
type deviceLine struct {
	Device     string       `json:"device"`
	PassType   string       `json:"pass_type"`
	Token      string       `json:"token,omitempty"` // none if Apple called it dead
	Registered time.Time    `json:"registered"`      // when the token was, last
	Seen       time.Time    `json:"seen"`
	Passes     int          `json:"passes"`
	Wanted     int64        `json:"wanted"` // the change number that it is to hear of
	Told       int64        `json:"told"`   // the one that it has heard of
	Pushed     int64        `json:"pushed"`
	Tries      int          `json:"tries"` // pushes for wanted
	Due        *time.Time   `json:"due,omitempty"`
	Answered   *time.Time   `json:"answered,omitempty"`
	Answer     string       `json:"answer,omitempty"`
	List       []devicePass `json:"list,omitempty"`
}

type devicePass struct {
	Serial     string    `json:"serial"`
	Job        string    `json:"job"`
	Change     int64     `json:"change"`
	Registered time.Time `json:"registered"`
}

func newDeviceLine(s ledger.Subscription) deviceLine {
	return deviceLine{
		Device: s.Device, PassType: s.TypeID, Token: s.Token, Registered: s.TokenAt, Seen: s.Seen, Passes: s.Passes, Wanted: s.Wanted, Told: s.Told,
		Pushed: s.Pushed, Tries: s.Tries, Due: unlessZero(s.Due), Answered: unlessZero(s.Answered), Answer: s.Answer,
	}
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// state says in a few words where a phone stands.
func (l deviceLine) state() string {
	switch {
	case l.Told >= l.Wanted && l.Token == "":
		return "has heard of everything; its push token is dead"
	case l.Told >= l.Wanted:
		return "has heard of everything"
	case l.Token == "":
		return "has not heard of change " + fmt.Sprint(l.Wanted) + "; its push token is dead"
	case l.Answer != "":
		return fmt.Sprintf("the last push came to nothing (%s); the next is due %s", l.Answer, moment(l.Due))
	case l.Tries == 0:
		return "is to be pushed, due " + moment(l.Due)
	case l.Due == nil:
		return fmt.Sprintf("was pushed %d times and does not ask", l.Tries)
	}
	return "was pushed " + moment(l.Answered) + ", and again " + moment(l.Due) + " unless it asks"
}

func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// Run lists phones.
func (c *devicesList) Run(ctx context.Context, std streams, all *commands) (err error) {
	_, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	print := func(l deviceLine, first bool) {
		if first {
			fmt.Fprintln(table, "PHONE\tPASS TYPE\tPASSES\tSEEN\tSTATE")
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", l.Device, l.PassType, l.Passes, l.Seen.Local().Format(time.DateOnly), l.state())
	}
	if c.JSON {
		print = func(l deviceLine, _ bool) { writeLine(std.out, l) }
	}
	n, err := c.each(ctx, db, func(s ledger.Subscription, n int) { print(newDeviceLine(s), n == 0) })
	if err != nil {
		return err
	}
	if n == 0 && !c.JSON {
		fmt.Fprintln(std.out, "no such phone has registered for a pass yet")
	}
	return table.Flush()
}

// each goes through the phones page by page.
func (c *devicesList) each(ctx context.Context, db *ledger.DB, do func(s ledger.Subscription, n int)) (n int, err error) {
	var last ledger.Subscription
	for {
		page, err := db.Subscriptions(ctx, ledger.SubscriptionFilter{Job: c.Job, Serial: c.Serial, Waiting: c.Waiting}, last, 500)
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, s := range page {
			do(s, n)
			n++
		}
		last = page[len(page)-1]
	}
}

// Run shows a phone.
func (c *devicesShow) Run(ctx context.Context, std streams, all *commands) (err error) {
	prefix, err := hex.DecodeString(c.Device)
	if err != nil || len(prefix) == 0 || len(prefix) > 32 {
		return status{exitUsage, errors.New("name the phone as passmill devices list does: an even number of digits and letters from a to f")}
	}
	_, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list, err := db.Subscriptions(ctx, ledger.SubscriptionFilter{Device: prefix}, ledger.Subscription{}, 100)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("there is no such phone; passmill devices list shows all")
	}
	for _, s := range list {
		if s.DeviceID != list[0].DeviceID {
			return errors.New("more than one phone begins so; write more digits")
		}
	}
	passes, err := db.DevicePasses(ctx, list[0].DeviceID)
	if err != nil {
		return err
	}
	for _, s := range list {
		l := newDeviceLine(s)
		for _, p := range passes {
			if p.TypeID == s.TypeID {
				l.List = append(l.List, devicePass{p.Serial, p.Job, p.Change, p.Registered})
			}
		}
		if c.JSON {
			writeLine(std.out, l)
		} else {
			l.write(std.out)
		}
	}
	return nil
}

// write shows a phone and a pass type to people.
func (l deviceLine) write(w io.Writer) {
	token := l.Token
	if token == "" {
		token = "none: Apple called it dead (" + l.Answer + ")"
	}
	fmt.Fprintf(w, "phone %s, passes of type %s\n  %s\n  seen %s; push token %s, registered %s\n  to hear of change %d; has heard of %d; pushed for %d, %d times\n",
		l.Device, l.PassType, l.state(), moment(&l.Seen), token, moment(&l.Registered), l.Wanted, l.Told, l.Pushed, l.Tries)
	if l.Answered != nil {
		fmt.Fprintf(w, "  the last push was answered %s: %s\n", moment(l.Answered), l.said())
	}
	for _, p := range l.List {
		fmt.Fprintf(w, "  %s of job %s, change %d, registered %s\n", visible(p.Serial), visible(p.Job), p.Change, moment(&p.Registered))
	}
}

func (l deviceLine) said() string {
	if l.Answer == "" {
		return "taken"
	}
	return l.Answer
}

// writeLine writes v as JSON on a line of its own.
func writeLine(w io.Writer, v any) {
	_ = json.NewEncoder(w).Encode(v) // who no longer reads misses it
}
