package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"passmill/output/passkit"
)

// walletStats count where passes for phones came from.
type walletStats struct {
	stored, pressed atomic.Int64
	handler         *passkit.Handler
}

// wallet returns the web service that phones ask. Without a public address no pass
// names it, so there is none.
func (s *serving) wallet(work context.Context, m *meters) ([]surface, error) {
	if _, err := s.space.public(); err != nil {
		s.log.WarnContext(work, "no web service for phones", "err", err)
		return nil, nil
	}
	now := func() time.Time { return s.now() }
	stats := &walletStats{}
	stats.handler = passkit.Service{
		Store: s.db, Maker: newWalletMaker(s.demand, stats, now), Events: s.steps, Prefix: servicePath,
		Proxies: s.command.Proxy, Log: s.log, Now: now,
	}.Handler()
	if err := m.registry.Register(&walletMeter{ctx: work, serving: s, stats: stats}); err != nil {
		return nil, err
	}
	return []surface{{patterns: []string{servicePath + "/"}, handler: stats.handler}}, nil
}

var (
	passesMeter = prometheus.NewDesc("passmill_passes_fetched_total",
		"Passes that phones fetched, by where they came from: kept in memory, the file that a run made, pressed for it; or failed.", []string{"from"}, nil)
	devicesMeter       = prometheus.NewDesc("passmill_devices", "Devices that are registered.", nil, nil)
	registrationsMeter = prometheus.NewDesc("passmill_registrations", "Registrations: pairs of a device and a pass.", nil, nil)
)

// A walletMeter counts what phones do.
type walletMeter struct {
	ctx     context.Context //nolint:containedctx // Collect takes none
	serving *serving
	stats   *walletStats
}

// Describe says what there is.
func (*walletMeter) Describe(to chan<- *prometheus.Desc) {
	to <- passesMeter
	to <- devicesMeter
	to <- registrationsMeter
}

// Collect measures.
func (m *walletMeter) Collect(to chan<- prometheus.Metric) {
	passes := m.stats.handler.Statistics()
	for from, n := range map[string]int64{
		"memory": passes.Kept.Load(), "file": m.stats.stored.Load(), "pressed": m.stats.pressed.Load(), "failed": passes.Failed.Load(),
	} {
		to <- prometheus.MustNewConstMetric(passesMeter, prometheus.CounterValue, float64(n), from)
	}
	ctx, cancel := context.WithTimeout(m.ctx, scrapeTime)
	defer cancel()
	devices, registrations, err := m.serving.db.CountDevices(ctx)
	if err != nil {
		m.serving.log.ErrorContext(ctx, "metrics without devices", "err", err)
		return
	}
	to <- prometheus.MustNewConstMetric(devicesMeter, prometheus.GaugeValue, float64(devices))
	to <- prometheus.MustNewConstMetric(registrationsMeter, prometheus.GaugeValue, float64(registrations))
}
