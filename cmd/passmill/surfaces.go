package main

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"passmill/output/mail"
	"passmill/sign/certapi"
	"passmill/sign/keyring"
)

// A surface is a part of what the server serves.
type surface struct {
	patterns []string
	handler  http.Handler
	ops      bool // for those who run the server: it names what strangers need not know
}

// surfaces lists all. Another one is a line here, and a package with a handler.
func (s *serving) surfaces(work context.Context, m *meters) ([]surface, error) {
	ring := newRing(work, s.db, s.space)
	read := newReader(work)
	api := certapi.API{
		Ring: func(actor string) *keyring.Ring {
			r := newRing(work, s.db, s.space)
			r.Read, r.Actor = read, actor // one reader for all, so that .p12 files are opened one at a time
			return r
		},
		Keys: s.db, Answers: s.db, Proxies: s.command.Proxy, Log: s.log, Now: s.now,
	}
	wallet, err := s.wallet(work, m)
	if err != nil {
		return nil, err
	}
	links, err := s.links(work)
	if err != nil {
		return nil, err
	}
	return append(append([]surface{
		{patterns: certapi.Patterns, handler: api.Handler()},
		{patterns: mail.Patterns, handler: s.leaving(work)},
		{patterns: []string{"GET /healthz"}, handler: s.healthz(ring), ops: true},
		{patterns: []string{"GET /readyz"}, handler: s.readyz(), ops: true},
		{patterns: []string{"GET /metrics"}, handler: promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}), ops: true},
	}, wallet...), links...), nil
}

// handlers returns what the world is served, and what those who run the server
// are: on one address if that is this machine's alone and no other is named.
func (s *serving) handlers(work context.Context) (world, ops http.Handler, err error) {
	m, err := newMeters(work, newRing(work, s.db, s.space), s)
	if err != nil {
		return nil, nil, err
	}
	worldMux, opsMux := http.NewServeMux(), http.NewServeMux()
	together := s.command.OpsListen == "" && isLoopback(s.command.Listen)
	all, err := s.surfaces(work, m)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range all {
		mux := worldMux
		if f.ops && !together {
			mux = opsMux
		}
		for _, p := range f.patterns {
			mux.Handle(p, f.handler)
		}
	}
	return s.observe(worldMux, m), s.observe(opsMux, m), nil
}
