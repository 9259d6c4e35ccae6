package ledger

import (
	"context"
	"fmt"

	"passmill/jobs"
)

// SettlePushes writes down what became of claimed pushes. What is no longer the
// caller's, since the claim has ended or the pass has changed again, stays as it is;
// but a token is dropped whoever finds it dead, unless it was registered since.
func (d *DB) SettlePushes(ctx context.Context, results []jobs.PushResult) error {
	err := d.write(ctx, stepPushSettle, func(t *tx) error {
		if _, err := t.lockCounter(ctx); err != nil {
			return err
		}
		if err := t.dropTokens(ctx, results); err != nil {
			return err
		}
		return t.settlePushes(ctx, results)
	})
	if err != nil {
		return fmt.Errorf("record what became of pushes: %w", err)
	}
	return nil
}

// dropTokens forgets tokens that are dead.
func (t *tx) dropTokens(ctx context.Context, results []jobs.PushResult) error {
	drop := bulk{
		head: `WITH gone (device, type, token, since, answer, at) AS (`,
		row:  `(CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT))`,
		tail: `)
			UPDATE subscriptions
			SET push_token = '', due = 0, setbacks = 0, answer = gone.answer, answered = gone.at
			FROM gone
			WHERE device_id = gone.device AND type_id = gone.type AND push_token = gone.token AND token_at <= gone.since`,
	}
	var dead []jobs.PushResult
	for _, r := range results {
		if r.Outcome == jobs.PushGone {
			dead = append(dead, r)
		}
	}
	return t.insert(ctx, drop, len(dead), func(dst []any, i int) []any {
		r := &dead[i]
		since := r.Since
		if since.IsZero() {
			since = r.TokenAt // it was this very registration that is dead
		}
		return append(dst, r.Device, r.TypeID, r.Token, millis(since), r.Answer, millis(r.At))
	}, nil)
}

// settlePushes writes down the rest, and of dead tokens those that were registered
// since: they are tried again.
func (t *tx) settlePushes(ctx context.Context, results []jobs.PushResult) error {
	settle := bulk{
		head: `WITH v (device, type, claim, due, sent, setbacks, wanted, answer, at) AS (`,
		row: `(CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT),
			CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT))`,
		tail: `)
			UPDATE subscriptions
			SET due = v.due, setbacks = v.setbacks, tries = tries + v.sent,
				pushed = CASE WHEN v.sent > 0 THEN v.wanted ELSE pushed END,
				answer = CASE WHEN v.at > 0 THEN v.answer ELSE subscriptions.answer END,
				answered = CASE WHEN v.at > 0 THEN v.at ELSE answered END
			FROM v
			WHERE device_id = v.device AND type_id = v.type AND subscriptions.due = v.claim`,
	}
	return t.insert(ctx, settle, len(results), func(dst []any, i int) []any {
		r := &results[i]
		sent, setbacks, at := 0, 0, orNever(r.At)
		switch r.Outcome {
		case jobs.PushSent:
			sent = 1
		case jobs.PushBack:
			setbacks, at = r.Setbacks, 0
		default:
			setbacks = r.Setbacks + 1
		}
		return append(dst, r.Device, r.TypeID, millis(r.Claim), orNever(r.Due), sent, setbacks, r.Wanted, r.Answer, at)
	}, nil)
}
