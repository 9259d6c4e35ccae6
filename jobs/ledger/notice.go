package ledger

import (
	"context"
	"fmt"
	"time"

	"passmill/jobs"
)

// A Notice is what the operator is told of a run.
type Notice struct {
	ID      string // the same however often it is sent
	Kind    string
	Job     string
	Run     int64 // 0 for none
	Body    []byte
	Created time.Time
	To      []string // mail addresses, and Webhook
}

// Webhook is the recipient of a notice that is no mail address.
const Webhook = "webhook"

// A SendingState says what became of a notice on its way to one recipient.
type SendingState string

// The states of sendings. The first three are open.
const (
	SendingWaits   SendingState = "waiting"
	SendingTried   SendingState = "trying"
	SendingDoubted SendingState = "in_doubt" // the recipient may have it or not
	SendingSent    SendingState = "sent"
	SendingRefused SendingState = "refused"
	SendingGivenUp SendingState = "given_up"
)

// A Sending is a notice on its way to one recipient.
type Sending struct {
	Notice Notice
	To     string
	State  SendingState
	Doubts int // how often it became in doubt and stayed so
	Tries  int
	Claim  int64     // of who sends it
	Due    time.Time // when it is tried next
	Answer string    // the last, in words
}

// sendingPatience is how long a sending belongs to who has claimed it.
const sendingPatience = 15 * time.Minute

// sendingFar is further ahead than any next try: a sending that is due later has a
// time of a clock that was wrong.
const sendingFar = 24 * time.Hour

// AddNotice writes a notice down, once.
func (d *DB) AddNotice(ctx context.Context, n Notice) error {
	if err := d.write(ctx, stepNotice, func(t *tx) error { return t.notice(ctx, n) }); err != nil {
		return fmt.Errorf("record a notice of job %q: %w", n.Job, err)
	}
	return nil
}

func (t *tx) notice(ctx context.Context, n Notice) error {
	const (
		notice  = `INSERT INTO notices (id, kind, job, run_id, body, created) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
		sending = `INSERT INTO notice_sendings (notice_id, recipient, state, due, changed) VALUES (?, ?, 'waiting', ?, ?) ON CONFLICT (notice_id, recipient) DO NOTHING`
	)
	at := millis(n.Created)
	if _, err := t.exec(ctx, notice, n.ID, n.Kind, n.Job, n.Run, string(n.Body), at); err != nil {
		return err
	}
	for _, to := range n.To {
		if _, err := t.exec(ctx, sending, n.ID, to, at, at); err != nil {
			return err
		}
	}
	return nil
}

const sendingColumns = `n.id, n.kind, n.job, n.run_id, n.body, n.created, s.recipient, s.state, s.doubts, s.tries, s.claim, s.due, s.answer
	FROM notice_sendings s
	JOIN notices n ON n.id = s.notice_id`

// A sendingRow is a row of the table notice_sendings, with its notice.
type sendingRow struct {
	ID      string       `db:"id"`
	Kind    string       `db:"kind"`
	Job     string       `db:"job"`
	Run     int64        `db:"run_id"`
	Body    string       `db:"body"`
	Created int64        `db:"created"`
	To      string       `db:"recipient"`
	State   SendingState `db:"state"`
	Doubts  int          `db:"doubts"`
	Tries   int          `db:"tries"`
	Claim   int64        `db:"claim"`
	Due     int64        `db:"due"`
	Answer  string       `db:"answer"`
}

func (r *sendingRow) sending() Sending {
	return Sending{
		Notice: Notice{ID: r.ID, Kind: r.Kind, Job: r.Job, Run: r.Run, Body: []byte(r.Body), Created: fromMillis(r.Created)},
		To:     r.To, State: r.State, Doubts: r.Doubts, Tries: r.Tries, Claim: r.Claim, Due: fromMillis(r.Due), Answer: r.Answer,
	}
}

// SendingsOf returns the notices of a run, one for each recipient.
func (d *DB) SendingsOf(ctx context.Context, run int64) ([]Sending, error) {
	const query = `SELECT ` + sendingColumns + ` WHERE n.run_id = ? ORDER BY n.created, s.recipient`
	return d.sendings(ctx, query, run)
}

// DueSendings returns the sendings that somebody should try now, oldest first: those
// that wait, and those whose sender gave no word for a quarter of an hour.
func (d *DB) DueSendings(ctx context.Context, now time.Time) ([]Sending, error) {
	const query = `SELECT ` + sendingColumns + `
		WHERE s.state IN ('waiting', 'trying', 'in_doubt') AND (s.due <= ? OR s.due > ?)
		ORDER BY s.due, n.id
		LIMIT 100`
	return d.sendings(ctx, query, millis(now), millis(now.Add(sendingFar)))
}

func (d *DB) sendings(ctx context.Context, query string, args ...any) ([]Sending, error) {
	var rows []sendingRow
	if err := d.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	list := make([]Sending, len(rows))
	for i := range rows {
		list[i] = rows[i].sending()
	}
	return list, nil
}

// ClaimSending makes a sending that was read as due this caller's. One that somebody
// else has claimed since is [jobs.ErrFenced].
func (d *DB) ClaimSending(ctx context.Context, s Sending, now time.Time) (Sending, error) {
	s.Tries++
	s.Claim++
	s.Due = now.Add(sendingPatience)
	if s.State != SendingDoubted {
		s.State = SendingTried
	}
	return s, d.setSending(ctx, s, s.Claim-1, now)
}

// SetSending writes down what becomes of a sending, for who has claimed it. If
// somebody else has since, that is [jobs.ErrFenced].
func (d *DB) SetSending(ctx context.Context, s Sending, now time.Time) error {
	return d.setSending(ctx, s, s.Claim, now)
}

func (d *DB) setSending(ctx context.Context, s Sending, claim int64, now time.Time) error {
	const query = `
		UPDATE notice_sendings
		SET state = ?, doubts = ?, tries = ?, claim = ?, due = ?, answer = ?, changed = ?
		WHERE notice_id = ? AND recipient = ? AND claim = ? AND state IN ('waiting', 'trying', 'in_doubt')`
	err := d.write(ctx, stepNotice, func(t *tx) error {
		n, err := t.affect(ctx, query, string(s.State), s.Doubts, s.Tries, s.Claim, millis(s.Due), s.Answer, millis(now), s.Notice.ID, s.To, claim)
		if err == nil && n == 0 {
			err = jobs.ErrFenced
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("record the sending of notice %s: %w", s.Notice.ID, err)
	}
	return nil
}
