package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
)

type certCheckCommand struct {
	Within string `default:"30d" placeholder:"30d" help:"How near is too near: days, or a duration such as 36h."`
	Tenant string `placeholder:"NAME" help:"Only certificates of this tenant."`
}

// Help is the end of the command's -h.
func (certCheckCommand) Help() string {
	return "Looks at enabled certificates and at Apple's intermediates that issued them. Exit status: 0 none expires within that time, 3 one does, 1 could not look."
}

// Run fails if a certificate expires soon.
func (c *certCheckCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	within, err := parseWithin(c.Within)
	if err != nil {
		return status{exitUsage, fmt.Errorf("--within: %w", err)}
	}
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	list, err := r.List(ctx, func(e sign.Entry) bool { return e.Enabled && (c.Tenant == "" || c.Tenant == e.Tenant) })
	if err != nil {
		return err
	}
	now, near := time.Now(), 0
	seen := map[string]bool{}
	for _, l := range list {
		for _, found := range expiries(l) {
			if found.NotAfter.After(now.Add(within)) || seen[l.ID+found.ID] || found.intermediate && seen[found.ID] {
				continue
			}
			seen[l.ID+found.ID], seen[found.ID] = true, true
			near++
			fmt.Fprintf(std.out, "%s %s\n", found.what, when(found.NotAfter, now))
		}
	}
	if near > 0 {
		return status{code: exitPartly}
	}
	fmt.Fprintf(std.out, "%s: none expires within %s\n", count(len(list), "certificate"), c.Within)
	return nil
}

// An expiry is something that expires.
type expiry struct {
	sign.Certificate
	what         string
	intermediate bool
}

// expiries returns the certificate of an entry that signs, and its intermediate.
func expiries(l keyring.Listed) []expiry {
	if len(l.Versions) == 0 {
		return nil
	}
	found := []expiry{{Certificate: l.Active(), what: title(l.Entry)}}
	if im, ok := l.Intermediate(); ok {
		found = append(found, expiry{Certificate: im, what: fmt.Sprintf("the intermediate certificate %q", im.Subject), intermediate: true})
	}
	return found
}

// when says how near an expiry is.
func when(at, now time.Time) string {
	if now.After(at) {
		return "expired on " + day(at)
	}
	return fmt.Sprintf("expires in %s, on %s", count(int(at.Sub(now)/(24*time.Hour)), "day"), day(at))
}

// parseWithin reads a number of days, with or without "d", or a duration.
func parseWithin(text string) (time.Duration, error) {
	if days, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil && days >= 0 && days < 100_000 {
		return time.Duration(days) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time; write 30d or 36h", text)
	}
	return d, nil
}

type certHistoryCommand struct {
	Certificate string `arg:"" optional:"" help:"Its name, its base name, or the beginning of its id; all if absent."`
	Tenant      string `placeholder:"NAME" help:"It belongs to this tenant, not to the account."`
	Limit       int    `default:"100" placeholder:"N" help:"The newest N lines (0: all)."`
	JSON        bool   `help:"Print each line as one JSON object."`
}

// A historyJSON is a line of the audit for programs.
type historyJSON struct {
	At          time.Time   `json:"at"`
	Actor       string      `json:"actor"`
	Action      sign.Action `json:"action"`
	Entry       string      `json:"id,omitempty"`
	Certificate string      `json:"certificate,omitempty"`
	Run         int64       `json:"run,omitempty"`
	Job         string      `json:"job,omitempty"`
	Detail      string      `json:"detail,omitempty"`
}

// Run prints the audit, newest first.
func (c *certHistoryCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	filter := sign.EventFilter{Limit: c.Limit}
	if c.Certificate != "" {
		e, err := r.Find(ctx, c.Tenant, c.Certificate)
		if err != nil {
			return err
		}
		filter.Entry = e.ID
	}
	events, err := r.Store.Events(ctx, filter)
	if err != nil {
		return err
	}
	for _, e := range events {
		if c.JSON {
			line, _ := json.Marshal(historyJSON{e.At, e.Actor, e.Action, e.Entry, e.Certificate, e.Run, e.Job, e.Detail}) // strings and numbers can't fail
			fmt.Fprintf(std.out, "%s\n", line)
			continue
		}
		fmt.Fprintln(std.out, eventLine(e))
	}
	return nil
}

// eventLine is a line of the audit for people.
func eventLine(e sign.Event) string {
	line := fmt.Sprintf("%s  %-12s  %s", e.At.Format("2006-01-02 15:04:05"), e.Action, visible(e.Actor))
	if e.Job != "" {
		line += ", job " + visible(e.Job)
	}
	if e.Run != 0 {
		line += fmt.Sprintf(", run %d", e.Run)
	}
	if e.Certificate != "" {
		line += ", certificate " + e.Certificate[:min(12, len(e.Certificate))]
	}
	if e.Detail != "" {
		line += ": " + e.Detail
	}
	return line
}
