package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"passmill/sign/keyring"
)

// scrapeTime is how long a look into the ledger may take.
const scrapeTime = 10 * time.Second

// meters are the metrics of the server, in a registry of their own.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
}

func newMeters(ctx context.Context, ring *keyring.Ring, s *serving) (*meters, error) {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "passmill_http_requests_total", Help: "Requests by the pattern that they fit, and the status of their answers.",
		}, []string{"pattern", "status"}),
	}
	for _, c := range []prometheus.Collector{
		m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&expiryMeter{ctx: ctx, ring: ring, serving: s},
		s.pushes.heard, &pushMeter{ctx: ctx, serving: s},
	} {
		if err := m.registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

var (
	daysMeter = prometheus.NewDesc("passmill_certificate_expiry_days",
		"Days until a certificate that is enabled expires; less than zero if it has.", []string{"base_name", "team", "tenant", "kind"}, nil)
	upMeter = prometheus.NewDesc("passmill_ledger_up", "1 if the ledger answered.", nil, nil)
)

// An expiryMeter looks into the ledger whenever metrics are asked for.
type expiryMeter struct {
	ctx     context.Context //nolint:containedctx // Collect takes none
	ring    *keyring.Ring
	serving *serving
}

// Describe says what there is.
func (*expiryMeter) Describe(to chan<- *prometheus.Desc) {
	to <- daysMeter
	to <- upMeter
}

// Collect measures.
func (e *expiryMeter) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(e.ctx, scrapeTime)
	defer cancel()
	list, err := watched(ctx, e.ring)
	if err != nil {
		e.serving.log.ErrorContext(ctx, "metrics without certificates", "err", err)
		to <- prometheus.MustNewConstMetric(upMeter, prometheus.GaugeValue, 0)
		return
	}
	to <- prometheus.MustNewConstMetric(upMeter, prometheus.GaugeValue, 1)
	for _, l := range list {
		days := l.Active().NotAfter.Sub(e.serving.now()).Hours() / 24
		to <- prometheus.MustNewConstMetric(daysMeter, prometheus.GaugeValue, days, l.BaseName, l.TeamID, l.Tenant, string(l.Kind))
	}
}

// watched returns the certificates that may sign, without their uses: those take a
// look at every pass.
func watched(ctx context.Context, ring *keyring.Ring) ([]keyring.Listed, error) {
	entries, err := ring.Store.Entries(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := ring.Store.Versions(ctx, "")
	if err != nil {
		return nil, err
	}
	var list []keyring.Listed
	for _, e := range entries {
		l := keyring.Listed{Entry: e}
		for _, v := range versions {
			if v.Entry == e.ID {
				l.Versions = append(l.Versions, v)
			}
		}
		if e.Enabled && len(l.Versions) > 0 {
			list = append(list, l)
		}
	}
	return list, nil
}
