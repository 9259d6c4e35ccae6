package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// dayStats is the kind of the notices that tell what was counted on a day.
const dayStats = "stats"

const (
	dailyPause = 10 * time.Minute // between two looks whether a day has ended
	dailyGrace = 5 * time.Minute  // after its end, until every server has written down what it counted
	dailyDays  = 7                // how many days that nobody was told of are told later
)

// A dayReport is what a webhook gets of a job and day; its JSON names are an interface.
type dayReport struct {
	ID     string                  `json:"id"` // the same however often it is sent
	Type   string                  `json:"type"`
	Day    string                  `json:"day"` // UTC
	Job    string                  `json:"job"`
	Counts map[jobs.FunnelStep]int `json:"counts"`
}

// daily tells the webhook, if there is one, what was counted on each day that has ended.
func (s *serving) daily(ctx, work context.Context) {
	if s.notify.hook == nil {
		return
	}
	pause := time.NewTicker(dailyPause)
	defer pause.Stop()
	for {
		if err := s.tellDays(work, s.now()); err != nil && work.Err() == nil {
			s.log.ErrorContext(work, "counts of the day for the webhook", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// tellDays writes down the notices of the days that have ended: each once, however many
// servers do so.
func (s *serving) tellDays(ctx context.Context, now time.Time) error {
	last := now.UTC().Add(-dailyGrace).AddDate(0, 0, -1)
	counts, err := s.db.Funnel(ctx, "", last.AddDate(0, 0, 1-dailyDays).Format(time.DateOnly), last.Format(time.DateOnly))
	if err != nil {
		return err
	}
	for _, l := range byDay(counts, true) {
		r := dayReport{ID: dayID(l.day, l.job), Type: dayStats, Day: l.day, Job: l.job, Counts: map[jobs.FunnelStep]int{}}
		for _, step := range jobs.FunnelSteps {
			r.Counts[step] = l.counts[step]
		}
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		n := ledger.Notice{ID: r.ID, Kind: dayStats, Job: l.job, Body: body, Created: now.UTC(), To: []string{ledger.Webhook}}
		if err := s.db.AddNotice(ctx, n); err != nil {
			return err
		}
	}
	s.notify.wake()
	return nil
}

// dayID names the notice of a day and job, whatever characters the job's name has.
func dayID(day, job string) string {
	sum := sha256.Sum256([]byte(job))
	return fmt.Sprintf("stats-%s-%x", day, sum[:8])
}
