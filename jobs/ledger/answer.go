package ledger

import (
	"context"
	"fmt"

	"passmill/sign"
)

// BeginAnswer says that a request came which named itself, and returns what the
// ledger has under that name: the same request with its answer, without one if
// there is none yet, or another request. Nobody is kept waiting: two who work on
// one request at a time must come to the same end, and [DB.KeepAnswer] tells both
// what to answer. Answers that have expired by a.Created are forgotten.
func (d *DB) BeginAnswer(ctx context.Context, a sign.Answer) (kept sign.Answer, err error) {
	const (
		forget = `DELETE FROM api_answers WHERE expires <= ?`
		insert = `
			INSERT INTO api_answers (key_id, name, request, status, body, created, expires)
			VALUES (?, ?, ?, 0, ?, ?, ?)
			ON CONFLICT (key_id, name) DO NOTHING`
	)
	err = d.write(ctx, stepAnswer, func(t *tx) error {
		if _, err := t.exec(ctx, forget, millis(a.Created)); err != nil {
			return err
		}
		_, err := t.exec(ctx, insert, a.KeyID, a.Name, a.Request, []byte{}, millis(a.Created), millis(a.Expires))
		if err != nil {
			return err
		}
		kept, err = t.answer(ctx, a)
		return err
	})
	if err != nil {
		return sign.Answer{}, fmt.Errorf("note a request: %w", err)
	}
	return kept, nil
}

// KeepAnswer keeps the answer to a request, unless it has one, and returns the one
// that it has then: that is what to answer.
func (d *DB) KeepAnswer(ctx context.Context, a sign.Answer) (kept sign.Answer, err error) {
	const query = `UPDATE api_answers SET status = ?, body = ? WHERE key_id = ? AND name = ? AND status = 0`
	err = d.write(ctx, stepAnswer, func(t *tx) error {
		if _, err := t.exec(ctx, query, a.Status, notNil(a.Body), a.KeyID, a.Name); err != nil {
			return err
		}
		kept, err = t.answer(ctx, a)
		return err
	})
	if err != nil {
		return sign.Answer{}, fmt.Errorf("keep an answer: %w", err)
	}
	return kept, nil
}

// answer reads what is kept under the name of a request; if that was forgotten
// meanwhile, or its key removed, what the caller has.
func (t *tx) answer(ctx context.Context, a sign.Answer) (sign.Answer, error) {
	const query = `SELECT request, status, body, created, expires FROM api_answers WHERE key_id = ? AND name = ?`
	kept := sign.Answer{KeyID: a.KeyID, Name: a.Name}
	var created, expires int64
	found, err := t.one(ctx, []any{&kept.Request, &kept.Status, &kept.Body, &created, &expires}, query, a.KeyID, a.Name)
	if err != nil || !found {
		return a, err
	}
	kept.Created, kept.Expires = fromMillis(created), fromMillis(expires)
	return kept, nil
}
