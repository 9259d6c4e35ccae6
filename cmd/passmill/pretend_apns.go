package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"passmill/output/apns/pretend"
)

type pretendAPNsCommand struct {
	Listen      string  `default:"127.0.0.1:2197" placeholder:"HOST:PORT" help:"Where to listen (default: 127.0.0.1:2197)."`
	CA          string  `default:"pretend-apns.pem" placeholder:"FILE" help:"Where its own certificate is kept, which who pushes is to trust; made if it is not there (default: pretend-apns.pem)."`
	Faults      percent `default:"5%" placeholder:"SHARE" help:"The share of pushes that meet a fault, such as 5% (the default) or 0%."`
	Kinds       string  `placeholder:"KIND,…" help:"Which faults: gone, bad, busy, broken, unavailable, stall, reset, drop (default: all)."`
	GoAwayEvery int     `name:"goaway-every" default:"1000" placeholder:"N" help:"Send each connection away after so many pushes; 0 never (default: 1000)."`
	Refuse      string  `placeholder:"REASON" help:"Refuse all pushes for a reason of Apple's, such as BadCertificateEnvironment."`
	Streams     int     `default:"1000" placeholder:"N" help:"Pushes at a time on a connection (default: 1000)."`
	Seed        uint64  `default:"1" placeholder:"N" help:"Of chance: the same number gives the same faults (default: 1)."`
}

// Help is the end of the command's -h.
func (pretendAPNsCommand) Help() string {
	return "Answers pushes as Apple's server does, until SIGTERM or SIGINT, then prints what came. It takes any certificate whose pass type is the topic. " +
		"GET /listen/TOKEN streams the pushes for a device, as passmill phone hears them, GET /listen those for all, and GET /counts says what came. " +
		"Exit status: 0 stopped, 1 not served, 2 wrong command line."
}

// A percent is a share that is written in per cent.
type percent float64

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *percent) UnmarshalText(text []byte) error {
	number, ok := strings.CutSuffix(string(text), "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(share >= 0 && share <= 100) {
		return fmt.Errorf("%q is no share; write it in per cent, such as 5%%", text)
	}
	*p = percent(share / 100)
	return nil
}

// Run serves until ctx ends.
func (c *pretendAPNsCommand) Run(ctx context.Context, std streams) error {
	server, err := c.server(std)
	if err != nil {
		return status{exitUsage, err}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	certificate, err := pretend.Certificate(c.CA, hosts(l.Addr(), c.Listen), time.Now())
	if err != nil {
		l.Close()
		return err
	}
	file, err := filepath.Abs(c.CA)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Fprintf(std.out, "pretends to be Apple's push server on https://%s\nwrite into %s of who pushes: pushes: {server: \"https://%[1]s\", ca: %[3]q}\n", l.Addr(), settingsFile, file)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l, certificate) }()
	select {
	case err = <-served:
	case <-ctx.Done():
		err = errors.Join(server.Close(), <-served)
	}
	c.tell(std, server.Counts())
	return err
}

// server returns the server that the command line asks for.
func (c *pretendAPNsCommand) server(std streams) (*pretend.Server, error) {
	o := pretend.Options{
		Faults:     pretend.Faults{Share: float64(c.Faults), GoAwayEvery: c.GoAwayEvery, Seed: c.Seed},
		MaxStreams: c.Streams, Log: log.New(std.err, "", 0),
	}
	var errs []error
	if c.Kinds != "" {
		var err error
		if o.Faults.Kinds, err = pretend.ParseKinds(c.Kinds); err != nil {
			errs = append(errs, fmt.Errorf("--kinds: %w", err))
		}
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		errs = append(errs, errors.New("--listen: write HOST:PORT, such as 127.0.0.1:2197"))
	}
	if c.Streams < 1 || c.GoAwayEvery < 0 {
		errs = append(errs, errors.New("--streams is 1 at least, and --goaway-every 0"))
	}
	server := pretend.New(o)
	if !server.Refuse(c.Refuse) {
		errs = append(errs, fmt.Errorf("--refuse: Apple's server has no reason %q; one is BadCertificate", c.Refuse))
	}
	return server, errors.Join(errs...)
}

// hosts are the names that a server on an address may be called by.
func hosts(at net.Addr, asked string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	for _, address := range []string{at.String(), asked} {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err == nil && host != "" && (ip == nil || !ip.IsUnspecified()) && !slices.Contains(names, host) {
			names = append(names, host)
		}
	}
	return names
}

func (c *pretendAPNsCommand) tell(std streams, n pretend.Counts) {
	fmt.Fprintf(std.out, "%s pushes over %d connections, at most %d at a time; %d to tokens that had been called dead\n", thousands(n.Pushes), n.Connections, n.MostOpen, n.AfterDeath)
	for _, answer := range slices.Sorted(maps.Keys(n.Answers)) {
		fmt.Fprintf(std.out, "  %s %s\n", answer, thousands(n.Answers[answer]))
	}
}
