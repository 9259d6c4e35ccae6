package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
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
	Job     string `placeholder:"JOB" help:"Only phones that have a pass of this job: its file, or its name."`
	Serial  string `placeholder:"SERIAL" help:"Only phones that have the pass with this serial number."`
	Waiting bool   `help:"Only phones that have not heard of everything."`
	JSON    bool   `help:"Print each phone as one JSON object on a line of its own."`
}

type devicesShow struct {
	Device string `arg:"" help:"The phone, as devices list names it, or the beginning of that."`
	JSON   bool   `help:"Print it as JSON."`
}

// Run lists phones.
func (c *devicesList) Run(ctx context.Context, std streams, all *commands) (err error) {
	_, db, err := openLedgerOf(ctx, &c.Job, all.Database)
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
		return status{exitUsage, errors.New("name the phone as passmill devices list does: an even number of digits and letters from a to f; devices list --serial SERIAL finds those with a pass")}
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
