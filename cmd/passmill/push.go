package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/apns"
)

type pushCommand struct {
	Job    string `xor:"which" placeholder:"JOB" help:"Push to the phones that have a pass of this job: its file, or its name."`
	Serial string `xor:"which" placeholder:"SERIAL" help:"Push to the phones that have the pass with this serial number."`
	All    bool   `xor:"which" help:"Push to all phones."`
	Now    bool   `help:"Push in quiet hours as well."`
}

// Help is the end of the command's -h.
func (pushCommand) Help() string {
	return "Pushes at once, whether anything has changed or not: each phone asks for what is new and may find nothing. It needs no running server, and one that runs goes on beside it. " +
		"passmill serve pushes by itself what changes. Apple and phones put up with few pushes for nothing. " +
		"Exit status: 0 all phones were pushed, 1 none was, 2 wrong command line, 3 some were not."
}

// pushLease is how long what is claimed by hand is kept from the server.
const pushLease = 2 * time.Minute

// Run pushes.
func (c *pushCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	if c.Job == "" && c.Serial == "" && !c.All {
		return status{exitUsage, errors.New("say to whom: --job JOB, --serial SERIAL or --all")}
	}
	space, db, err := openLedgerOf(ctx, &c.Job, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := newPushing(newOnDemand(db, space), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer p.pushers.close()
	var alarms []apns.Alarm
	p.Alarm = func(_ context.Context, a apns.Alarm) { alarms = append(alarms, a) } // it is told here and now, and not by mail
	var quiet map[string]jobs.Quiet
	if !c.Now {
		quiet = p.pushers.hours(ctx)
	}
	total := 0
	counts, err := p.Push(ctx, quiet, func(last jobs.Push) ([]jobs.Push, error) {
		if len(alarms) > 0 {
			return nil, nil
		}
		list, err := c.claim(ctx, db, last, len(quiet) > 0)
		total += len(list)
		return list, err
	})
	if err != nil {
		return err
	}
	return c.report(std, total, counts, alarms)
}

// claim claims the next phones to push to.
func (c *pushCommand) claim(ctx context.Context, db *ledger.DB, last jobs.Push, quiet bool) ([]jobs.Push, error) {
	now := time.Now()
	return db.SelectPushes(ctx, jobs.PushSelection{Job: c.Job, Serial: c.Serial}, last, jobs.PushClaim{Now: now, Until: now.Add(pushLease), Limit: 200, Jobs: quiet})
}

// report says how many went where.
func (c *pushCommand) report(std streams, total int, counts map[apns.Verdict]int, alarms []apns.Alarm) error {
	sent, untried := counts[apns.OK], total
	for _, n := range counts {
		untried -= n
	}
	if total == 0 {
		fmt.Fprintln(std.out, "no phone has registered for "+c.what()+", or Apple has called all of their push tokens dead; passmill devices list shows them")
		return nil
	}
	fmt.Fprintf(std.out, "%s of %s pushed\n", thousands(sent), count(total, "phone")+choose(total, " was", " were"))
	if n := counts[apns.Gone]; n > 0 {
		fmt.Fprintf(std.out, "%s push tokens are dead, and were dropped\n", thousands(n))
	}
	if n := counts[apns.Later]; n > 0 {
		fmt.Fprintf(std.out, "%s came to nothing for now; passmill serve tries those again that have news\n", thousands(n))
	}
	if untried > 0 && len(alarms) == 0 {
		fmt.Fprintf(std.out, "%s were left out: quiet hours, or no connection; --now pushes in quiet hours as well\n", thousands(untried))
	}
	if len(alarms) > 0 {
		return status{partly(sent), errors.New(refused(alarms))}
	}
	if sent+counts[apns.Gone] < total {
		return status{partly(sent), nil}
	}
	return nil
}

func (c *pushCommand) what() string {
	switch {
	case c.Job != "":
		return "passes of this job"
	case c.Serial != "":
		return "a pass with this serial number"
	}
	return "any pass"
}

// partly is the exit status where not all was done.
func partly(done int) int {
	if done == 0 {
		return exitNotDone
	}
	return exitPartly
}

// refused says why pushes have stopped.
func refused(alarms []apns.Alarm) string {
	slices.SortFunc(alarms, func(a, b apns.Alarm) int { return strings.Compare(a.TypeID, b.TypeID) })
	var lines []string
	for _, a := range alarms {
		line := "pushes of " + a.TypeID + " are refused: " + a.Reason
		if a.Err != nil {
			line += ": " + a.Err.Error()
		}
		lines = append(lines, line+"\n"+alarmHelp(a))
	}
	return strings.Join(lines, "\n")
}
