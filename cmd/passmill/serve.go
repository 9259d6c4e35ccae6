package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"passmill/jobs/ledger"
)

type serveCommand struct {
	Listen     string         `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen (default: 127.0.0.1:8080)."`
	TLSCert    string         `name:"tls-cert" placeholder:"FILE" help:"Serve HTTPS with this certificate and what follows it, as PEM."`
	TLSKey     string         `name:"tls-key" placeholder:"FILE" help:"Its private key, as PEM."`
	PlainHTTP  bool           `name:"plain-http" help:"Serve plain HTTP on an address that others can reach: only where a proxy before it speaks TLS."`
	Proxy      []netip.Prefix `placeholder:"ADDRESS/BITS" help:"Believe X-Forwarded-For of a proxy at these addresses, such as 127.0.0.1/32, when callers are counted by address."`
	NoSchedule bool           `name:"no-schedule" help:"Leave the schedules of jobs to another server."`
	JobsAtOnce int            `name:"jobs-at-once" default:"1" placeholder:"N" help:"How many jobs run at once when their times come (default: 1)."`
	SlotPause  time.Duration  `hidden:"" default:"5s"` // between two looks at the clock
	SlotLease  time.Duration  `hidden:"" default:"1m"` // without a sign of life, after which a slot is taken over
	OpsListen  string         `name:"ops-listen" placeholder:"HOST:PORT" help:"Where /healthz, /readyz and /metrics are (default: with the rest if that is an address of this machine alone, else nowhere)."`
}

// Help is the end of the command's -h.
func (serveCommand) Help() string {
	return "Serves the ledger of the workspace around the current folder, and runs its jobs at the times of their schedules, until SIGTERM or SIGINT; then it answers what it has begun, and a second signal ends it at once. " +
		"It writes a line of JSON for each request to standard error. Exit status: 0 stopped, 1 not served, 2 wrong command line."
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	if err := c.check(); err != nil {
		return status{exitUsage, err}
	}
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	if !space.hasLedger() {
		return fmt.Errorf("there is no ledger at %s yet; passmill key add makes it, with the API key that is needed to use the server", space.name())
	}
	if _, err := space.keyset(); err != nil {
		return err // no certificate could be added or used
	}
	log := slog.New(slog.NewJSONHandler(std.err, nil))
	db, err := ledger.Open(ctx, space.database, ledger.Options{NoUpgrade: true, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := c.serving(ctx, db, space, log)
	if err != nil {
		return err
	}
	return s.run(ctx)
}

// serving returns the server over a ledger that is open.
func (c *serveCommand) serving(ctx context.Context, db *ledger.DB, space workspace, log *slog.Logger) (*serving, error) {
	alerts, err := newAlerter(&registry{newRing(ctx, db, space), db, space}, log)
	if err != nil {
		return nil, err
	}
	demand := newOnDemand(db, space)
	pushes, err := newPushing(demand, log)
	if err != nil {
		return nil, err
	}
	notify, err := newNotifier(db, space, log)
	if err != nil {
		return nil, err
	}
	steps := &stepCounter{keep: db.AddFunnel, now: time.Now, log: log}
	return &serving{command: c, db: db, space: space, demand: demand, alerts: alerts, pushes: pushes, notify: notify, steps: steps, log: log, now: time.Now}, nil
}

// check refuses what would serve keys and passwords in the clear.
func (c *serveCommand) check() error {
	var errs []error
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key: give both, or none"))
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		errs = append(errs, errors.New("--listen: write HOST:PORT, such as 127.0.0.1:8080 or :8443"))
	} else if !c.tls() && !c.PlainHTTP && !isLoopback(c.Listen) {
		errs = append(errs, fmt.Errorf("--listen %s can be reached from elsewhere, and API keys, certificates and passwords would go there in the clear: "+
			"say --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that speaks TLS; --plain-http if such a proxy is on another machine", c.Listen))
	}
	if c.JobsAtOnce < 1 && !c.NoSchedule {
		errs = append(errs, errors.New("--jobs-at-once: must be at least 1; --no-schedule runs none"))
	}
	if c.OpsListen != "" {
		if _, _, err := net.SplitHostPort(c.OpsListen); err != nil {
			errs = append(errs, errors.New("--ops-listen: write HOST:PORT, such as 127.0.0.1:8081"))
		}
	}
	return errors.Join(errs...)
}

func (c *serveCommand) tls() bool { return c.TLSCert != "" }

// isLoopback reports whether only this machine reaches an address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
