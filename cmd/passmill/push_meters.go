package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	pushesDueMeter = prometheus.NewDesc("passmill_pushes_due", "Pushes that are due and not sent yet.", nil, nil)
	pushesAgeMeter = prometheus.NewDesc("passmill_pushes_oldest_seconds", "Since when the push that is due longest waits; 0 if none does.", nil, nil)
	haltedMeter    = prometheus.NewDesc("passmill_pushes_halted", "1 for each pass type whose pushes have stopped, since whoever pushes is refused.", []string{"type", "reason"}, nil)
)

// A pushMeter looks into the ledger whenever metrics are asked for.
type pushMeter struct {
	ctx     context.Context //nolint:containedctx // Collect takes none
	serving *serving
}

// Describe says what there is.
func (*pushMeter) Describe(to chan<- *prometheus.Desc) {
	to <- pushesDueMeter
	to <- pushesAgeMeter
	to <- haltedMeter
}

// Collect measures.
func (p *pushMeter) Collect(to chan<- prometheus.Metric) {
	for typeID, reason := range p.serving.pushes.Halted() {
		to <- prometheus.MustNewConstMetric(haltedMeter, prometheus.GaugeValue, 1, typeID, reason)
	}
	ctx, cancel := context.WithTimeout(p.ctx, scrapeTime)
	defer cancel()
	now := p.serving.now()
	b, err := p.serving.db.PushBacklog(ctx, now)
	if err != nil {
		p.serving.log.ErrorContext(ctx, "metrics without pushes", "err", err)
		return
	}
	age := 0.0
	if !b.Oldest.IsZero() {
		age = now.Sub(b.Oldest).Seconds()
	}
	to <- prometheus.MustNewConstMetric(pushesDueMeter, prometheus.GaugeValue, float64(b.Due))
	to <- prometheus.MustNewConstMetric(pushesAgeMeter, prometheus.GaugeValue, age)
}
