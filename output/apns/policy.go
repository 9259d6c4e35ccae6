package apns

import (
	"time"

	"passmill/jobs"
)

// When a push is sent again.
const (
	maxPushes   = 3         // for one change: the phone may have been told not to ask
	firstRepeat = time.Hour // after the first
	laterRepeat = 24 * time.Hour
	firstRetry  = time.Minute // after a push that came to nothing; four times as long after each more
	lastRetry   = 4 * time.Hour
	haltPause   = time.Hour
)

// Bounds for tokens that Apple calls bad, and not dead since a moment: a wrong server
// or certificate makes all of them so.
const (
	doubtfulTokens = 20 // in a row that are called bad before one push is taken: then it is not the tokens
	doubtfulTries  = 3  // setbacks of a token after which it is believed even so
)

// repeat says when a push that was taken is sent again, if the phone does not ask
// before; zero for never.
func repeat(p jobs.Push, now time.Time) time.Time {
	switch tries := p.Tries + 1; {
	case p.Told >= p.Wanted || tries >= maxPushes:
		return time.Time{}
	case tries == 1:
		return now.Add(firstRepeat)
	}
	return now.Add(laterRepeat)
}

// retry says when a push that came to nothing is tried again.
func retry(p jobs.Push, a Answer, now time.Time) time.Time {
	pause := firstRetry
	for range p.Setbacks {
		if pause = min(4*pause, lastRetry); pause == lastRetry {
			break
		}
	}
	return now.Add(max(pause, a.After))
}

// hush returns when the last of the quiet hours that forbid a push end; zero if it may
// be sent now. One job that has none suffices.
func hush(p jobs.Push, quiet map[string]jobs.Quiet, now time.Time) (until time.Time) {
	for _, job := range p.Jobs {
		q := quiet[job]
		if !q.At(now) {
			return time.Time{}
		}
		if end := q.End(now); until.IsZero() || end.Before(until) {
			until = end
		}
	}
	return until
}
