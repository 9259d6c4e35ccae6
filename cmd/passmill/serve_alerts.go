package main

import (
	"context"
	"errors"
	"time"
)

// alertPause is how often a server looks for certificates that expire soon. The
// steps are days, and each is given once, however often it is asked.
const alertPause = time.Hour

// warn warns of certificates that expire soon, at once and then every hour, until
// ctx ends. What it has begun by then goes on while work does.
func (s *serving) warn(ctx, work context.Context) {
	pause := time.NewTicker(alertPause)
	defer pause.Stop()
	for {
		if _, err := s.alerts.Run(work); err != nil && !errors.Is(err, context.Canceled) {
			s.log.ErrorContext(work, "warnings of certificates that expire", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}
