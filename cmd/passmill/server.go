package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"passmill/jobs/ledger"
	"passmill/sign/keyring"
)

// Bounds of each connection. Opening a .p12 file takes up to ten seconds, and may
// have to wait for others.
const (
	readHeaderTime = 5 * time.Second
	readTime       = 15 * time.Second
	writeTime      = 60 * time.Second
	idleTime       = 60 * time.Second
	maxHeader      = 16 << 10
	stopTime       = 30 * time.Second // for what has begun when the server is told to stop
)

// A serving is the server at work.
type serving struct {
	command *serveCommand
	db      *ledger.DB
	space   workspace
	demand  *onDemand // for phones, links and pushes alike
	alerts  *keyring.Alerter
	pushes  *pushing
	notify  *notifier
	steps   *stepCounter
	log     *slog.Logger
	now     func() time.Time

	stopping atomic.Bool

	marksMu sync.Mutex
	marks   *marks // guarded by marksMu; nil until they are needed
}

// run serves until ctx ends, then lets what has begun come to its end.
func (s *serving) run(ctx context.Context) error {
	// What requests have begun goes on while the server stops.
	work, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	servers, err := s.listen(ctx, work)
	if err != nil {
		return err
	}
	tasks, err := s.tasks()
	if err != nil {
		for _, l := range servers {
			l.Listener.Close()
		}
		return err
	}
	going, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	for _, task := range tasks {
		group.Go(func() { task(going, work) })
	}
	defer s.steps.flush(context.WithoutCancel(ctx)) // what the last answers were
	late, tooLate := context.WithCancel(work)
	defer tooLate()
	context.AfterFunc(going, func() { time.AfterFunc(stopTime, tooLate) }) // beside the answers, not after them
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Wait()
	}()
	defer func() {
		stop()
		select {
		case <-ended: // a mail or push that has begun comes to its end
		case <-late.Done():
		}
		done()
		<-ended
	}()
	return s.until(ctx, work, servers)
}

// A task is something that the server does besides answering, until ctx ends. What it
// has begun by then may go on while work does.
type task func(ctx, work context.Context)

// tasks lists all. Another one is a line here.
func (s *serving) tasks() ([]task, error) {
	tasks := []task{s.warn, s.push, s.notify.run, s.mail, s.bounces, s.steps.run, s.daily}
	if s.command.NoSchedule {
		return tasks, nil
	}
	scheduler, err := s.scheduler()
	if err != nil {
		return nil, err
	}
	return append(tasks, func(ctx, _ context.Context) { scheduler.Run(ctx) }), nil
}

// until serves until ctx ends or a server fails.
func (s *serving) until(ctx, work context.Context, servers []listening) error {
	failed := make(chan error, len(servers))
	for _, l := range servers {
		go func() { failed <- l.serve() }()
	}
	var errs []error
	left := len(servers)
	select {
	case <-ctx.Done():
		s.log.InfoContext(work, "stopping")
	case err := <-failed:
		left--
		errs = append(errs, err)
	}
	s.stopping.Store(true)
	patience, cancel := context.WithTimeout(work, stopTime)
	defer cancel()
	for _, l := range servers {
		if err := l.Shutdown(patience); err != nil {
			errs = append(errs, fmt.Errorf("stop serving: %w", errors.Join(err, l.Close())))
		}
	}
	for range left {
		errs = append(errs, <-failed)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.log.InfoContext(work, "stopped")
	return nil
}

// A listening is an HTTP server with the address that it listens on.
type listening struct {
	*http.Server
	net.Listener
}

// Close closes the connections that are left.
func (l listening) Close() error { return l.Server.Close() }

// serve serves until the server is shut down.
func (l listening) serve() error {
	if err := l.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}

// Addr is the address that it listens on.
func (l listening) Addr() net.Addr { return l.Listener.Addr() }

// listen opens the addresses that there are to listen on.
func (s *serving) listen(ctx, work context.Context) (all []listening, err error) {
	defer func() {
		if err != nil {
			for _, l := range all {
				l.Listener.Close()
			}
			all = nil
		}
	}()
	world, ops, err := s.handlers(work)
	if err != nil {
		return nil, err
	}
	c := s.command
	config, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	main, err := s.open(ctx, c.Listen, world, config)
	if err != nil {
		return all, err
	}
	all = append(all, main)
	s.log.InfoContext(ctx, "serving", "address", main.Addr().String(), "tls", config != nil, "version", version())
	switch {
	case c.OpsListen != "":
		l, err := s.open(ctx, c.OpsListen, ops, nil)
		if err != nil {
			return all, err
		}
		all = append(all, l)
		s.log.InfoContext(ctx, "serving operations", "address", l.Addr().String())
	case !isLoopback(c.Listen):
		s.log.WarnContext(ctx, "no /healthz and /metrics, since they name certificates and others can reach this address; --ops-listen gives them one")
	}
	return all, nil
}

func (s *serving) open(ctx context.Context, address string, h http.Handler, config *tls.Config) (listening, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return listening{}, err
	}
	l = limitConnections(l, s.command.Proxy)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return listening{&http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}, l}, nil
}

// tlsConfig returns what HTTPS needs; nil for plain HTTP.
func (c *serveCommand) tlsConfig() (*tls.Config, error) {
	if !c.tls() {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.TLSCert, c.TLSKey, err)
	}
	// Phones speak HTTP/1.1 as well as HTTP/2, and in the former each connection is
	// one request at a time, which the bounds above are made for.
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}
